/** Items in a row's JSON column: their ids, for deciding whether an order settles a cart, and as conditions compare them. */
import { type FoldedItem, foldedItem, type OrderItem } from '../domain/commerce/items.ts'
import { decodeJson, encodeJson, type Json } from './schema/columns.ts'

/** All ids by which the pieces of an order's items are known, in a JSON column. */
export function allItemIdsOf(items: Json<{ item_id: string; other_ids?: string[] }[]>): string[] {
  return decodeJson(items).flatMap((item) => [item.item_id, ...(item.other_ids ?? [])])
}

/** The ids of the items in a JSON column. */
export function itemIdsOf(items: Json<{ item_id: string }[]>): string[] {
  return decodeJson(items).map((item) => item.item_id)
}

/** The items in a JSON column as conditions compare them. */
export function foldedItemsOf(items: Json<OrderItem[]>): Json<FoldedItem[]> {
  return encodeJson(decodeJson(items).map(foldedItem))
}
