/**
 * Explains in the console what the tag does and why, consent first: for a page whose script element has `data-debug`, or that
 * is on `localhost`. A file of its own, because visitors do not need it.
 */
import type { Choice } from './consent/gate.ts'
import type { Draft } from './draft.ts'
import type { Held, Say } from './seam.ts'
import type { Outcome } from './transport.ts'
import type { WireBatch } from './wire.ts'

type Note = Parameters<Say>

const show = (...what: unknown[]) => console.info('%ccouture', 'font-weight:bold', ...what)

const nameOf = (event: Draft) => (event.type === 'page' ? `page ${event.url}` : event.type)

/** What a choice means, in words. */
function wordsOf(choice: Choice): string {
  const say = (name: 'analytics' | 'identity' | 'marketing') =>
    `${name} ${choice[name] === undefined ? 'not answered, which means no' : choice[name] ? 'granted' : 'denied'}`
  return `${say('analytics')}; ${say('identity')}; ${say('marketing')}`
}

function explainOne([what, ...details]: Note): void {
  if (what === 'choice') {
    const [choice, source] = details as [Choice | undefined, string]
    if (!choice) show('consent: the choice that stood is gone; nothing is collected until the next')
    else show(`consent (${source}): ${wordsOf(choice)}`, choice.policy ? `policy ${choice.policy}` : '')
  } else if (what === 'call') {
    const [{ event }, isStarted, mayWait] = details as [Held, boolean, boolean]
    if (isStarted) return
    const why = mayWait ? 'held in memory: no consent yet, or the second stage is on its way' : 'dropped: refused'
    show(`${nameOf(event)}: ${why}`, event)
  } else if (what === 'kept') show(`${nameOf(details[0] as Draft)}: queued`, details[0])
  else if (what === 'dropped') {
    const [event, allowed] = details as [Draft, boolean | undefined]
    const purpose = event.type === 'identify' ? 'identity' : 'analytics'
    const why = allowed === undefined ? `held: ${purpose} is not answered` : `dropped: ${purpose} is denied`
    show(`${nameOf(event)}: ${why}`, event)
  } else if (what === 'sent') {
    const batch = JSON.parse(details[0] as string) as WireBatch
    show(`sent: ${batch.events.map(nameOf).join(', ')}`, batch)
  } else {
    const outcome = details[0] as Outcome
    const meaning = {
      done: 'the collector has them on disk',
      refused: 'the collector refuses them: an unknown site, or an origin that is not listed',
      too_large: 'too large: they are sent again in halves',
      retry: 'no answer of the collector: they are kept, and sent again',
    }[outcome.kind]
    show(`answer: ${meaning}`, outcome)
  }
}

/** Explains what was noted so far, and from now on each note as it comes. */
export function explain(notes: Note[]): void {
  if (!notes.some(([what]) => what === 'choice')) {
    show(
      'consent: waiting for a choice. Until it is stated on this page, nothing is read, stored or sent: see docs/tag.md',
    )
  }
  for (const note of notes.splice(0)) explainOne(note)
  notes.push = (...more) => {
    more.forEach(explainOne)
    return 0
  }
}
