/** Answers of the thread that collects, with what was counted. Those that are there at the same time go back together. */
import type { Answer } from '../collect/accept.ts'
import { Problem, problemAnswer } from '../domain/problem.ts'
import { type PackedAnswer, packAnswer } from './packed.ts'

/** Makes them. `send` hands a batch back, `onFailed` reports what is no answer but a fault. */
export function createAnswers(on: {
  send: (list: PackedAnswer[], counts: Map<string, number>) => void
  onFailed: (job: number, error: Error) => void
}) {
  let answers: PackedAnswer[] = []
  let counts = new Map<string, number>()
  const handBack = () => {
    on.send(answers, counts)
    answers = []
    counts = new Map()
  }
  const answer = (job: number, given: Answer): void => {
    // A group that is on disk answers its requests one after the other.
    if (answers.length === 0) queueMicrotask(handBack)
    answers.push(packAnswer(job, given))
  }
  return {
    answer,
    fail(job: number, error: unknown): void {
      if (error instanceof Problem) answer(job, problemAnswer(error))
      else on.onFailed(job, error instanceof Error ? error : new Error(String(error)))
    },
    count(what: string, n: number): void {
      if (n > 0) counts.set(what, (counts.get(what) ?? 0) + n)
    },
  }
}
