/**
 * Google's Consent Mode v2: `gtag('consent', 'update', {analytics_storage: 'granted', …})`, which pages and consent
 * platforms push into the data layer as `arguments` objects. Only an `update` is the visitor's word; a `default` is the
 * shop's. Updates name some of the types each time, and are merged.
 */
import { watchLayer } from '../layer.ts'
import type { Watch } from './source.ts'
import { type Source, watchPlatforms } from './watch.ts'

/** Reads the data layer under the name `layer`. */
export const google: Source = (changed, layer) => {
  const said: Record<string, boolean> = {}
  const look = watchLayer(layer, (entry) => {
    if (entry[0] !== 'consent' || entry[1] !== 'update') return
    for (const type of Object.keys(entry[2])) said[type] = entry[2][type] === 'granted'
    changed()
  })
  return () => {
    look()
    return { states: Object.entries(said), isPartial: true }
  }
}

/** Watches it. */
export const watch: Watch = (tell, settings) => watchPlatforms([['google', google]], tell, settings)
