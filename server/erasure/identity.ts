/**
 * Withdrawal of consent to identity: whom the visitor's claims named is forgotten, in the store and in the journals. Later
 * claims, after a new consent, name again.
 */
import type { Kysely } from 'kysely'
import { isBefore } from '../domain/identity-evidence.ts'
import type { Database } from '../store/schema.ts'
import { findNamed, NOBODY, type Unnaming } from '../store/unnamed-claims.ts'
import type { VisitorFacts } from '../store/visitor-facts.ts'

/** The visitors among these that have withdrawn consent to identity and claimed to be somebody before. */
export function withdrawnFromIdentity(visitors: VisitorFacts[]): Unnaming[] {
  return visitors.flatMap(({ visitorId: visitor, consents: { denial }, claims, overactive }) => {
    if (denial === null) return []
    // The claims of an overactive visitor are not read.
    const concerned = overactive !== null || claims.some((claim) => isBefore(claim, denial.at) || claim.key === NOBODY)
    return concerned ? { visitor, until: denial.at } : []
  })
}

/**
 * Those of them whose names are still there. A claim that has lost its name may have been landed again, with the keys by which
 * others find it.
 */
export async function stillNaming(db: Kysely<Database>, withdrawn: Unnaming[]): Promise<Unnaming[]> {
  const { claims, namings, uses } = await findNamed(db, withdrawn)
  const left = new Set([...claims, ...namings, ...uses].map((row: { visitor_id: string }) => row.visitor_id))
  return withdrawn.filter(({ visitor }) => left.has(visitor))
}
