/**
 * The second stage: arrives after the grant. It takes each event from the first stage (first.ts), finishes it, and then
 * consent decides whether it goes to the queue, waits for a choice, or is dropped. Nothing may reach the queue any other
 * way.
 */
import { publicUrl } from './address.ts'
import { type ConsentChange, createGate } from './consent/gate.ts'
import { readDataLayer } from './datalayer.ts'
import type { Draft } from './draft.ts'
import { watchEngagement } from './engagement.ts'
import { createIds } from './envelope.ts'
import { fitProps } from './fit.ts'
import { createForms, findAddress } from './form.ts'
import { guard, ofDocument, warn } from './guard.ts'
import { watchHistory } from './history.ts'
import { readIdentify } from './identify.ts'
import { fromJson } from './json.ts'
import { createLosses } from './losses.ts'
import { createQueue } from './queue.ts'
import type { FirstStage, Held, SecondStage } from './seam.ts'
import { createStorage, storageName } from './storage.ts'
import { watchTitles } from './titles.ts'
import { createTrail } from './trail.ts'
import { createPost } from './transport.ts'
import type { WireEvent } from './wire.ts'

/** Whether the site has a data layer to be read: without one, the code for it is left out. */
declare const __COUTURE_DATALAYER__: boolean

/** Less than this on a page is not worth an event. */
const ENGAGED_MS = 5000

/** Limit for claims and callbacks that wait for a choice; beyond it the oldest are dropped. */
const MAX_WAITING = 200

// biome-ignore lint/complexity/useDateNow: a page that replaced `Date` may have left out `now`.
const now = () => +new Date()

/** Starts the second stage, under consent. */
export function startSecond(first: FirstStage): SecondStage {
  const { settings, site, endpoint, link, say } = first
  const lose = createLosses(first.lost)
  const storage = createStorage(() => localStorage)
  const trail = createTrail({ storage: createStorage(() => sessionStorage), lose })
  const nameView = watchTitles()
  const newId = createIds()
  let isTold = false
  /** Reads the data layer once more. Set from the first grant on. */
  let lookAgain: (() => void) | undefined

  const waiting: WireEvent[] = []
  const callbacks: ((visitor: string) => void)[] = []
  let refused = false
  /** How often a choice did not grant identity: an address typed before such a choice must not be sent after it. */
  let refusals = 0

  /** Completes an event as the first stage made it. */
  const finish = (draft: Draft): WireEvent => {
    const event = draft as WireEvent
    event.id ||= newId(+new Date(event.at))
    event.url = publicUrl(event.url!, settings.link_param)
    if (event.referrer) event.referrer = publicUrl(event.referrer, settings.link_param)
    return event
  }
  const makeEvent = (type: string, props?: object) => finish(first.makeEvent(type, props))

  const post = createPost({
    endpoint,
    fetch: first.fetch,
    now,
    puzzled(status) {
      if (!isTold) warn(`${endpoint} answers ${status}, which is not the collector's: events are kept and sent again`)
      isTold = true
    },
  })
  const queue = createQueue({
    site,
    async post(body, keepalive) {
      say?.('sent', body)
      const outcome = await post(body, keepalive)
      say?.('answer', outcome)
      return outcome
    },
    storage,
    now,
    random: Math.random,
    onVisitor: answer,
    lose,
  })
  const gate = createGate({ storage, changed: guard(onConsent) })
  const allowed = () => gate.allows('identity') === true

  function emit(event: WireEvent) {
    const allowed = gate.allows(event.type === 'identify' ? 'identity' : 'analytics')
    say?.(allowed ? 'kept' : 'dropped', event, allowed)
    if (allowed) {
      queue.add(event)
      if (event.type === 'page') trail.note()
    } else if (allowed === undefined && waiting.push(event) > MAX_WAITING) lose('overflow', 1, waiting.shift())
  }

  /** Passes the visitor's id to the waiting callbacks. */
  function answer(visitor: string) {
    for (const callback of callbacks.splice(0)) guard(callback)(visitor)
  }

  function onConsent(change: ConsentChange) {
    if (!allowed()) refusals++
    if (change.kind === 'granted') {
      queue.open(change.consent, change.known)
      if (change.proof) emit(change.proof)
      // A refusal dropped the page view with the rest, and the visitor is still looking at the page.
      if (refused) first.view()
    } else {
      queue.close(change.notice)
      trail.forget()
    }
    refused = change.kind === 'denied'
    waiting.splice(0).forEach(emit)
    link.settle?.()
    if (__COUTURE_DATALAYER__ && change.kind === 'granted') {
      lookAgain ||= readDataLayer(
        settings.datalayer,
        () => gate.allows('analytics'),
        (name, props) => {
          const event = makeEvent(name, props)
          fitProps(event, lose)
          emit(event)
        },
      )
    }
  }

  const reportForm = createForms({ emit, refusals: () => refusals, lose })

  const engagedMs = watchEngagement()
  let engaged = 0
  let viewed: WireEvent | undefined
  /** The page on the screen is being left, or turned. */
  const reportEngagement = () => {
    engaged += engagedMs()
    if (!viewed || engaged < ENGAGED_MS) return
    emit({ ...makeEvent('engagement', { engaged_ms: engaged }), url: viewed.url })
    engaged = 0
  }
  const leave = guard(() => {
    lookAgain?.()
    reportEngagement()
    queue.leave()
  })

  watchHistory(first.onMove)
  addEventListener('pagehide', leave)
  document.addEventListener('visibilitychange', () => {
    if (ofDocument('visibilityState') === 'hidden') leave()
  })
  addEventListener(
    'storage',
    guard((event: StorageEvent) => {
      if (event.key === storageName('consent')) gate.follow(fromJson(event.newValue))
    }),
  )

  return {
    allowed,
    resume: gate.resume,
    choose(chosen) {
      if (!chosen) gate.pause()
      else {
        finish(chosen.event)
        gate.choose(chosen)
      }
    },
    settle() {
      const { token } = link
      if (!token || !link.moved || !allowed()) return
      link.token = ''
      emit(makeEvent('identify', { kind: 'link', link: token }))
    },
    take({ event: draft, title, turned, given, typed }: Held) {
      const event = finish(draft)
      if (event.type === 'visitor' && given) {
        if (callbacks.push(given as (visitor: string) => void) > MAX_WAITING) callbacks.shift()
        const visitor = queue.visitor()
        if (visitor) answer(visitor)
      } else if (typed) {
        const email = findAddress(typed)
        if (email) reportForm(event, { kind: 'form', email })
      } else if (given) {
        const props = readIdentify(given)
        event.props = props
        if (props.kind === 'form') reportForm(event, props)
        else emit(event)
      } else {
        fitProps(event, lose)
        if (title !== undefined) {
          if (turned) reportEngagement()
          viewed = event
          nameView(event, title, turned)
        }
        emit(event)
      }
    },
  }
}
