/**
 * Assembles the parts and answers the page's calls. An event is made when it happens; then consent decides whether it
 * goes to the queue, waits in memory for a choice, or is dropped. Nothing may reach the queue any other way.
 */
import { publicUrl, takeLinkToken } from './address.ts'
import { type ConsentChange, createGate } from './consent/gate.ts'
import { readChoice } from './consent/manual.ts'
import { createEnvelope, createIds, isoTime } from './envelope.ts'
import { createForms } from './form.ts'
import { guard, ofDocument, warn } from './guard.ts'
import { readIdentify } from './identify.ts'
import { fromJson } from './json.ts'
import { createLink } from './link.ts'
import { createLosses } from './losses.ts'
import { createPage } from './page.ts'
import { createQueue } from './queue.ts'
import type { TagSettings } from './settings.ts'
import { createStorage, storageName } from './storage.ts'
import { createTrail } from './trail.ts'
import { createPost } from './transport.ts'
import type { WireEvent } from './wire.ts'

/** A call of `couture`: the command and its arguments, as the page wrote them. */
// biome-ignore lint/suspicious/noExplicitAny: calls come from the page, and each command checks its arguments.
export type Call = any[]

/** Limit for events and callbacks that wait for a choice; beyond it the oldest are dropped. */
const MAX_WAITING = 200

/** Types that only the tag itself may make; with them `track` could forge a proof or a claim. */
const RESERVED = /^(page|identify|reset|consent|engagement)$/

// biome-ignore lint/complexity/useDateNow: a page that replaced `Date` may have left out `now`.
const now = () => +new Date()

function readProps(props: unknown): object | undefined {
  if (props === undefined || (props && typeof props === 'object')) return props
  throw Error('properties must be given as an object')
}

/** Starts the tag on this page. `run` handles a call; `lost` counts lost events. */
export function startTag(deps: {
  settings: Pick<TagSettings, 'site' | 'link_param'> & Partial<TagSettings>
  endpoint: string
  token?: string
}) {
  const { settings, endpoint } = deps
  const { lost, lose } = createLosses()
  const storage = createStorage(() => localStorage)
  const trail = createTrail({ storage: createStorage(() => sessionStorage), lose })
  const newId = createIds(now)
  const clean = (url: string) => publicUrl(url, settings.link_param)
  const makeEvent = createEnvelope({
    now,
    newId,
    url: () => clean(location.href),
    cut: (props) => lose('cut', 1, props),
  })
  // Kept from the start, should the page replace it.
  const { fetch } = window
  let isTold = false

  let waiting: WireEvent[] = []
  let callbacks: ((visitor: string) => void)[] = []
  let refused = false
  /** How often a choice did not grant identity: an address typed before such a choice must not be sent after it. */
  let refusals = 0

  const queue = createQueue({
    site: settings.site,
    post: createPost({
      endpoint,
      fetch: (...args) => fetch(...args),
      now,
      puzzled(status) {
        if (!isTold) warn(`${endpoint} answers ${status}, which is not the collector's: events are kept and sent again`)
        isTold = true
      },
    }),
    storage,
    now,
    random: Math.random,
    onVisitor: answer,
    lose,
  })
  const gate = createGate({ storage, newId, time: () => isoTime(now()), changed: guard(onConsent) })

  function emit(event: WireEvent) {
    const allowed = gate.allows(event.type === 'identify' ? 'identity' : 'analytics')
    if (allowed) {
      queue.add(event)
      if (event.type === 'page') trail.note()
    } else if (allowed === undefined && waiting.push(event) > MAX_WAITING) {
      // The first is the view of the page that the visitor came to.
      lose('overflow', 1, waiting.splice(1, 1))
    }
  }

  /** Passes the visitor's id to the waiting callbacks. */
  function answer(visitor: string) {
    const pending = callbacks
    callbacks = []
    for (const callback of pending) guard(callback)(visitor)
  }

  function onConsent(change: ConsentChange) {
    const { kind, consent } = change
    if (!allowed()) refusals++
    if (kind === 'granted') {
      queue.open(consent, change.known)
      if (change.isNew) emit(makeEvent('consent'))
      // A refusal dropped the page view with the rest, and the visitor is still looking at the page.
      if (refused) page.view()
    } else {
      queue.close(consent && { consent, event: makeEvent('consent') })
      trail.forget()
    }
    refused = kind === 'denied'
    const held = waiting
    waiting = []
    held.forEach(emit)
    link.settle()
  }

  const allowed = () => gate.allows('identity') === true
  const link = createLink({
    allowed,
    claim: (token) => emit(makeEvent('identify', { kind: 'link', link: token })),
  })
  link.hold(deps.token)

  const reportForm = createForms({
    selectors: settings.form_selectors || [],
    makeEvent,
    emit,
    allowed,
    refusals: () => refusals,
    lose,
  })

  const page = createPage({
    makeEvent,
    emit,
    referrer: clean(ofDocument('referrer')),
    moved: () => link.hold(takeLinkToken(settings.link_param)),
  })

  addEventListener(
    'pagehide',
    guard(() => {
      link.forget()
      queue.leave()
    }),
  )
  document.addEventListener(
    'visibilitychange',
    guard(() => {
      if (ofDocument('visibilityState') === 'hidden') queue.leave()
    }),
  )
  addEventListener(
    'pageshow',
    guard((event: PageTransitionEvent) => {
      if (!event.persisted) return
      gate.resume()
      page.view()
    }),
  )
  addEventListener(
    'storage',
    guard((event: StorageEvent) => {
      if (event.key === storageName('consent')) gate.follow(fromJson(event.newValue))
    }),
  )

  /** Each throws a sentence that says what it must be given; `guard` turns it into a warning. */
  const commands: Record<string, (...given: Call) => void> = {
    consent: (choice) => gate.choose(readChoice(choice), 'manual'),
    page: (props) => page.view(readProps(props)),
    track(name, props) {
      if (typeof name !== 'string' || !name || RESERVED.test(name)) {
        throw Error("'track' must be given a name that is none of Couture's own")
      }
      emit(makeEvent(name.slice(0, 64), readProps(props)))
    },
    identify(who) {
      const props = readIdentify(who)
      if (props.kind === 'form') reportForm(props)
      else emit(makeEvent('identify', props))
    },
    reset: () => emit(makeEvent('reset')),
    visitor(callback) {
      if (typeof callback !== 'function') throw Error("'visitor' must be given a function")
      if (callbacks.push(callback) > MAX_WAITING) callbacks.shift()
      const visitor = queue.visitor()
      if (visitor) answer(visitor)
    },
    // Already handled, or not needed.
    init() {},
  }

  const run = guard((...[name, ...given]: Call) => {
    const names = Object.keys(commands)
    if (!names.includes(name)) throw Error(`the first argument must be one of ${names}`)
    commands[name]!(...given)
  })
  return { run, lost }
}
