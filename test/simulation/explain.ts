/**
 * Explains each wrong and each missed event, from the town's truth alone, and who could have done better: for wrong
 * events by `blame`; for missed ones `anybody` if nobody else ever used the browser, else `cautious`.
 */
import type { Happening } from './deeds.ts'
import { blame, isHonest, isStrong, type Truth } from './judge.ts'
import type { Attribution } from './reading.ts'

/** Counts by kind, then by who could have done better, with an example of each. */
export type Explained = Record<string, { events: number; avoidable: Record<string, number>; example: string }>

/** Explains the events that are attributed to somebody who did not do them. */
export function explainWrong(truth: Truth, owners: Attribution, nameOf: (contact: string) => string): Explained {
  const explained: Explained = {}
  for (const event of truth.events) {
    const contact = owners.get(event.id)
    if (contact === undefined || event.true?.id === contact) continue
    const own = truth.byVisitor.get(event.visitor)!
    note(explained, kindOfWrong(event, contact, own, nameOf(contact)), blame(truth, event, contact), event)
  }
  return explained
}

function kindOfWrong(event: Happening, contact: string, own: Happening[], person: string): string {
  if (!isHonest(event)) return own.some(isHonest) ? 'put into a stolen browser' : event.actor
  const clicks = own.filter(({ says, via }) => says?.how === 'click' && says.contact.id === contact && via !== null)
  const proven = own.some((other) => isStrong(other) && other.true?.id === contact)
  if (!proven && clicks.some(({ via }) => via === 'forward')) return 'forwarded mail'
  if (!proven && clicks.some(({ via }) => via === 'mailbox')) return "mail in a couple's mailbox"
  if (event.signedIn === person) return 'forgotten logout'
  if (!own.some((other) => other.actor === person)) return 'claimed by another'
  return 'shared device'
}

/** Explains the events that could lawfully have been attributed to their actor and are not. */
export function explainMissed(truth: Truth, owners: Attribution): Explained {
  const explained: Explained = {}
  for (const event of truth.events) {
    if (!truth.possible.has(event.id) || owners.get(event.id) === event.true!.id) continue
    const own = truth.byVisitor.get(event.visitor)!
    const alone = own.every((other) => other.actor === event.actor)
    note(explained, kindOfMissed(event, own, owners.has(event.id)), alone ? 'anybody' : 'cautious', event)
  }
  return explained
}

function kindOfMissed(event: Happening, own: Happening[], isOthers: boolean): string {
  if (isOthers) return "said to be another's"
  const proofs = own.filter(isStrong)
  if (new Set(proofs.map((other) => other.actor)).size > 1) return 'shared device'
  const his = proofs.filter((other) => other.actor === event.actor)
  const resets = own.filter((other) => other.type === 'reset').map((other) => other.at)
  const isReached = his.some(
    ({ at }) => !resets.some((reset) => reset >= Math.min(at, event.at) && reset < Math.max(at, event.at)),
  )
  if (!isReached) return 'across a logout'
  if (his.every((other) => other.at > event.at)) {
    return his.some((other) => other.says?.how === 'signed') ? 'before his login' : 'before his click'
  }
  return "after another's evidence"
}

function note(explained: Explained, kind: string, grade: string, event: Happening): void {
  const row = explained[kind] ?? { events: 0, avoidable: {}, example: `${event.visitor} ${event.id}` }
  explained[kind] = row
  row.events++
  row.avoidable[grade] = (row.avoidable[grade] ?? 0) + 1
}
