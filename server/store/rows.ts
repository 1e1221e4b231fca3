/** Deletes rows from the tables and columns that the register names (`tables`), in its order. */
import type { Transaction } from 'kysely'
import { chunks } from './engine/many.ts'
import type { Database } from './schema.ts'
import type { TableColumn } from './tables.ts'

/** Deletes a visitor's rows that have one of these ids in the given columns. */
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

/** Deletes the rows that have one of these contacts in the given columns. Returns the number of rows by table. */
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
