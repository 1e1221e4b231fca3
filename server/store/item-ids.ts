/** The ids of items that a row holds as JSON, for telling whether an order settles a cart. */
export function itemIdsOf(items: string): string[] {
  return (JSON.parse(items) as { item_id: string }[]).map((item) => item.item_id)
}
