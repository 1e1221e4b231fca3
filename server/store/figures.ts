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

/**
 * How many events of the days since `day` (days since 1970) segments know without their details or not at all, because a
 * visitor did more different things on one day than are kept, and of how many visitors.
 */
export async function undetailedEvents(
  db: Kysely<Database>,
  day: number,
): Promise<{ events: number; visitors: number }> {
  const row = await db
    .selectFrom('visitor_days')
    .select((eb) => [eb.fn.sum<number | null>('left_out').as('events'), eb.fn.countAll<number>().as('visitors')])
    .where('day', '>=', day)
    .where('left_out', '>', 0)
    .executeTakeFirst()
  return { events: Number(row?.events ?? 0), visitors: Number(row?.visitors ?? 0) }
}
