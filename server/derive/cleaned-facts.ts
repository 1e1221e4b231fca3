/**
 * The facts of visitors, without what must be gone before they are derived: what erased contacts did on devices that others
 * use too, and the names in the claims of visitors that have withdrawn consent to identity.
 */
import type { Transaction } from 'kysely'
import type { ErasedStretch } from '../domain/erased-tail.ts'
import type { Site } from '../domain/settings.ts'
import { stillNaming, withdrawnFromIdentity } from '../erasure/identity.ts'
import { removeSpansAndTails, tailsOf } from '../erasure/tails.ts'
import type { Database } from '../store/schema.ts'
import { unname } from '../store/unnamed-claims.ts'
import { loadVisitors, type VisitorFacts } from '../store/visitor-facts.ts'

/** How the deriver reads and writes; `write` returns false if it may not. */
type Access = {
  read: <T>(work: (trx: Transaction<Database>) => Promise<T>) => Promise<T>
  write: (work: (trx: Transaction<Database>) => Promise<void>) => Promise<boolean>
  siteOf: (id: string) => Site
  tombstone: (visitorId: string) => string
  now: () => number
}

/** Removes what must go, and reads the visitors. Null if it may not write. */
export async function cleanedFacts(
  visitors: string[],
  spansOf: (visitorId: string) => ErasedStretch[],
  access: Access,
): Promise<VisitorFacts[] | null> {
  const { read, write, siteOf, tombstone, now } = access
  const erased = new Map(visitors.filter((id) => spansOf(id).length > 0).map((id) => [id, spansOf(id)]))
  if (erased.size > 0) {
    const tails = tailsOf(await read((trx) => loadVisitors(trx, [...erased.keys()])), erased, siteOf)
    if (!(await write((trx) => removeSpansAndTails(trx, erased, tails, { tombstone, now })))) return null
  }
  const facts = await read((trx) => loadVisitors(trx, visitors))
  const withdrawn = withdrawnFromIdentity(facts)
  if (withdrawn.length === 0) return facts
  const naming = await read((trx) => stillNaming(trx, withdrawn))
  if (naming.length === 0) return facts
  if (!(await write((trx) => unname(trx, naming, { tombstone, now: now() })))) return null
  return read((trx) => loadVisitors(trx, visitors))
}
