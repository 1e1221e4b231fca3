/** Figures for operators: how much work is pending, and how much was set aside. */
import type { Kysely } from 'kysely'
import type { Database } from './schema.ts'

/** Counts the pending marks, and what could not be landed or derived. */
export async function storeFigures(db: Kysely<Database>) {
  const count = async (
    table: 'dirty_visitors' | 'dirty_persons' | 'dirty_contacts' | 'dead_letters' | 'derive_failures',
  ) =>
    Number(
      (
        await db
          .selectFrom(table)
          .select((eb) => eb.fn.countAll().as('n'))
          .executeTakeFirstOrThrow()
      ).n,
    )
  return {
    dirty: {
      visitors: await count('dirty_visitors'),
      persons: await count('dirty_persons'),
      contacts: await count('dirty_contacts'),
    },
    deadLetters: { land: await count('dead_letters'), derive: await count('derive_failures') },
  }
}
