/** Item ids from a row's JSON column, for deciding whether an order settles a cart. */
import { decodeJson, type Json } from './schema/columns.ts'

/** All ids by which the pieces of an order's items are known, in a JSON column. */
export function allItemIdsOf(items: Json<{ item_id: string; other_ids?: string[] }[]>): string[] {
  return decodeJson(items).flatMap((item) => [item.item_id, ...(item.other_ids ?? [])])
}

/** The ids of the items in a JSON column. */
export function itemIdsOf(items: Json<{ item_id: string }[]>): string[] {
  return decodeJson(items).map((item) => item.item_id)
}
