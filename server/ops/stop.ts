/** The end of a process: one thing after the other, within a bounded time, and told what was left. */

/** How long it took, and what was not finished. */
export type Stopped = { ms: number; left: string[] }

/** Ends `what` within the given time; a text says what was not finished though it ended. */
type Step = [what: string, end: (ms: number) => Promise<unknown>]

/** Ends the steps in order. Where time runs out, what is not ended is left. */
export async function stopInOrder(ms: number, steps: Step[]): Promise<Stopped> {
  const began = performance.now()
  const left: string[] = []
  for (const [what, end] of steps) {
    const rest = Math.max(0, ms - (performance.now() - began))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(what), rest)
    })
    const unfinished = await Promise.race([end(rest), late])
    clearTimeout(timer)
    if (typeof unfinished === 'string') left.push(unfinished)
  }
  return { ms: Math.round(performance.now() - began), left }
}
