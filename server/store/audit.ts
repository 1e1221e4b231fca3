/** The audit log: a row for every write and export through a private route, and for every sign-in. */
import type { Kysely } from 'kysely'
import { encodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'

/** Records who did what. `detail` holds counts and ids, never addresses. */
export async function writeAudit(
  db: Kysely<Database>,
  row: { id: string; at: number; actor: string; action: string; detail: Record<string, unknown> },
): Promise<void> {
  await db
    .insertInto('audit')
    .values({ ...row, detail: encodeJson(row.detail) })
    .execute()
}
