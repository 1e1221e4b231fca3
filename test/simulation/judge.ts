/**
 * Compares an attribution of a town's events with the truth.
 *
 * An event can lawfully be attributed to its actor if it was sent with consent to identity that has not been withdrawn
 * on that browser since, and if the actor gave strong evidence on that browser, at any time and just as lawfully: a
 * signed login, or a click in a mail sent to them. Recall counts these; it knows no windows, sessions or doubts.
 */
import type { Happening } from './deeds.ts'
import type { Attribution } from './reading.ts'

/** The figures of one method of attribution. */
export type Figures = {
  precision: number
  recall: number
  /** Events that are attributed to a contact but are not the contact's. */
  wrong: number
  /** Wrong events that somebody could have avoided: by `blame`, all except those of `nobody`. */
  avoidable: number
  /** Events attributed without consent to identity, or because of intruders or scanners. */
  unlawful: number
}

/** The truth, prepared for queries. */
export type Truth = {
  events: Happening[]
  byVisitor: Map<string, Happening[]>
  /** The ids of the events that can lawfully be attributed to their actor. */
  possible: Set<string>
  isUnlawful(event: Happening, contact: string): boolean
}

/** Prepares the truth of the stored events. */
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

/** Whether an event is strong evidence by its actor of who they are. */
export function isStrong({ says, via, actor, true: contact }: Happening): boolean {
  if (actor === 'intruder' || actor === 'scanner' || says?.contact !== contact) return false
  return says?.how === 'signed' || (says?.how === 'click' && via === 'own')
}

/** Whether a person of the town did it, and not a program. */
export function isHonest({ actor }: Happening): boolean {
  return actor !== 'intruder' && actor !== 'scanner'
}

/**
 * Who could have known that an event is not the contact's, from what its browser revealed:
 * - `nobody`: the contact was proven there by a login or click, and the actual actor revealed nothing.
 * - `cautious`: the actor gave strong evidence there in another visit; abstaining on such a browser is not wrong.
 * - `anybody`: the actor gave it in this very visit, or only hearsay named the contact there.
 */
export function blame(truth: Truth, event: Happening, contact: string): 'nobody' | 'cautious' | 'anybody' {
  const own = truth.byVisitor.get(event.visitor)!
  const isProof = ({ says }: Happening) => says?.how === 'signed' || says?.how === 'click'
  if (!own.some((other) => isHonest(other) && isProof(other) && other.says!.contact.id === contact)) return 'anybody'
  const evidence = own.filter((other) => other.actor === event.actor && isStrong(other))
  if (evidence.length === 0) return 'nobody'
  return evidence.some((other) => other.visit === event.visit) ? 'anybody' : 'cautious'
}

/** The figures of events. */
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

/** How many events of each grade there are, and how many of them are right. */
export type RightByGrade = Record<string, { events: number; right: number }>

/** Counts the attributed events by the grade that the product gave them. */
export function rightByGrade(truth: Truth, owners: Attribution, grades: Map<string, string | null>): RightByGrade {
  const counts: RightByGrade = {}
  for (const { id, true: contact } of truth.events) {
    const owner = owners.get(id)
    if (owner === undefined) continue
    const grade = grades.get(id) ?? 'none'
    const count = counts[grade] ?? { events: 0, right: 0 }
    counts[grade] = { events: count.events + 1, right: count.right + (contact?.id === owner ? 1 : 0) }
  }
  return counts
}

/** The figures of pairs of browser and contact: whether the contact used it, and which lawful pairs are linked. */
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
