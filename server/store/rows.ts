/** Deleting rows from the tables that the register names for it (`tables`), in its order. */
import type { Transaction } from 'kysely'
import { chunks } from './engine/many.ts'
import type { Database } from './schema.ts'
import type { TableColumn } from './tables.ts'

/** Deletes the rows of a visitor that name one of these ids in their column. */
export async function deleteOfVisitor(
  trx: Transaction<Database>,
  columns: TableColumn[],
  visitorId: string,
  ids: string[],
): Promise<void> {
  const visitor = trx.dynamic.ref<string>('visitor_id')
  for (const part of chunks(ids, 500)) {
    for (const { table, column } of columns) {
      await trx
        .deleteFrom(table)
        .where(visitor, '=', visitorId)
        .where(trx.dynamic.ref<string>(column), 'in', part)
        .execute()
    }
  }
}

/** Deletes the rows that name one of these contacts in their column. Returns how many of each table. */
export async function deleteOfContacts(
  trx: Transaction<Database>,
  columns: TableColumn[],
  contactIds: string[],
): Promise<Map<string, number>> {
  const deleted = new Map<string, number>()
  for (const { table, column } of columns) {
    const { numDeletedRows } = await trx
      .deleteFrom(table)
      .where(trx.dynamic.ref<string>(column), 'in', contactIds)
      .executeTakeFirst()
    deleted.set(table, Number(numDeletedRows))
  }
  return deleted
}
