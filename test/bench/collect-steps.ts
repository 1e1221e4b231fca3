/**
 * Where the time of an acknowledgement goes: the cost of each step of `POST /v1/events`, and how long a process's main
 * thread and its other threads run per request. For profiling.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { withoutPersonal } from '../../server/collect/personal-data.ts'
import { cleanTexts } from '../../server/collect/stamp.ts'
import { isEnvelope, isEvent } from '../../server/collect/wire-check.ts'
import { isTooDeep } from '../../server/domain/depth.ts'
import { defaultSettings } from '../../server/domain/settings.ts'
import { createKeyring } from '../../server/ops/keyring.ts'
import type { WireEvent } from '../../tag/wire.ts'
import { body } from './load.ts'
import { quantile } from './table.ts'

const RUNS = 150
const CALLS_A_RUN = 50

/** Microseconds of each step for a request of `events` events, from a fast run, because the machine may be busy. */
export function stepTimes(events: number): Record<string, number> {
  const { kept_query } = defaultSettings()
  const { cookieMac, visitor } = createKeyring('a root secret for a benchmark')
  // Many texts, as under load: a single one would stay in the processor's cache.
  const texts = Array.from({ length: 300 }, (_, n) => body(String(n), events, String(n)))
  const parsed = texts.map((text) => JSON.parse(text) as { events: WireEvent[] })
  const time = (work: (n: number) => unknown) => {
    const runs: number[] = []
    for (let run = 0; run < RUNS; run++) {
      const began = performance.now()
      for (let call = 0; call < CALLS_A_RUN; call++) work((run * CALLS_A_RUN + call) % texts.length)
      runs.push(((performance.now() - began) * 1000) / CALLS_A_RUN)
    }
    return quantile(runs, 0.1)
  }
  const each = (work: (event: WireEvent) => unknown) => (n: number) => parsed[n]!.events.map(work)
  return {
    'JSON.parse': time((n) => JSON.parse(texts[n]!)),
    'check of the envelope': time((n) => isEnvelope(parsed[n])),
    'check of the events': time(each((event) => isEvent(event))),
    'how deep they are': time(each((event) => isTooDeep(event))),
    'cleaning of addresses': time(each((event) => cleanTexts(event, kept_query, () => {}))),
    'search for what names a person': time(each((event) => withoutPersonal({ ...event, at: 0 }, () => {}))),
    'times of the events': time(each((event) => Date.parse(event.at))),
    'hash of the candidate': time((n) => visitor('demo', `candidate-of-run-00000-${n}`)),
    'MAC of the cookie': time((n) => cookieMac(`demo visitor-${n} 1700000000 1700000000`)),
    'JSON.stringify': time((n) => JSON.stringify(parsed[n])),
  }
}

/** How long a process's threads have run, in microseconds: the main thread and all others. Null except on Linux. */
export function runTimes(pid: number): { main: number; others: number } | null {
  if (process.platform !== 'linux') return null
  const times = { main: 0, others: 0 }
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    const ran = Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]) / 1000
    times[Number(id) === pid ? 'main' : 'others'] += ran
  }
  return times
}
