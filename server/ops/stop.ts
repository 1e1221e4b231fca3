/** Shuts a process down: one step after the other, within a bounded time, with a report of what was left. */

import type { Logger } from 'pino'

/** How long it took, and what was not finished. */
export type Stopped = { ms: number; left: string[] }

/** Ends `what` within the given time; a returned text says what was not finished although it ended. */
type Step = [what: string, end: (ms: number) => Promise<unknown>]

/** Ends the steps in order. When time runs out, the remaining steps are abandoned. */
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

/**
 * Ends the process because a thread has died. It could go on with half its work, but better to be restarted by whoever
 * watches it.
 */
export function endProcess(log: Logger, error: unknown, text: string): void {
  log.fatal({ err: error }, text)
  process.exitCode = 1
  process.kill(process.pid, 'SIGTERM')
}
