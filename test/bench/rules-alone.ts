/**
 * A town judged by the rules of identity alone, without a server: it takes a tenth of a second, so that rules can be
 * compared in many. For the same seeds it attributes what the product does, event by event.
 */
import { foldConsents } from '../../server/domain/consent.ts'
import { attribute } from '../../server/domain/epochs.ts'
import { byTimeThenId, type Evidence } from '../../server/domain/event.ts'
import { type Grade, gradeAt } from '../../server/domain/grade.ts'
import { isCrowded, type Naming } from '../../server/domain/guard.ts'
import { linkVisitor } from '../../server/domain/identity.ts'
import { type Claim, COUNTED_USERS } from '../../server/domain/identity-evidence.ts'
import { personOf, visitorId } from '../../server/domain/ids.ts'
import { mustGet } from '../../server/domain/lookup.ts'
import { cartPolicyOf, defaultSettings, policyOf } from '../../server/domain/settings.ts'
import { type Happening, happenings } from '../simulation/deeds.ts'
import { type Figures, judge, type RightByGrade, rightByGrade, truthOf } from '../simulation/judge.ts'
import type { Attribution } from '../simulation/reading.ts'
import { townOf } from '../simulation/simulate.ts'
import { DAY, type Size, type Town } from '../simulation/town.ts'

const SETTINGS = defaultSettings()
const POLICY = policyOf(SETTINGS)

/** A town's figures by the rules alone. */
export type RulesAlone = Figures & { events: number; possible: number; attributed: number; byGrade: RightByGrade }

/** Plays a town and judges the rules. */
export function rulesAlone(seed: number, size: Size): RulesAlone {
  const { town, deeds } = townOf(seed, size)
  const stored = happenings(deeds).filter(
    ({ sender, says }) => sender !== 'bot' && says?.how !== 'forged_login' && says?.how !== 'forged_click',
  )
  const forgotten = new Set(stored.filter((event) => !event.choice.analytics).map((event) => event.visitor))
  const truth = truthOf(stored.filter((event) => !forgotten.has(event.visitor)))
  const owners: Attribution = new Map()
  const grades = new Map<string, Grade | null>()
  const claimOf = claimsOf(
    town,
    truth.events,
    stored.filter((event) => forgotten.has(event.visitor)),
  )
  for (const own of truth.byVisitor.values()) attributeVisitor([...own].sort(byTimeThenId), claimOf, owners, grades)
  return {
    ...judge(truth, owners),
    events: truth.events.length,
    possible: truth.possible.size,
    attributed: owners.size,
    byGrade: rightByGrade(truth, owners, grades),
  }
}

function attributeVisitor(
  own: Happening[],
  claimOf: (event: Happening) => Claim[],
  owners: Attribution,
  grades: Map<string, Grade | null>,
): void {
  const events = own.map(({ id, at, type, choice, props }) => {
    return { id, at, type, reset: type === 'reset', identity: choice.identity, props, url: null }
  })
  const choices = new Map(own.map(({ choice }) => [choice.id, choice]))
  const linked = linkVisitor(events, own.flatMap(claimOf), foldConsents([...choices.values()]).denial, POLICY)
  const options = {
    cartWindowMs: POLICY.backstitchMs,
    cart: cartPolicyOf({ origins: [], settings: SETTINGS }),
    mailTyped: false,
  }
  const persons = attribute(visitorId('town'), events, linked, options).personOf
  for (const [i, event] of events.entries()) {
    const person = personOf(persons[i]!)
    if (person.kind !== 'contact') continue
    owners.set(event.id, person.id)
    const stretch = linked.stretches.findLast(({ from, link }) => from <= i && link?.contact === person.id)
    const link = (stretch ?? linked.stretches.find((each) => each.link?.contact === person.id))?.link
    grades.set(event.id, gradeAt(link?.grades ?? [], event.at))
  }
}

const EVIDENCE: Record<NonNullable<Happening['says']>['how'], Evidence> = {
  signed: 'login_verified',
  replayed: 'login_verified',
  forged_login: 'login_verified',
  click: 'email_click',
  forged_click: 'email_click',
  unsigned: 'login_claimed',
  unsigned_address: 'login_claimed',
}

function tokenOf({ id, says }: Happening): string | null {
  if (says?.how === 'signed') return `login ${id}`
  if (says?.how === 'replayed') return `login ${says.of}`
  return says?.how === 'click' ? `mail ${says.message} ${says.contact.id}` : null
}

/**
 * Makes the claims of events, as the store would load them. Everything is received in the order in which it happens. Of visitors
 * that have withdrawn everything it is only known that their logins are spent.
 */
function claimsOf(town: Town, events: Happening[], forgotten: Happening[]): (event: Happening) => Claim[] {
  const holders = Map.groupBy(town.contacts, (contact) => contact.email)
  const users = new Map<string, string[]>()
  const namings = new Map<string, Naming[]>()
  const nameOf = ({ says }: Happening) => `${says && EVIDENCE[says.how]} ${says?.contact.id}`
  const spent = new Set(forgotten.filter(({ says }) => says && EVIDENCE[says.how] === 'login_verified'))
  const claiming = [...events, ...spent].filter(({ says, choice }) => says && choice.identity)
  for (const event of claiming.sort((a, b) => a.at - b.at)) {
    const { visitor, at } = event
    const token = tokenOf(event)
    if (token !== null) users.set(token, [...new Set([...(users.get(token) ?? []), visitor])].slice(0, COUNTED_USERS))
    if (spent.has(event)) continue
    const named = namings.get(nameOf(event)) ?? []
    if (!named.some((naming) => naming.visitor_id === visitor)) {
      namings.set(nameOf(event), [...named, { visitor_id: visitor, received_at: at, network: null }])
    }
  }
  return (event) => {
    const { id, at, visitor, says, choice } = event
    if (!says || !choice.identity) return []
    const { contact, how } = says
    const evidence = EVIDENCE[how]
    const isClick = evidence === 'email_click'
    const isShared = mustGet(holders, contact.email).length > 1
    const token = tokenOf(event)
    const own = token === null ? [] : mustGet(users, token)
    const named = mustGet(namings, nameOf(event))
    const flags = { erased: false, minor: false, mailConsent: true }
    return [
      {
        ...{ id, at, receivedAt: at, request: id, evidence, byServer: false },
        holder:
          how === 'unsigned_address' && isShared
            ? { kind: 'ambiguous' }
            : { kind: 'contact', id: contact.id, importedAt: contact.importedAt, ...flags },
        message: 'message' in says ? says.message : null,
        issuedAt: isClick ? at - DAY : null,
        usedBefore: own.length > 0 && own[0] !== visitor,
        users: own.length,
        sharedAddress: isClick && isShared,
        revoked: false,
        crowded: evidence !== 'login_verified' && isCrowded(named.find((each) => each.visitor_id === visitor)!, named),
        ...{ act: null, cart: null, order: null },
      },
    ]
  }
}
