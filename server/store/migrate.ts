/** Migrates a store to the newest schema. Safe to run from several processes: the loser of the race finds it done. */
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { distribute } from './engine/citus.ts'
import { isPassing } from './engine/transact.ts'
import * as first from './migrations/001-first.ts'
import * as processes from './migrations/002-processes.ts'
import * as throughput from './migrations/003-throughput.ts'
import * as life from './migrations/004-life.ts'
import * as openings from './migrations/005-openings.ts'
import * as acts from './migrations/006-acts.ts'
import * as erasure from './migrations/007-erasure.ts'
import * as erasedSpans from './migrations/008-erased-spans.ts'
import * as personTexts from './migrations/009-person-texts.ts'
import * as segments from './migrations/010-segments.ts'
import * as receipt from './migrations/011-receipt.ts'
import * as withdrawals from './migrations/012-withdrawals.ts'
import * as unknownAmounts from './migrations/013-unknown-amounts.ts'
import * as typedCarts from './migrations/014-typed-carts.ts'
import * as users from './migrations/015-users.ts'
import * as leftOut from './migrations/016-left-out.ts'
import * as endedUsers from './migrations/017-ended-users.ts'
import * as refunds from './migrations/018-refunds.ts'
import * as typedOrder from './migrations/019-typed-order.ts'
import * as ledger from './migrations/020-ledger.ts'
import * as grades from './migrations/021-grades.ts'
import * as keys from './migrations/022-keys.ts'
import * as claimsConsent from './migrations/023-claims-consent.ts'
import * as imports from './migrations/024-imports.ts'
import * as personCarts from './migrations/025-person-carts.ts'
import * as quality from './migrations/026-quality.ts'
import * as orderStanding from './migrations/027-order-standing.ts'
import * as cartClosings from './migrations/028-cart-closings.ts'
import * as attributes from './migrations/029-attributes.ts'
import * as feedBehaviour from './migrations/030-feed-behaviour.ts'
import * as personOrders from './migrations/031-person-orders.ts'
import * as personFacts from './migrations/032-person-facts.ts'
import * as personDays from './migrations/033-person-days.ts'
import * as segmentChanges from './migrations/034-segment-changes.ts'
import * as spentLogins from './migrations/035-spent-logins.ts'
import * as segmentCurrency from './migrations/036-segment-currency.ts'
import * as contactPersons from './migrations/037-contact-persons.ts'
import * as scores from './migrations/038-scores.ts'
import * as segmentSizes from './migrations/039-segment-sizes.ts'
import * as dayDigest from './migrations/040-day-digest.ts'
import type { Database } from './schema.ts'

/** All migrations by name, oldest first. A released migration never changes (`migrations/`). */
export const MIGRATIONS: Record<string, Migration> = {
  '001-first': first,
  '002-processes': processes,
  '003-throughput': throughput,
  '004-life': life,
  '005-openings': openings,
  '006-acts': acts,
  '007-erasure': erasure,
  '008-erased-spans': erasedSpans,
  '009-person-texts': personTexts,
  '010-segments': segments,
  '011-receipt': receipt,
  '012-withdrawals': withdrawals,
  '013-unknown-amounts': unknownAmounts,
  '014-typed-carts': typedCarts,
  '015-users': users,
  '016-left-out': leftOut,
  '017-ended-users': endedUsers,
  '018-refunds': refunds,
  '019-typed-order': typedOrder,
  '020-ledger': ledger,
  '021-grades': grades,
  '022-keys': keys,
  '023-claims-consent': claimsConsent,
  '024-imports': imports,
  '025-person-carts': personCarts,
  '026-quality': quality,
  '027-order-standing': orderStanding,
  '028-cart-closings': cartClosings,
  '029-attributes': attributes,
  '030-feed-behaviour': feedBehaviour,
  '031-person-orders': personOrders,
  '032-person-facts': personFacts,
  '033-person-days': personDays,
  '034-segment-changes': segmentChanges,
  '035-spent-logins': spentLogins,
  '036-segment-currency': segmentCurrency,
  '037-contact-persons': contactPersons,
  '038-scores': scores,
  '039-segment-sizes': segmentSizes,
  '040-day-digest': dayDigest,
}

/**
 * Runs pending migrations, then distributes new tables on Citus. Throws an error that names the failed migration, and
 * refuses a store that a newer version has migrated.
 */
export async function migrate(db: Kysely<Database>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
  const { error, results } = await migrator.migrateToLatest()
  if (isPassing(error)) throw error
  if (error) {
    const newer = await newerMigrations(db)
    if (newer.length > 0) {
      throw new Error(
        `the store belongs to a newer version of Couture (it has the migration ${newer.join(', ')}): ` +
          'start that version or a later one, or restore a backup made before the upgrade',
      )
    }
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'the schema'
    throw new Error(`migration ${failed} failed: ${error instanceof Error ? error.message : String(error)}`)
  }
  await distribute(db)
}

/** The newest migration that a store has run. */
export async function schemaVersion(db: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name desc limit 1`.execute(db)
  return rows[0]?.name ?? 'none'
}

/** Compares a store's schema with the one of this version. */
export async function schemaState(db: Kysely<Database>): Promise<'same' | 'older' | 'newer'> {
  if ((await newerMigrations(db)).length > 0) return 'newer'
  const had = new Set(await executedMigrations(db))
  return Object.keys(MIGRATIONS).every((name) => had.has(name)) ? 'same' : 'older'
}

async function executedMigrations(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  return rows.map((row) => row.name)
}

/** Migrations that the store has run and this version does not know. */
async function newerMigrations(db: Kysely<Database>): Promise<string[]> {
  return (await executedMigrations(db)).filter((name) => !(name in MIGRATIONS))
}
