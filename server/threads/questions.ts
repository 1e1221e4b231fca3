/** Questions to another thread, each answered by its number, or in its place if the thread has died. */

/** Makes the questions of one thread. */
export function createQuestions() {
  const asked = new Map<number, { resolve: (answer: never) => void; whenDead: (why: string) => unknown }>()
  let numbers = 0
  let dead: string | null = null
  const answer = (number: number, value: unknown): void => {
    asked.get(number)?.resolve(value as never)
    asked.delete(number)
  }
  return {
    /** Asks. `send` is given the number; `whenDead` makes the answer if the thread has died. */
    ask: <T>(send: (number: number) => void, whenDead: (why: string) => T): Promise<T> =>
      new Promise((resolve) => {
        if (dead !== null) return resolve(whenDead(dead))
        asked.set(++numbers, { resolve, whenDead })
        send(numbers)
      }),
    answer,
    die(error: Error): void {
      dead = error.message
      for (const [number, { whenDead }] of [...asked]) answer(number, whenDead(dead))
    },
  }
}
