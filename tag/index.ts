/**
 * The tag's entry point for a page. Importing it starts the first stage, once per page; it exports nothing.
 *
 * Its first statement takes a link token out of the address bar, before any other script can copy the address into a
 * report or a referrer. Everything it runs is guarded: an error becomes a console warning, never an exception in the
 * page. Starting the tag reads, stores and sends nothing; that waits for consent (consent/gate.ts).
 */
// The source of `manual` stands for the one that the site configured (server/ops/bundle.ts).
import { watch } from './consent/manual.ts'
import { type Call, startFirst } from './first.ts'
import { guard, ofDocument } from './guard.ts'
import { createLink } from './link.ts'
import { type Debug, loadPart, type Second } from './load.ts'
import type { Say } from './seam.ts'
import type { BakedSettings } from './settings.ts'
import { watchSubmits } from './submits.ts'

/** Replaced in the bundle's text by the site's settings; it must appear exactly once. */
declare const __COUTURE_SITE__: BakedSettings
/** Whether the site's settings name forms. The bundler leaves out what depends on it. */
declare const __COUTURE_FORMS__: boolean

/** What a page calls: the snippet's stub, which queues calls in `q`; later the tag, which answers them. */
type Callable = ((...call: Call) => void) & { q?: { push: (call: Call) => void }; lost?: Record<string, number> }

declare global {
  interface Window {
    couture?: Callable
  }
  interface Document {
    prerendering?: boolean
  }
}

/** `/c/tag.js?site=demo` and `/c/tag.4f2a.js?site=demo`, from the last slash on. */
const SCRIPT = /\/tag(\.[\w-]+)?\.js\?.*site=.*/

guard(() => {
  const settings = __COUTURE_SITE__
  const link = createLink(settings.link_param)
  // A frame is not a page that the visitor opened, and on another site it is a stranger's.
  if (top !== window && !settings.frames) return
  // `currentScript` is null in a module and wrong in a shop's own bundle.
  const scripts = [ofDocument('currentScript') as HTMLScriptElement | null, ...ofDocument('scripts')]
  const own = scripts.find((script) => script && SCRIPT.test(script.src))
  const { name = 'couture', debug, datalayer } = { ...own?.dataset }
  // The collector is served beside the script.
  const endpoint = own?.src.replace(SCRIPT, '/v1/events')

  const start = guard(() => {
    const page = window as unknown as Record<string, Callable>
    // An element with this id is found there, too.
    const stub = typeof page[name] === 'function' ? page[name] : undefined
    // The script is on the page twice: the first copy goes on.
    if (stub?.lost) return
    if (datalayer) {
      // A page may name its data layer itself; without the setting, the second stage is one that can read it.
      if (!settings.datalayer) settings.second += '?datalayer'
      settings.datalayer = datalayer
    }
    const notes: Parameters<Say>[] = []
    const say: Say | undefined =
      debug !== undefined || (own && location.hostname === 'localhost') ? (...note) => notes.push(note) : undefined
    if (say) loadPart<Debug>(own!.src.replace(SCRIPT, '/tag.debug.js'), ({ explain }) => explain(notes))
    const { run, lost } = startFirst({
      settings,
      link,
      endpoint,
      watch,
      load: (to, use) =>
        loadPart<Second>(to.replace('v1/events', settings.second), ({ startSecond }) => use(startSecond)),
      watchForms: __COUTURE_FORMS__ && watchSubmits,
      say,
    })
    // Code that kept the stub in a variable goes on pushing to `q`.
    page[name] = Object.assign(run, { lost, q: { push: (call: Call) => run(...call) } })
    for (const call of (stub?.q as Call[] | undefined) || []) run(...call)
  })
  // A prerendered page may never be seen: the stub queues its calls until it is shown.
  if (document.prerendering) document.addEventListener('prerenderingchange', start)
  else start()
})()
