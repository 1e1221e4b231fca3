/**
 * The tag's three keys in localStorage. Whoever calls this must hold consent to `analytics`: reading is as forbidden
 * as writing before it. Where the browser blocks or fills storage, memory takes its place, so no caller needs to care:
 * the page works as before and the next page starts afresh.
 */

/** `candidate`: the visitor's id until the first reply. `consent`: the choice that stands. `unsent`: events to resend. */
export type StorageKey = 'candidate' | 'consent' | 'unsent'

/** Values are JSON; `null` is what is not there or cannot be read. */
export type TagStorage = {
  get<T>(key: StorageKey): T | null
  set(key: StorageKey, value: unknown): void
  remove(...keys: StorageKey[]): void
}

/** The key as the browser sees it. */
export function storageName(key: StorageKey): string {
  return `couture.${key}`
}

/** `area` is called at each use, since the mere access to `localStorage` throws where it is blocked. */
export function createStorage(area: () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): TagStorage {
  const memory = new Map<StorageKey, string>()
  return {
    get(key) {
      try {
        return JSON.parse(memory.get(key) || area().getItem(storageName(key))!)
      } catch {
        return null
      }
    },
    set(key, value) {
      const text = JSON.stringify(value)
      memory.delete(key)
      try {
        area().setItem(storageName(key), text)
      } catch {
        memory.set(key, text)
      }
    },
    remove(...keys) {
      for (const key of keys) {
        memory.delete(key)
        try {
          area().removeItem(storageName(key))
        } catch {
          // Blocked: then it never held anything of ours.
        }
      }
    },
  }
}
