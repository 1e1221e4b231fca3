/** Random stories of one visitor, made of moments and claims, for the property tests. */
import fc from 'fast-check'
import type { Denial } from '../../server/domain/consent.ts'
import { attribute, type VisitorEvent } from '../../server/domain/epochs.ts'
import { byTimeThenId, type Evidence } from '../../server/domain/event.ts'
import { linkVisitor, type Policy } from '../../server/domain/identity.ts'
import type { Claim, Holder } from '../../server/domain/identity-evidence.ts'
import { type PersonId, personOf as readPerson, visitorId } from '../../server/domain/ids.ts'

export const MINUTE = 60_000
export const DAY = 24 * 60 * MINUTE
export const BACKSTITCH = 30 * DAY

/** The history of one visitor. */
export type Story = { events: VisitorEvent[]; claims: Claim[]; denial: Denial | null; policy: Policy }

const living = (id: string): Holder => ({
  kind: 'contact',
  id,
  importedAt: -1000 * DAY,
  erased: false,
  minor: false,
  mailConsent: id !== 'carla',
})

const holder: fc.Arbitrary<Holder> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('anna', 'ben', 'carla').map(living) },
  { weight: 1, arbitrary: fc.constant<Holder>({ kind: 'unknown' }) },
  { weight: 1, arbitrary: fc.constant<Holder>({ kind: 'ambiguous' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('erased', 'minor').map((why) => ({ ...living(why), [why]: true }) as Holder),
  },
)

const moment = fc.record({
  // Few distinct times, so that sessions form and times collide.
  day: fc.constantFrom(0, 0, 1, 2, 20, 29, 30, 31, 95, 130),
  minute: fc.constantFrom(0, 1, 5, 29, 30, 31, 59, 61),
  type: fc.constantFrom(
    'page',
    'page',
    'reset',
    'add_to_cart',
    'remove_from_cart',
    'purchase',
    'identify',
    'identify',
    'identify',
  ),
  identity: fc.constantFrom(true, true, true, true, false),
  item: fc.constantFrom('ring', 'chain'),
  evidence: fc.constantFrom<Evidence>('login_verified', 'email_click', 'email_click', 'login_claimed', 'form_email'),
  sharedAddress: fc.constantFrom(false, false, false, true),
  revoked: fc.constantFrom(false, false, false, true),
  crowded: fc.constantFrom(false, false, false, true),
  act: fc.constantFrom<Claim['act']>(null, null, null, null, 'void', 'confirm'),
  byServer: fc.boolean(),
  holder,
  message: fc.constantFrom('mail-1', 'mail-2', 'mail-3'),
  usedBefore: fc.constantFrom(false, false, true),
  users: fc.constantFrom(1, 1, 2, 3),
  issuedDaysBefore: fc.constantFrom(0, 0, 0, 31),
  request: fc.nat({ max: 8 }),
})

const policy: fc.Arbitrary<Policy> = fc.record({
  sessionMs: fc.constant(30 * MINUTE),
  backstitchMs: fc.constant(BACKSTITCH),
  firstClick: fc.constantFrom<Policy['firstClick']>('session', 'session', 'window'),
  trustUnsigned: fc.constantFrom(false, false, true),
  loginMs: fc.constantFrom(90 * DAY, 90 * DAY, 3 * DAY),
  clickMs: fc.constantFrom(90 * DAY, 90 * DAY, 3 * DAY),
  sharedFrom: fc.constantFrom(2, 3),
  formConfirms: fc.constantFrom(false, false, true),
})

/** Random stories. */
export const story: fc.Arbitrary<Story> = fc
  .record({
    moments: fc.array(moment, { minLength: 1, maxLength: 25 }),
    floorDay: fc.option(fc.constantFrom(0, 2, 20), { freq: 4 }),
    deniedMs: fc.constantFrom(null, 0, MINUTE, 10 * DAY),
    policy,
  })
  .map(({ moments, floorDay, deniedMs, policy }) => {
    const events: VisitorEvent[] = []
    const claims: Claim[] = []
    for (const [n, each] of moments.entries()) {
      const id = `e${String(n).padStart(2, '0')}`
      const at = each.day * DAY + each.minute * MINUTE
      const isClaim = each.type === 'identify'
      events.push({
        id,
        at,
        type: each.type,
        reset: each.type === 'reset',
        // The collector stores no claim without consent for it.
        identity: isClaim || each.identity,
        props: { currency: 'EUR', items: [{ item_id: each.item, price: 5 }] },
        url: null,
      })
      if (!isClaim) continue
      const isClick = each.evidence === 'email_click'
      const byServer = each.evidence === 'login_verified' && each.byServer
      const hasToken = isClick || (each.evidence === 'login_verified' && !byServer)
      claims.push({
        id,
        at,
        receivedAt: at,
        request: `r${each.request}`,
        evidence: each.evidence,
        byServer,
        holder: each.holder,
        message: isClick ? each.message : null,
        issuedAt: isClick ? at - each.issuedDaysBefore * DAY : null,
        usedBefore: hasToken && each.usedBefore,
        users: hasToken ? Math.max(each.users, each.usedBefore ? 2 : 1) : 0,
        sharedAddress: isClick && each.sharedAddress,
        revoked: isClick && each.revoked,
        crowded: each.crowded,
        act: each.act,
        cart: null,
        order: null,
      })
    }
    const floor = (floorDay ?? 0) * DAY + 5 * MINUTE
    const denial = floorDay === null ? null : { at: floor, until: deniedMs === null ? null : floor + deniedMs }
    return { events: events.sort(byTimeThenId), claims: claims.sort(byTimeThenId), denial, policy }
  })

/** The result of a story. */
export function derive({ events, claims, denial, policy }: Story, mailTyped = false) {
  const linked = linkVisitor(events, claims, denial, policy)
  const { links, stretches, typed, shared } = linked
  const hosts = { links: new Set<string>(), pictures: new Set<string>(), home: null }
  const cart = { abandonedAfterMs: 60 * MINUTE, currency: null, cartUrl: null, hosts }
  const options = { cartWindowMs: policy.backstitchMs, cart, mailTyped }
  const { personOf, epochs, carts } = attribute(visitorId('visitor'), events, linked, options)
  return { links: [...links].sort(byTimeThenId), stretches, typed, shared, personOf, epochs, carts }
}

/** The contact of a person; null for a visitor's epoch, of which an unsigned login opens a new one. */
export function ownerOf(person: PersonId): string | null {
  const read = readPerson(person)
  return read.kind === 'contact' ? read.id : null
}
