/**
 * Requests in flight to and from the collector thread. They are sent in batches, and wait in memory while the disk is
 * slow or the processor busy; above a limit they are refused.
 */
import { type Answer, type CollectRequest, type Endpoint, journalUnavailable } from '../collect/accept.ts'
import { type PackedAnswer, type PackedRequest, packRequest, unpackAnswer } from './packed.ts'

/**
 * The largest batch of requests. A smaller one would cost more messages; a larger one would leave the collector idle
 * while this thread reads.
 */
const BATCH = 16

/** The most characters of requests in flight. */
const MAX_CHARS = 64 * 1024 * 1024

type Job = { resolve: (answer: Answer) => void; reject: (error: Error) => void; chars: number }

/** Tracks the requests in flight. `send` posts a batch; `later` calls back once all requests read so far have arrived. */
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
    /** Collects a request. Resolves to its reply; rejects with a `Problem` if nothing can be accepted now. */
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
    /** Called if the thread has died: fails all current and later requests. */
    die(error: Error): void {
      dead = error
      for (const number of [...jobs.keys()]) take(number)?.reject(unavailable())
    },
  }
}
