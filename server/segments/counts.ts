/** Counts of persons that a condition holds for: how many, how many may be mailed, and what lies in their carts. */
import { type Expression, type Kysely, type SqlBool, sql } from 'kysely'
import { grantsMarketing, mailability, type WhyNotMailable } from '../domain/mailability.ts'
import { toMoney } from '../domain/money.ts'
import type { Database } from '../store/schema.ts'
import { loadTyped } from '../store/typed.ts'

/** Counts of persons. `value`: of their open carts, in major units by currency. */
export type Counts = {
  people: number
  mailable: number
  not_mailable: Partial<Record<WhyNotMailable, number>>
  value: { currency: string; value: number }[]
}

/** The most carts with typed addresses whose contacts are looked up for a count. */
const MAX_TYPED = 10_000

/** Counts the persons that a condition holds for, by one reading of `persons`. */
export async function countPersons(db: Kysely<Database>, where: Expression<SqlBool>): Promise<Counts> {
  const groups = await db
    .selectFrom('persons')
    .where(where)
    .select((eb) => [
      eb.case().when('contact_id', 'is', null).then(0).else(1).end().as('contact'),
      'mail_consent',
      'marketing',
      'minor',
      eb.case().when('visitors', '=', 0).then(0).else(1).end().as('visitors'),
      eb.case().when('cart_updated_at', 'is', null).then(null).else(eb.ref('cart_currency')).end().as('currency'),
      eb.fn.countAll<number>().as('people'),
      eb.fn.sum<number | null>('cart_value').as('value'),
      eb.fn.count<number>('typed_contact_id').as('typed'),
    ])
    .groupBy(sql`1`)
    .groupBy(['mail_consent', 'marketing', 'minor'])
    .groupBy([sql`5`, sql`6`])
    .execute()
  const counts: Counts = { people: 0, mailable: 0, not_mailable: {}, value: [] }
  const values = new Map<string, number>()
  for (const group of groups) {
    const people = Number(group.people)
    counts.people += people
    const mail = mailability({
      contact: Number(group.contact) === 1,
      mailConsent: group.mail_consent,
      marketing: grantsMarketing({ marketing: group.marketing, visitors: Number(group.visitors) }),
      minor: group.minor === 1,
    })
    if (mail.mailable) counts.mailable += people
    else counts.not_mailable[mail.why] = (counts.not_mailable[mail.why] ?? 0) + people
    if (group.currency !== null && group.value !== null) {
      values.set(group.currency, (values.get(group.currency) ?? 0) + Number(group.value))
    }
  }
  if (groups.some((group) => Number(group.typed) > 0)) await addTyped(db, where, counts)
  counts.value = [...values]
    .map(([currency, minor]) => ({ currency, value: toMoney(minor, currency).value ?? 0 }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => (a.currency < b.currency ? -1 : 1))
  return counts
}

/** Counts as mailable whom the site tells of their carts by the address that was typed into a form. */
async function addTyped(db: Kysely<Database>, where: Expression<SqlBool>, counts: Counts): Promise<void> {
  const rows = await db
    .selectFrom('persons')
    .where(where)
    .where('typed_contact_id', 'is not', null)
    .select(['person_id', 'typed_contact_id'])
    .limit(MAX_TYPED)
    .execute()
  const told = await loadTyped(
    db,
    rows.flatMap((row) => row.typed_contact_id ?? []),
  )
  const mailable = rows.filter(
    ({ person_id, typed_contact_id }) =>
      typed_contact_id !== null && told.get(typed_contact_id)?.person_id === person_id,
  ).length
  const others = (counts.not_mailable.not_a_contact ?? 0) - mailable
  counts.mailable += mailable
  if (others > 0) counts.not_mailable.not_a_contact = others
  else delete counts.not_mailable.not_a_contact
}
