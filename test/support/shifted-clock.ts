/**
 * Preloaded by the tests (`node --import`): moves the clock of a process and of all its threads by `CLOCK_OFFSET_MS`,
 * so that the product itself needs no switch for it. Timers go on as ever.
 */
const offset = Number(process.env.CLOCK_OFFSET_MS ?? 0)

if (offset !== 0) {
  const RealDate = Date
  const realNow = Date.now
  class ShiftedDate extends RealDate {
    constructor(...args: [] | [string | number | Date]) {
      if (args.length === 0) super(realNow() + offset)
      else super(...(args as [number]))
    }
    static override now(): number {
      return realNow() + offset
    }
  }
  globalThis.Date = ShiftedDate as DateConstructor
}
