/** A rest that a call ends early. */

/** Makes it. A call that comes while nobody rests makes the next rest end at once. */
export function createRest() {
  let woken = false
  let end: () => void = () => {}
  return {
    wake(): void {
      woken = true
      end()
    },
    /** Waits for a call, or for `ms`. */
    async rest(ms: number): Promise<void> {
      if (!woken) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          end = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      woken = false
    },
  }
}
