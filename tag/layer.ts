/**
 * Follows a data layer: the array to which a page pushes what happens, for Google's tags and whoever else reads along.
 *
 * Every entry is seen once, those from before the tag included, although the page may put another array in its place,
 * create it late, or replace `push`, as Google's own tag does. The shop's calls of `push` behave as they do without the
 * tag, in arguments, result and exceptions.
 */
import { guard } from './guard.ts'

/** An entry: an object, or what `gtag` was called with. */
// biome-ignore lint/suspicious/noExplicitAny: entries come from the page, and their readers check them.
export type LayerEntry = any

/** Reads entries as they are pushed. The returned function must be called now and then: it finds what was replaced. */
export function watchLayer(name: string, read: (entry: LayerEntry) => void): () => void {
  const seen = new WeakSet<object>()
  let own: unknown
  let isInside = false

  const take = guard((entry: unknown) => {
    if (!entry || typeof entry !== 'object') return
    seen.add(entry)
    read(entry)
  })
  const look = () => {
    const layer = (window as unknown as Record<string, LayerEntry>)[name]
    if (!layer) return
    if (layer.push !== own) {
      const { push } = layer
      if (typeof push !== 'function') return
      own = layer.push = function (this: unknown, ...entries: unknown[]) {
        // Another wrapper may call an earlier one of ours.
        if (isInside) return push.apply(this, entries)
        isInside = true
        try {
          return push.apply(this, entries)
        } finally {
          isInside = false
          entries.forEach(take)
          look()
        }
      }
    }
    if (Array.isArray(layer)) for (const entry of layer) if (!seen.has(entry)) take(entry)
  }
  return look
}
