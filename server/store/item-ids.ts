/** The ids of items that a row holds as JSON, for telling whether an order settles a cart. */
import { decodeJson, type Json } from './schema/columns.ts'
export function itemIdsOf(items: Json<{ item_id: string }[]>): string[] {
  return decodeJson(items).map((item) => item.item_id)
}
