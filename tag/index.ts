/**
 * The tag's entry point. Importing it starts the tag, once per page; it exports nothing.
 *
 * Its first statement takes a link token out of the address bar, before any other script can copy the address into a
 * report or a referrer. Everything it runs is guarded: an error becomes a console warning, never an exception in the
 * page. Starting the tag reads, stores and sends nothing; that waits for consent (consent/gate.ts).
 */
import { takeLinkToken } from './address.ts'
import { guard, ofDocument } from './guard.ts'
import type { TagSettings } from './settings.ts'
import { type Call, startTag } from './tag.ts'

/** Replaced in the bundle's text by the site's settings; it must appear exactly once. */
declare const __COUTURE_SITE__: TagSettings

declare global {
  interface Window {
    /** The snippet's stub, which queues calls in `q`; later the tag, which answers them. */
    couture?: ((...call: Call) => void) & { q?: { push: (call: Call) => void }; lost?: Record<string, number> }
  }
  interface Document {
    prerendering?: boolean
  }
}

/** `/c/tag.js?site=demo` and `/c/tag.4f2a.js?site=demo`, from the last slash on. */
const SCRIPT = /\/tag(\.[\w-]+)?\.js\?.*site=.*/

/** The site's settings. A shop that bundles the tag itself has none, and names the site with `init`. */
function bakedSettings(): Pick<TagSettings, 'link_param'> & Partial<TagSettings> {
  try {
    return __COUTURE_SITE__
  } catch {
    return { link_param: '#cl' }
  }
}

/** The collector is served beside the script. `currentScript` is null in a module and wrong in a shop's own bundle. */
function findEndpoint(): string | undefined {
  const scripts = [ofDocument('currentScript') as HTMLScriptElement | null, ...ofDocument('scripts')]
  const own = scripts.find((script) => script && SCRIPT.test(script.src))
  return own?.src.replace(SCRIPT, '/v1/events')
}

/** What the page has under the name. An element with this id is found there, too. */
const present = () => (typeof window.couture === 'function' ? window.couture : undefined)

guard(() => {
  const settings = bakedSettings()
  const token = takeLinkToken(settings.link_param)
  // A frame is not a page that the visitor opened, and on another site it is a stranger's.
  if (top !== window && !settings.frames) return
  const endpoint = findEndpoint()
  const stub = present()
  // The script is on the page twice: the first copy goes on.
  if (stub?.lost) return

  const begin = (to: { site?: string; endpoint?: string }) => {
    const { site, endpoint } = Object(to)
    if (!site || !endpoint) throw Error("'init' must be given {site, endpoint}")
    if (present()?.lost) return
    const calls = present()?.q
    const { run, lost } = startTag({ settings: { ...settings, site }, endpoint, token })
    // Code that kept the stub in a variable goes on pushing to `q`.
    window.couture = Object.assign(run, { lost, q: { push: (call: Call) => run(...call) } })
    for (const call of (calls as Call[] | undefined) || []) run(...call)
  }

  if (endpoint) {
    const start = guard(() => begin({ site: settings.site, endpoint }))
    // A prerendered page may never be seen: the stub queues its calls until it is shown.
    if (document.prerendering)
      document.addEventListener('prerenderingchange', start, { __proto__: null, once: true } as object)
    else start()
    return
  }
  const q = (stub?.q as Call[] | undefined) || []
  const wait = guard((...call: Call) => {
    q.push(call)
    if (call[0] === 'init') begin(call[1])
  })
  window.couture = Object.assign(wait, { q })
  for (const call of q) if (call[0] === 'init') begin(call[1])
})()
