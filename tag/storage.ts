/**
 * The tag's four keys in localStorage, and one in sessionStorage. Callers must hold consent to `analytics`: before that, reading is as forbidden
 * as writing. If storage is blocked or full, memory takes its place, so callers need not care: the page works as usual
 * and the next page starts afresh.
 */

import { fromJson, quickJson } from './json.ts'
import type { WireBatch } from './wire.ts'

/** Events with the visitor and the consent they are sent under; site and sending time are added on sending. */
export type Batch = Omit<WireBatch, 'site' | 'sent_at'>

/**
 * `candidate`: the visitor's secret until the first 2xx. `consent`: the choice that stands. `unsent`: events to resend.
 * `early`: those of a page that was left before the second stage was there (leave-early.ts). `trail`: the tab's last page under consent.
 */
export type StorageKey = 'candidate' | 'consent' | 'unsent' | 'early' | 'trail'

/** Values are JSON; `null` if missing or unreadable. */
export type TagStorage = {
  get<T>(key: StorageKey): T | null
  set(key: StorageKey, value: unknown): void
  remove(...keys: StorageKey[]): void
}

/** The key's name in the browser's storage. */
export function storageName(key: StorageKey): string {
  return `couture.${key}`
}

/** `area` is called at each use, because merely accessing `localStorage` throws where it is blocked. */
export function createStorage(area: () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): TagStorage {
  const memory = new Map<StorageKey, string>()
  return {
    get(key) {
      try {
        return fromJson(memory.get(key) || area().getItem(storageName(key)))
      } catch {
        return null
      }
    },
    set(key, value) {
      const text = quickJson(value)
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
          // Blocked, so it never held anything of ours.
        }
      }
    },
  }
}
