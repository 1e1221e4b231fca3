/** Item ids from a row's JSON column, for deciding whether an order settles a cart. */
import { decodeJson, type Json } from './schema/columns.ts'

/** The ids of the items in a JSON column. */
export function itemIdsOf(items: Json<{ item_id: string }[]>): string[] {
  return decodeJson(items).map((item) => item.item_id)
}
