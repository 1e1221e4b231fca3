/**
 * Requests on their way to the thread that collects and back. They go over a few at a time, and wait in memory for a
 * disk that is slow or a processor that is busy; past a bound they are turned away.
 */
import { type Answer, type CollectRequest, type Endpoint, journalUnavailable } from '../collect/accept.ts'
import { type PackedAnswer, type PackedRequest, packRequest, unpackAnswer } from './packed.ts'

/**
 * So many requests are handed over at once: fewer would cost more messages, more would leave the thread idle while
 * this one reads.
 */
const BATCH = 16

/** The most characters of requests that may be under way. */
const MAX_CHARS = 64 * 1024 * 1024

type Job = { resolve: (answer: Answer) => void; reject: (error: Error) => void; chars: number }

/** Makes it. `send` hands a batch over; `later` calls back once requests that were read at the same time are here. */
export function createUnderWay(deps: {
  send: (batch: PackedRequest[]) => void
  later: (handOver: () => void) => void
}) {
  const jobs = new Map<number, Job>()
  let batch: PackedRequest[] = []
  let numbers = 0
  let chars = 0
  let dead: Error | null = null

  const handOver = () => {
    if (batch.length === 0) return
    deps.send(batch)
    batch = []
  }
  const take = (number: number): Job | undefined => {
    const job = jobs.get(number)
    jobs.delete(number)
    chars -= job?.chars ?? 0
    return job
  }
  const unavailable = () => journalUnavailable(`the journal cannot be written: ${dead?.message}`)

  return {
    /** Hands a request over. Resolves to its answer; rejects with a `Problem` where nothing can be accepted. */
    collect(endpoint: Endpoint, request: CollectRequest): Promise<Answer> {
      if (dead !== null) return Promise.reject(unavailable())
      if (chars > MAX_CHARS) return Promise.reject(journalUnavailable('the disk of the journal is too slow'))
      return new Promise((resolve, reject) => {
        const number = ++numbers
        chars += request.text.length
        jobs.set(number, { resolve, reject, chars: request.text.length })
        batch.push(packRequest(number, endpoint, request))
        if (batch.length >= BATCH) handOver()
        else if (batch.length === 1) deps.later(handOver)
      })
    },
    answered(list: PackedAnswer[]): void {
      for (const answer of list) take(answer[0])?.resolve(unpackAnswer(answer))
    },
    failed(number: number, error: Error): void {
      take(number)?.reject(error)
    },
    /** The thread has died: what is under way fails, and so does what comes. */
    die(error: Error): void {
      dead = error
      for (const number of [...jobs.keys()]) take(number)?.reject(unavailable())
    },
  }
}
