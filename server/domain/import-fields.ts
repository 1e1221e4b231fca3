/** The fields to which a column of a file can be mapped, by the API, the command and the dashboard. */

/** By what the file holds. Any other word names an attribute of a contact; an order has none. */
export const IMPORT_FIELDS = {
  contacts: [
    ...(['id', 'email', 'email_sha256', 'phone', 'mail_consent', 'mail_refusal', 'mail_consent_at', 'minor'] as const),
    ...(['merged_into', 'updated_at', 'deleted'] as const),
  ],
  orders: [
    ...(['order_id', 'contact_id', 'email', 'at', 'time', 'total', 'currency', 'channel', 'status'] as const),
    ...(['refunded', 'tax', 'items', 'item_id', 'item_name', 'quantity', 'price', 'line_total'] as const),
    ...(['variant', 'category', 'cancelled', 'paid'] as const),
  ],
} as const
