/** Batches the collector thread's replies with its counts, so that simultaneous replies cross in one message. */
import type { Answer } from '../collect/accept.ts'
import { Problem, problemAnswer } from '../domain/problem.ts'
import { type PackedAnswer, packAnswer } from './packed.ts'

/** Creates the batching. `send` posts a batch; `onFailed` reports an unexpected error. */
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
    // All requests of a journal group are answered in one go, once the group is on disk.
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
