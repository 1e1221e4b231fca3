/**
 * The first stage: on the page before any consent. It makes each event when it happens and holds it in memory until the
 * visitor chooses. A grant loads the second stage (second.ts), which takes what was held; a refusal drops it. Until then
 * nothing is read, stored or sent.
 */
import type { Chosen } from './consent/gate.ts'
import type { Tell, Watch } from './consent/source.ts'
import { copyOf } from './copy.ts'
import type { MakeEvent } from './draft.ts'
import { guard, ofDocument } from './guard.ts'
import { leaveEarly } from './leave-early.ts'
import type { MailLink } from './link.ts'
import type { Held, Say, SecondStage, StartSecond } from './seam.ts'
import type { BakedSettings } from './settings.ts'
import type { watchSubmits } from './submits.ts'
import { watchViews } from './views.ts'

/** A call of `couture`: the command and its arguments, as the page wrote them. */
// biome-ignore lint/suspicious/noExplicitAny: calls come from the page, and each command checks its arguments.
export type Call = any[]

/** Limit for what waits for a choice; beyond it the oldest is dropped. */
const MAX_HELD = 200

/** Types that only the tag itself may make; with them `track` could forge a proof or a claim. */
const RESERVED = /^(page|identify|reset|consent|engagement|)$/

/** What the first stage needs. Without `endpoint` it waits for `init`. */
export type FirstDeps = {
  settings: BakedSettings
  link: MailLink
  endpoint: string | undefined
  watch: Watch
  /** Fetches the second stage of the tag that sends to this endpoint. `use` is called once. */
  load: (endpoint: string, use: (start: StartSecond) => void) => void
  /** Watches the forms that the settings name, if they name any. */
  watchForms: typeof watchSubmits | false
  /** Notes what happened, where somebody wants to know (debug.ts). */
  say: Say | undefined
}

/** Properties as the page may give them; anything else is a wrong call. */
function propsOf(given: unknown): object | undefined {
  if (given === undefined || (given && typeof given === 'object')) return given
  throw 'properties must be an object'
}

/** Starts the tag on this page. `run` handles a call; `lost` counts lost events. */
export function startFirst({ settings, link, endpoint, watch, load, watchForms, say }: FirstDeps) {
  let { site } = settings
  const lost: Record<string, number> = {}
  // Kept from the start, should the page replace it.
  const { fetch } = window
  const time = () => new Date().toISOString()
  const makeEvent: MakeEvent = (type, props) => ({
    type,
    at: time(),
    url: location.href,
    props: copyOf(props) as Record<string, unknown>,
  })

  let held: Held[] = []
  /** The choice that stands while the second stage is not here. */
  let chosen: Chosen | undefined
  let start: StartSecond | undefined
  let second: SecondStage | undefined
  let isLoading = false

  const granted = () => chosen?.choice.analytics
  /** Whether something may still wait: what a choice forbids is dropped at once. */
  const mayWait = ({ event: { type } }: Held) =>
    !chosen || type === 'visitor' || (granted() && (type !== 'identify' || chosen.choice.identity !== false))
  const put = (item: Held) => {
    say?.('call', item, !!second, mayWait(item))
    if (second) second.take(item)
    else if (mayWait(item) && held.push(item) > MAX_HELD) {
      // The first is the view of the page that the visitor came to.
      held.splice(1, 1)
      lost.overflow = (lost.overflow || 0) + 1
    }
  }
  const { view, onMove } = watchViews(makeEvent, put, link.look)

  /** The second stage is asked for once, and starts when it is here, if consent still stands. */
  const go = () => {
    if (!endpoint || second || !granted()) return
    if (start) {
      second = start({
        settings,
        site,
        endpoint,
        fetch: (...args) => fetch(...args),
        makeEvent,
        view,
        onMove,
        link,
        lost,
        say,
      })
      link.settle = second.settle
      held.forEach(guard(second.take))
      second.choose(chosen)
      held = []
    } else if (!isLoading) {
      isLoading = true
      load(endpoint, (found) => {
        start = found
        go()
      })
    }
  }

  const tell: Tell = (choice, source) => {
    const next = choice && { choice, source: source!, event: makeEvent('consent') }
    say?.('choice', choice, source)
    if (second) second.choose(next)
    else {
      const refused = chosen && !granted()
      chosen = next
      held = held.filter(mayWait)
      // A refusal dropped the page view with the rest, and the visitor is still looking at the page.
      if (refused && granted()) view()
      go()
    }
  }
  const choose = watch(tell, settings)

  if (watchForms) {
    watchForms(
      settings.form_selectors,
      () => (second ? second.allowed() : chosen?.choice.identity),
      (typed) => put({ event: makeEvent('identify'), typed }),
    )
  }
  document.addEventListener(
    'visibilitychange',
    guard(() => {
      if (endpoint && !second && granted() && ofDocument('visibilityState') === 'hidden') {
        leaveEarly(endpoint, site, time(), chosen!, held)
      }
    }),
  )
  addEventListener(
    'pageshow',
    guard((event: PageTransitionEvent) => {
      if (!event.persisted) return
      second?.resume()
      view()
    }),
  )

  /** Each throws a word about what is wrong; `guard` turns it into a warning. */
  const commands: Record<string, (...given: Call) => void> = {
    // Without what libraries add to all objects.
    // @ts-expect-error: no value of the type.
    __proto__: null,
    consent: (given) => choose?.(given),
    page: (props) => view(propsOf(props)),
    track(name, props) {
      if (typeof name !== 'string' || RESERVED.test(name)) throw 'a name must be a text that is none of the tag’s own'
      put({ event: makeEvent(name.slice(0, 64), propsOf(props)) })
    },
    identify: (who) => put({ event: makeEvent('identify'), given: copyOf(Object(who)) }),
    reset: () => put({ event: makeEvent('reset') }),
    visitor(given) {
      if (typeof given !== 'function') throw 'visitor must be given a function'
      put({ event: makeEvent('visitor'), given })
    },
    init(given) {
      const to = Object(given)
      if (!to.site || !to.endpoint) throw 'init must be given {site, endpoint}'
      if (endpoint) return
      ;({ site, endpoint } = to)
      go()
    },
  }

  const run = guard((...[name, ...given]: Call) => {
    if (!commands[name]) throw `${name} is no command`
    commands[name](...given)
  })
  return { run, lost }
}
