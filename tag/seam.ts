/**
 * What passes between the tag's two stages. The first (first.ts) is on the page before any consent: it makes each event
 * when it happens and holds it in memory. The second (second.ts) arrives after the grant, takes what was held, and from then
 * on each event at once. There are no values here.
 */
import type { Chosen } from './consent/gate.ts'
import type { Draft, MakeEvent } from './draft.ts'
import type { MailLink } from './link.ts'
import type { BakedSettings } from './settings.ts'

/** What happened: an event, with what the second stage still needs to finish it. */
export type Held = {
  event: Draft
  /** Of a page view: the document's title at that moment, and whether a router turned the page. */
  title?: string
  turned?: boolean
  /** Of `identify` and `visitor`: what the page gave, which nobody has checked. */
  given?: unknown
  /** Of a form that was submitted: what its fields held. */
  typed?: string[]
}

/** Notes what the tag did, for whoever debugs a page (debug.ts). */
export type Say = (what: 'call' | 'choice' | 'kept' | 'dropped' | 'sent' | 'answer', ...details: unknown[]) => void

/** What the first stage lends the second. */
export type FirstStage = {
  settings: BakedSettings
  site: string
  endpoint: string
  makeEvent: MakeEvent
  /** Makes a view of the page that is shown. */
  view: () => void
  /** To be called when a router went elsewhere, where the browser does not report it. */
  onMove: (change: { navigationType?: string }) => void
  /** `fetch` as it was before the page could replace it. */
  fetch: typeof fetch
  link: MailLink
  /** The counts of lost events. */
  lost: Record<string, number>
  say: Say | undefined
}

/** The second stage on a page. */
export type SecondStage = {
  take: (held: Held) => void
  /** A choice; none where one that stood is gone. */
  choose: (chosen?: Chosen) => void
  /** Whether identity is granted. */
  allowed: () => boolean
  /** Claims the mail link whose time has come. */
  settle: () => void
  /** The page was frozen, and is shown again. */
  resume: () => void
}

/** Starts the second stage. */
export type StartSecond = (first: FirstStage) => SecondStage
