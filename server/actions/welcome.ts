/** What a server tells the person who started it: where everything is, and what to paste into a shop's pages. */
import { DEMO_SITE } from '../domain/demo.ts'
import type { Site } from '../domain/settings.ts'
import type { Config } from '../ops/config.ts'

/** The URLs of what a server serves, and the snippet of a site: the first real one, or else the demo's. */
export type Welcome = {
  address: string
  dashboard: string
  /** Null while the demo shop is closed. */
  demo: string | null
  /** Null if there is no site; the snippet then has `SITE` in its place. */
  site: string | null
  snippet: string
}

/** The words for a server with these sites. */
export function welcomeTo({ publicUrl, adminUrl }: Config, sites: Iterable<Site>, isDemoOpen: boolean): Welcome {
  const ids = [...sites].map((site) => site.id)
  const site = ids.find((id) => id !== DEMO_SITE) ?? ids[0] ?? null
  return {
    address: publicUrl,
    dashboard: `${adminUrl ?? publicUrl}/dashboard/`,
    demo: isDemoOpen ? `${publicUrl}/demo` : null,
    site,
    snippet:
      `<script async src="${publicUrl}/tag.js?site=${site ?? 'SITE'}"></script>\n` +
      // An element of the page with this id is found under the name, too.
      "<script>if(typeof couture!='function')window.couture=function(){(couture.q=couture.q||[]).push(arguments)}</script>",
  }
}
