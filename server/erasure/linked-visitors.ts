/** The visitors of a contact, for whatever ends what the contact has. */
import type { Transaction } from 'kysely'
import { contactPerson } from '../domain/ids.ts'
import { visitorsOfKeys } from '../store/claim-keys.ts'
import { chunks } from '../store/engine/many.ts'
import { decodeJson } from '../store/schema/columns.ts'
import type { LinkRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'

/** A contact's records and the keyed hashes that lead to them. */
export type Identity = { contacts: string[]; keys: string[] }

/**
 * The visitors that are linked to the contact, by any evidence: `own`, to which no other contact is linked, and `shared`.
 * A claim that is not derived yet counts as a link, and so does one that waits for its contact.
 */
export async function linkedVisitors(trx: Transaction<Database>, { contacts, keys }: Identity) {
  const claiming = new Set(await visitorsOfKeys(trx, keys))
  const holding = contacts.map(contactPerson)
  const parts = trx.selectFrom('visitor_persons').select('visitor_id')
  const having = holding.length === 0 ? [] : await parts.where('person_id', 'in', holding).execute()
  const all = [...new Set([...claiming, ...having.map((row) => row.visitor_id)])].sort()
  const own: string[] = []
  const shared: string[] = []
  for (const part of chunks(all, 500)) {
    const links = await trx
      .selectFrom('links')
      .select(['visitor_id', 'id', 'contact_id', 'state', 'proofs'])
      .where('visitor_id', 'in', part)
      .execute()
    const claims = await trx
      .selectFrom('claims')
      .select(['visitor_id', 'id'])
      .where('visitor_id', 'in', part)
      .where('key_hash', 'in', keys)
      .where('evidence', '!=', 'form_email')
      .execute()
    const linksOf = Map.groupBy(links, (link) => link.visitor_id)
    const claimsOf = Map.groupBy(claims, (claim) => claim.visitor_id)
    for (const visitor of part) {
      const known = linksOf.get(visitor) ?? []
      const isTheirs = (link: { contact_id: string | null }) =>
        link.contact_id !== null && contacts.includes(link.contact_id)
      const standing = known.filter((link) => link.state === 'open' || link.state === 'closed')
      const seen = new Set(known.flatMap((link) => [link.id, ...idsOf(link.proofs)]))
      const isHeld = known.some(
        (link) => link.state === 'held' && (claimsOf.get(visitor) ?? []).some(({ id }) => id === link.id),
      )
      const isLinked =
        isHeld || standing.some(isTheirs) || (claimsOf.get(visitor) ?? []).some((claim) => !seen.has(claim.id))
      if (!isLinked) continue
      if (standing.every(isTheirs)) own.push(visitor)
      else shared.push(visitor)
    }
  }
  return { own, shared }
}

function idsOf(proofs: LinkRow['proofs']): string[] {
  return decodeJson(proofs).map((proof) => proof.id)
}
