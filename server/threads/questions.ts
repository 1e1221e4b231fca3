/** Requests to another thread. Each is answered by its number, or by a substitute if the thread has died. */

/** Creates the requests to one thread. */
export function createQuestions() {
  const pending = new Map<number, { resolve: (answer: never) => void; whenDead: (why: string) => unknown }>()
  let numbers = 0
  let dead: string | null = null
  const answer = (number: number, value: unknown): void => {
    pending.get(number)?.resolve(value as never)
    pending.delete(number)
  }
  return {
    /** Sends a request. `send` gets its number; `whenDead` provides the answer if the thread has died. */
    ask: <T>(send: (number: number) => void, whenDead: (why: string) => T): Promise<T> =>
      new Promise((resolve) => {
        if (dead !== null) return resolve(whenDead(dead))
        pending.set(++numbers, { resolve, whenDead })
        send(numbers)
      }),
    answer,
    die(error: Error): void {
      dead = error.message
      for (const [number, { whenDead }] of [...pending]) answer(number, whenDead(dead))
    },
  }
}
