/**
 * Preloaded by the tests (`node --import`): moves the clock of a process and of all its threads by `CLOCK_OFFSET_MS`,
 * so that the product needs no switch for it. With `CLOCK_FILE` the offset is read from that file, even if it changes
 * while the process runs, as if the clock was set. Timers are unaffected.
 */
import { readFileSync } from 'node:fs'

/** How often the file is read. */
const LOOK_EVERY_MS = 20

const RealDate = Date
const realNow = Date.now

let file: string | undefined
let offset = 0
let lookedAt = Number.NEGATIVE_INFINITY

function shifted(): number {
  if (file !== undefined && performance.now() - lookedAt > LOOK_EVERY_MS) {
    lookedAt = performance.now()
    try {
      offset = Number(readFileSync(file, 'utf8'))
    } catch {
      // The test is over, and a process that ran a command for it goes on.
    }
  }
  return realNow() + offset
}

class ShiftedDate extends RealDate {
  constructor(...args: [] | [string | number | Date]) {
    if (args.length === 0) super(shifted())
    else super(...(args as [number]))
  }
  static override now(): number {
    return shifted()
  }
}

/** Sets the clock by the environment as it is now. A process that runs several commands calls it before each. */
export function setClock(): void {
  file = process.env.CLOCK_FILE
  offset = Number(process.env.CLOCK_OFFSET_MS ?? 0)
  lookedAt = Number.NEGATIVE_INFINITY
  globalThis.Date = offset === 0 && file === undefined ? RealDate : (ShiftedDate as DateConstructor)
}

setClock()
