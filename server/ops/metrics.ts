/** Metrics for Prometheus. Labels hold codes, route patterns and names of stages, never ids. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What one turn of landing and deriving has done, and how long each part took (null if it did nothing). */
export type Turn = {
  landMs: number | null
  events: number
  deriveMs: number | null
  derived: { visitor: number; person: number; contact: number }
}

/** Figures that are collected from elsewhere on each scrape. */
export type Figures = {
  /** Accepted and not landed: groups of requests, bytes, and how long the oldest has been waiting. */
  waiting: () => Promise<{ entries: number; bytes: number; oldestMs: number }>
  /** Null while the store cannot be read. */
  store: () => Promise<StoreFigures | null>
  /** File sizes by name. */
  files: () => Record<string, number>
}

/** Marks that wait to be derived, and the number of dead letters. */
export type StoreFigures = {
  dirty: { visitors: number; persons: number; contacts: number }
  deadLetters: { land: number; derive: number }
}

/** The metrics of the process. */
export type Metrics = {
  /** Events that were accepted, were duplicates, came from bots, or were refused by code; and what was taken out of them. */
  count(what: string, n: number): void
  /** An answered request, by the pattern of its route. */
  request(method: string, route: string, status: number): void
  /** A redirected mail link, by what seems to have fetched it. */
  linkFetched(kind: 'page' | 'suspect'): void
  /** A request or a connection that was refused because its sender has reached a limit. */
  limited(limit: string): void
  /** A request whose client a proxy named, although none is trusted. */
  forwardedUnread(): void
  /** Something that was sent and could not be read or kept, by the kind of problem. */
  unread(problem: string, n: number): void
  failed(stage: string): void
  /** Derived rows were not written, because another process has taken over the keys. */
  fenced(): void
  landed(position: number, lagMs: number): void
  turn(turn: Turn): void
  text(): Promise<string>
}

/** In seconds: the batches that matter are those that block other writers. */
const BUCKETS_S = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Any other method is counted as `other`: a stranger must not create series at will. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** What is taken out of texts, counted beside the events that hold it. */
const PERSONAL = ['email', 'phone', 'iban']

