/**
 * Compares what somebody says of a town's events with the truth.
 *
 * An event can lawfully be attributed to whoever did it if it was sent with consent to identity that was not taken back
 * on that browser since, and if he himself gave strong evidence on that browser, at any time and as lawfully: a signed
 * login, or a click in a mail that was sent to him. That is what recall counts; it knows no windows, sessions or doubts.
 */
import type { Happening } from './deeds.ts'
import type { Attribution } from './reading.ts'

/** Figures of one way to attribute. */
export type Figures = {
  precision: number
  recall: number
  /** Events that are said to be a contact's and are not. */
  wrong: number
  /** Wrong events that somebody could have avoided: by `blame`, all but those of `nobody`. */
  avoidable: number
  /** Events attributed without consent to identity, or because of intruders or scanners. */
  unlawful: number
}

/** The truth, made ready for questions. */
export type Truth = {
  events: Happening[]
  byVisitor: Map<string, Happening[]>
  /** The ids of the events that can lawfully be attributed to who did them. */
  possible: Set<string>
  isUnlawful(event: Happening, contact: string): boolean
}

/** Makes the truth of the events that were stored. */
export function truthOf(events: Happening[]): Truth {
  const byVisitor = Map.groupBy(events, (event) => event.visitor)
  const possible = new Set<string>()
  const denied = new Map<string, number>()
  for (const [visitor, own] of byVisitor) {
    const floor = Math.max(...own.filter((event) => !event.choice.identity).map((event) => event.at), 0)
    denied.set(visitor, floor)
    const lawful = own.filter((event) => event.choice.identity && event.at > floor)
    const proven = new Set(lawful.filter(isStrong).map((event) => event.actor))
    for (const event of lawful) if (event.true && proven.has(event.actor)) possible.add(event.id)
  }
  const isUnlawful = (event: Happening, contact: string) => {
    if (!event.choice.identity || event.at <= denied.get(event.visitor)!) return true
    const named = byVisitor.get(event.visitor)!.filter((other) => other.says?.contact.id === contact)
    return named.length > 0 && !named.some(isHonest)
  }
  return { events, byVisitor, possible, isUnlawful }
}

/** Whether an event is strong evidence, by the person himself, of who he is. */
export function isStrong({ says, via, actor, true: contact }: Happening): boolean {
  if (actor === 'intruder' || actor === 'scanner' || says?.contact !== contact) return false
  return says?.how === 'signed' || (says?.how === 'click' && via === 'own')
}

/** Whether somebody of the town did it, and not a program. */
export function isHonest({ actor }: Happening): boolean {
  return actor !== 'intruder' && actor !== 'scanner'
}

/**
 * Who could have known that an event is not a contact's, from what its browser told:
 * - `nobody`: the contact was proven there by a login or a click, and nothing was told of who truly did it.
 * - `cautious`: who truly did it gave strong evidence there in another visit; to abstain on such a browser is not wrong.
 * - `anybody`: he gave it in this very visit, or nothing but hearsay named the contact there.
 */
export function blame(truth: Truth, event: Happening, contact: string): 'nobody' | 'cautious' | 'anybody' {
  const own = truth.byVisitor.get(event.visitor)!
  const isProof = ({ says }: Happening) => says?.how === 'signed' || says?.how === 'click'
  if (!own.some((other) => isHonest(other) && isProof(other) && other.says!.contact.id === contact)) return 'anybody'
  const evidence = own.filter((other) => other.actor === event.actor && isStrong(other))
  if (evidence.length === 0) return 'nobody'
  return evidence.some((other) => other.visit === event.visit) ? 'anybody' : 'cautious'
}

/** Figures of events. */
export function judge(truth: Truth, owners: Attribution): Figures {
  let right = 0
  let unlawful = 0
  let found = 0
  let avoidable = 0
  for (const event of truth.events) {
    const contact = owners.get(event.id)
    if (contact === undefined) continue
    const isRight = event.true?.id === contact
    if (isRight) right++
    else if (blame(truth, event, contact) !== 'nobody') avoidable++
    if (isRight && truth.possible.has(event.id)) found++
    if (truth.isUnlawful(event, contact)) unlawful++
  }
  return {
    precision: share(right, owners.size),
    recall: share(found, truth.possible.size),
    wrong: owners.size - right,
    avoidable,
    unlawful,
  }
}

/** Figures of pairs of a browser and a contact: whether he used it, and who of those that lawfully could be linked is. */
export function judgeLinks(truth: Truth, owners: Attribution): { precision: number; recall: number; wrong: number } {
  const said = new Set<string>()
  const used = new Set<string>()
  const could = new Set<string>()
  for (const event of truth.events) {
    const contact = owners.get(event.id)
    if (contact !== undefined) said.add(`${event.visitor} ${contact}`)
    if (event.true) used.add(`${event.visitor} ${event.true.id}`)
    if (event.true && truth.possible.has(event.id)) could.add(`${event.visitor} ${event.true.id}`)
  }
  const right = [...said].filter((pair) => used.has(pair)).length
  return {
    precision: share(right, said.size),
    recall: share([...could].filter((pair) => said.has(pair)).length, could.size),
    wrong: said.size - right,
  }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 1 : Math.round((part / whole) * 10_000) / 10_000
}
