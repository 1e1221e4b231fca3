/** Fills a journal with traffic, and checks the result. */
import type { Kysely } from 'kysely'
import { openJournal } from '../../server/journal/journal.ts'
import { type KeysOf, upsertContacts } from '../../server/store/contacts.ts'
import type { Database } from '../../server/store/schema.ts'
import { type Expected, keyOf, type Traffic } from './traffic.ts'

const DAY_MS = 24 * 3600_000

/** Requests in one row of the journal, as a busy collector groups them. */
const GROUP = 32

/** Events generated at once: bounds the benchmark's own memory. */
export const PART = 100_000

/** Fills a journal with traffic, and the store with the contacts that sign in. */
export async function writeJournal(
  file: string,
  db: Kysely<Database>,
  traffic: Traffic,
  events: number,
): Promise<void> {
  const journal = openJournal(file, { maxBytes: Number.MAX_SAFE_INTEGER, keepLandedMs: DAY_MS })
  for (let left = events; left > 0; left -= PART) {
    const { entries, contacts } = traffic.next(Math.min(PART, left))
    for (let i = 0; i < entries.length; i += GROUP) {
      const group = entries.slice(i, i + GROUP)
      const own = group.reduce((sum, entry) => sum + entry.events.length, 0)
      journal.append([{ body: JSON.stringify(group), events: own }], group.at(-1)!.received_at)
    }
    const patches = contacts.map((id) => ({ id, email: `${id}@shop.example`, mail_consent: true, updated_at: 1 }))
    const keysOf: KeysOf = ({ id, email }) => [keyOf(id), ...(email === null ? [] : [keyOf(email)])]
    await db.transaction().execute((trx) => upsertContacts(trx, patches, keysOf, Date.now() - 3 * DAY_MS))
  }
  journal.close()
}

/** Throws if the stored and derived data differ from what the traffic must produce. */
export async function check(db: Kysely<Database>, expected: Expected): Promise<void> {
  for (const table of ['events', 'persons', 'carts', 'purchases'] as const) {
    const { n } = await db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll().as('n'))
      // Contacts that have not come yet are persons too.
      .$if(table === 'persons', (query) => query.where('visitors' as never, '>', 0 as never))
      .executeTakeFirstOrThrow()
    if (Number(n) !== expected[table]) throw new Error(`there must be ${expected[table]} ${table}, but there are ${n}`)
  }
}