/** Creates the metrics in their own registry. `problems`: the kinds of what can be wrong with what is sent. */
export function createMetrics(version: string, problems: readonly string[], figures: Figures): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers })
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers })
  const histogram = (name: string, help: string) => new Histogram({ name, help, buckets: BUCKETS_S, registers })

  gauge('couture_build_info', 'Always 1; the labels name the version.', ['version', 'node']).set(
    { version, node: process.versions.node },
    1,
  )
  const events = counter('couture_events_total', 'Events by their outcome at the collector.', ['outcome'])
  const removed = counter(
    'couture_personal_data_removed_total',
    'Addresses, telephone numbers and IBANs that were taken out of the texts of events.',
    ['kind'],
  )
  for (const kind of PERSONAL) removed.inc({ kind }, 0)
  const requests = counter('couture_http_requests_total', 'Answered requests by the pattern of their route.', [
    'method',
    'route',
    'status',
  ])
  const linkFetches = counter(
    'couture_link_fetches_total',
    'Redirected mail links, fetched by a page that opens or by what looks like a scanner or a preview.',
    ['kind'],
  )
  for (const kind of ['page', 'suspect']) linkFetches.inc({ kind }, 0)
  const quality = counter(
    'couture_quality_problems_total',
    'What was sent and could not be read or kept, by the kind of problem; docs/quality.md lists them.',
    ['problem'],
  )
  for (const problem of problems) quality.inc({ problem }, 0)
  const limits = counter('couture_limited_total', 'Requests and connections that were refused because of a limit.', [
    'limit',
  ])
  const unread = counter(
    'couture_forwarded_unread_total',
    'Requests whose client a proxy named in X-Forwarded-For while TRUST_PROXY was 0: they count as the proxy’s own.',
  )
  const failures = counter(
    'couture_stage_failures_total',
    'Failed rounds of landing, deriving and maintenance, each of which is retried, and keys that were set aside.',
    ['stage'],
  )
  const fenced = counter(
    'couture_fenced_writes_total',
    'Derived writes that were refused because another process had taken over the keys.',
  )
  const position = gauge('couture_landed_position', 'The last landed journal entry.')
  const lag = gauge('couture_landing_lag_seconds', 'How long the last landed entry had waited in the journal.')
  const landedEvents = counter('couture_landed_events_total', 'Landed events.')
  const derived = counter('couture_derived_total', 'Derived visitors, persons and contacts.', ['kind'])
  const landing = histogram('couture_landing_batch_seconds', 'How long batches of landing took.')
  const deriving = histogram('couture_deriving_round_seconds', 'How long rounds of deriving took.')
  const entries = gauge('couture_journal_backlog_entries', 'Groups of requests that were accepted and have not landed.')
  const bytes = gauge('couture_journal_backlog_bytes', 'Bytes that were accepted and have not landed.')
  const oldest = gauge(
    'couture_journal_oldest_waiting_seconds',
    'How long the oldest entry that has not landed has been waiting; 0 if there is none.',
  )
  const dirty = gauge('couture_dirty_marks', 'Keys that are waiting to be derived or published.', ['kind'])
  const letters = gauge('couture_dead_letters', 'Entries that could not be landed, and keys that cannot be derived.', [
    'kind',
  ])
  const files = gauge('couture_file_bytes', 'Sizes of the files in the data folder.', ['file'])

  // Counts per request are added up here, because looking up a series by its labels takes a microsecond.
  const outcomes = new Map<string, number>()
  const answered = new Map<string, number>()
  const add = (sums: Map<string, number>, key: string, n: number) => sums.set(key, (sums.get(key) ?? 0) + n)
  const handOver = () => {
    for (const [what, n] of outcomes) {
      if (PERSONAL.includes(what)) removed.inc({ kind: what }, n)
      else events.inc({ outcome: what }, n)
    }
    for (const [key, n] of answered) {
      const [method, status, route] = key.split(' ') as [string, string, string]
      requests.inc({ method, route, status }, n)
    }
    outcomes.clear()
    answered.clear()
  }

  const refresh = async () => {
    handOver()
    const waiting = await figures.waiting()
    entries.set(waiting.entries)
    bytes.set(waiting.bytes)
    oldest.set(waiting.oldestMs / 1000)
    for (const [file, size] of Object.entries(figures.files())) files.set({ file }, size)
    const store = await figures.store()
    if (store === null) {
      // Old figures would look current.
      dirty.reset()
      letters.reset()
      return
    }
    for (const [kind, n] of Object.entries(store.dirty)) dirty.set({ kind }, n)
    for (const [kind, n] of Object.entries(store.deadLetters)) letters.set({ kind }, n)
  }

  return {
    count: (what, n) => n > 0 && add(outcomes, what, n),
    request: (method, route, status) =>
      add(answered, `${METHODS.has(method) ? method : 'other'} ${status} ${route}`, 1),
    linkFetched: (kind) => linkFetches.inc({ kind }),
    limited: (limit) => limits.inc({ limit }),
    forwardedUnread: () => unread.inc(),
    unread: (problem, n) => quality.inc({ problem }, n),
    failed: (stage) => failures.inc({ stage }),
    fenced: () => fenced.inc(),
    landed(value, lagMs) {
      position.set(value)
      lag.set(lagMs / 1000)
    },
    turn(turn) {
      if (turn.landMs !== null) landing.observe(turn.landMs / 1000)
      if (turn.deriveMs !== null) deriving.observe(turn.deriveMs / 1000)
      landedEvents.inc(turn.events)
      for (const [kind, n] of Object.entries(turn.derived)) if (n > 0) derived.inc({ kind }, n)
    },
    async text() {
      await refresh()
      return registry.metrics()
    },
  }
}
