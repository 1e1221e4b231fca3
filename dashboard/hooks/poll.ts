/**
 * Keeps a page's figures fresh: loads them, and reloads some seconds after each answer while the tab is visible. Loaded
 * data stay on screen until new data arrive, even when a load fails, and the focused element keeps the focus. Only one
 * load is in progress at a time; changing `key` or leaving the page aborts it.
 */
import { flushSync, useLayoutEffect, useRef, useState } from 'hono/jsx/dom'
import { ApiError } from '../api.ts'

/** The pause between an answer and the next request, unless a page chooses its own. */
const REFRESH_MS = 5_000

/** The state of a page: the last data with its key and time, and the error if the latest load failed. */
export type Polled<T> = { data: T | null; key: string; at: number; error: ApiError | null }

/**
 * Renders a change at once and restores the focus if the change took it away (moving an element in the document drops
 * its focus).
 */
function keepFocus(change: () => void): void {
  const held = document.activeElement
  flushSync(change)
  if (held instanceof HTMLElement && held.isConnected && document.activeElement !== held) {
    held.focus({ preventScroll: true })
  }
}

/** Loads now and every `pauseMs`; `key` names what is loaded, and a new key loads at once. */
export function usePoll<T>(key: string, load: (signal: AbortSignal) => Promise<T>, pauseMs = REFRESH_MS) {
  const [polled, setPolled] = useState<Polled<T>>({ data: null, key, at: 0, error: null })
  const latest = useRef(load)
  latest.current = load
  const restart = useRef<() => void>(() => {})

  // A layout effect, because it runs before the component can be unmounted again: an ordinary effect waits for the
  // next frame and would then start a poll that nothing ends.
  useLayoutEffect(() => {
    let current = new AbortController()
    let timer = 0
    let running = false

    async function run() {
      if (running || document.hidden) return
      running = true
      clearTimeout(timer)
      const mine = new AbortController()
      current = mine
      try {
        const data = await (latest.current ?? load)(mine.signal)
        if (!mine.signal.aborted) keepFocus(() => setPolled({ data, key, at: Date.now(), error: null }))
      } catch (error) {
        if (mine.signal.aborted) return
        const known = error instanceof ApiError ? error : new ApiError(0, String(error))
        if (known.status === 401) return
        keepFocus(() => setPolled((before) => ({ ...before, error: known })))
      } finally {
        if (current === mine) running = false
        if (!mine.signal.aborted) timer = window.setTimeout(run, pauseMs)
      }
    }

    restart.current = () => {
      current.abort()
      running = false
      void run()
    }
    const onVisible = () => void run()
    document.addEventListener('visibilitychange', onVisible)
    void run()
    return () => {
      current.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [key])

  return { ...polled, setPolled, reload: () => restart.current?.() }
}
