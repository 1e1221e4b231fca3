/**
 * Klaro 0.7. Categories are the names of services and of their purposes. What it holds before the visitor has confirmed
 * anything is the shop's default, and what a switch shows before it is saved is no choice. Required services are not asked
 * for.
 */
import type { Watch } from './source.ts'
import { type Reading, type Source, watchPlatforms } from './watch.ts'

type Manager = {
  confirmed: boolean
  savedConsents: Record<string, boolean>
  config: { required?: boolean; services: { name: string; purposes?: string[]; required?: boolean }[] }
  watch: (watcher: { update: (manager: Manager, event: string) => void }) => void
}
type Page = { klaro?: { getManager: () => Manager; version: () => string } }

/** Reads the manager of `window.klaro`. Asked for earlier, it would start before the page is there. */
export const klaro: Source = (changed) => {
  const platform = (window as Page).klaro
  if (!platform || document.readyState === 'loading') return
  const manager = platform.getManager()
  manager.watch({
    update(_, event) {
      if (event === 'saveConsents') changed()
    },
  })
  return () => {
    if (!manager.confirmed) return
    const states: Reading['states'] = []
    for (const { name, purposes, required } of manager.config.services) {
      if (required || manager.config.required) continue
      for (const category of [name, ...(purposes || [])]) states.push([category, manager.savedConsents[name]!])
    }
    return { states, policy: `klaro ${platform.version()}` }
  }
}

/** Watches it. */
export const watch: Watch = (tell, settings) => watchPlatforms([['klaro', klaro]], tell, settings)
