/**
 * What one more use of a token, and one more naming of a contact, cost by the number of visitors that did so before: from
 * landing the claim until its visitor is derived. Given as ratios to the smallest number: they must stay near 1.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry, StampedClaim } from '../../server/domain/event.ts'
import { defaultSettings } from '../../server/domain/settings.ts'
import { landEntries } from '../../server/land/land.ts'
import { createKeyring } from '../../server/ops/keyring.ts'
import { upsertContacts } from '../../server/store/contacts.ts'
import { createSqliteStore } from '../../server/store/engine/sqlite.ts'
import { transact } from '../../server/store/engine/transact.ts'
import { migrate } from '../../server/store/migrate.ts'
import type { Database } from '../../server/store/schema.ts'
import { insertSite } from '../../server/store/sites.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { quantile } from './table.ts'

const SIZES = [10, 1000, 100_000]
const BATCH = 2000
const START = Date.UTC(2026, 0, 1)

const { identifier, token, tombstone } = createKeyring('a secret of the benchmark')
const key = identifier('contact', 'anna')
const CLAIMS: Record<'use' | 'naming', StampedClaim> = {
  use: { evidence: 'email_click', key: identifier('link', 'shop:anna'), token: token('mail'), message: 'may' },
  naming: { evidence: 'login_claimed', key },
}

/** Ratios of the median time to that after the fewest, by kind of claim and by how many there were before. */
export async function oneMore(times: number): Promise<Record<'use' | 'naming', Record<string, number>>> {
  return { use: await ratiosOf(CLAIMS.use, times), naming: await ratiosOf(CLAIMS.naming, times) }
}

async function ratiosOf(claim: StampedClaim, times: number): Promise<Record<string, number>> {
  const took: [size: number, ms: number][] = []
  for (const size of SIZES) {
    const folder = mkdtempSync(join(tmpdir(), 'couture-one-more-'))
    const db = createSqliteStore(join(folder, 'couture.db'))
    try {
      await migrate(db)
      took.push([size, await medianOf(db, claim, size, times)])
    } finally {
      await db.destroy()
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const fewest = took[0]![1]
  return Object.fromEntries(took.map(([size, ms]) => [size, Math.round((ms / fewest) * 100) / 100]))
}

async function medianOf(db: Kysely<Database>, claim: StampedClaim, size: number, times: number): Promise<number> {
  const settings = defaultSettings()
  const site = { id: 'shop', origins: [], write_key: 'wk', identity_secret: 'i', link_secret: 'l', settings }
  await insertSite(db, site, START)
  await transact(db, (trx) => upsertContacts(trx, [{ id: 'anna', updated_at: START }], () => [claim.key], START))
  for (let from = 0; from < size; from += BATCH) {
    const count = Math.min(BATCH, size - from)
    await land(
      db,
      Array.from({ length: count }, (_, i) => entry(from + i, claim)),
    )
    // How long it takes to derive those before is no part of this.
    await db.deleteFrom('dirty_visitors').execute()
  }
  const samples: number[] = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    await land(db, [entry(size + n, claim)])
    const deriver = createDeriver({ db, ownership: ownsEverything, tombstone, seal: tombstone, now: () => START })
    while (await deriver.round());
    samples.push(performance.now() - began)
    const { links } = await db
      .selectFrom('links')
      .select((eb) => eb.fn.countAll<number>().as('links'))
      .where('visitor_id', '=', `visitor-${size + n}`)
      .executeTakeFirstOrThrow()
    if (Number(links) !== 1) throw new Error(`the visitor must have 1 link, but has ${links}`)
  }
  return quantile(samples, 0.5)
}

function land(db: Kysely<Database>, entries: Entry[]): Promise<unknown> {
  const describeAgent = () => ({ device: 'desktop', browser: null, os: null })
  return transact(db, (trx) => landEntries(trx, entries, { tombstone, describeAgent }))
}

function entry(nth: number, claim: StampedClaim): Entry {
  const at = START + nth * 1000
  return {
    request: `request-${nth}`,
    site: 'shop',
    visitor: `visitor-${nth}`,
    received_at: at,
    keyed: false,
    consent: { id: 'choice', analytics: true, identity: true, marketing: true, source: 'manual', at },
    events: [{ id: 'claim', at, type: 'identify', claim }],
  }
}
