/** The progress bar of long commands. It is drawn on stderr, and only on a terminal, so that stdout stays parseable. */

/** The shortest time between two drawings. */
const DRAW_EVERY_MS = 100

/** A line that overwrites itself, if it is `shown`. `text` is called only when a drawing is due, with the elapsed time. */
export type Bar = { shown: boolean; draw(text: (elapsedMs: number, width: number) => string): void; end(): void }

/** Creates a bar, which draws nothing unless stderr is a terminal. */
export function createBar(): Bar {
  const began = performance.now()
  const shown = process.stderr.isTTY === true
  let drawn = 0
  return {
    shown,
    draw(text) {
      const elapsedMs = performance.now() - began
      if (!shown || elapsedMs - drawn < DRAW_EVERY_MS) return
      drawn = elapsedMs
      process.stderr.write(`\r\x1b[K${text(elapsedMs, process.stderr.columns ?? 80)}`)
    },
    end() {
      if (drawn > 0) process.stderr.write('\r\x1b[K')
    },
  }
}

/** `[####    ] 1,200 of 3,000 visitors`, as wide as `width` allows. */
export function shareText(done: number, total: number, what: string, width: number): string {
  const n = (value: number) => value.toLocaleString('en')
  const text = `${n(done)} of ${n(Math.max(done, total))} ${what}`
  const length = Math.min(30, width - text.length - 4)
  if (length < 5) return text.slice(0, width - 1)
  const full = Math.round(Math.min(1, done / Math.max(1, total)) * length)
  return `[${'#'.repeat(full)}${' '.repeat(length - full)}] ${text}`
}
