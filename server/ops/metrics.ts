/** Figures for Prometheus. Labels hold codes and names of stages, never ids. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** The process's figures. */
export type Metrics = {
  /** Events taken, doubled, of bots, or refused by code. */
  count(what: string, n: number): void
  failed(stage: string): void
  /** What it derived was refused, because another process has taken over. */
  fenced(): void
  landed(position: number, lagMs: number): void
  text(): Promise<string>
}

/** Figures in a registry of their own. `backlogBytes` is asked when somebody reads them. */
export function createMetrics(backlogBytes: () => number): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const events = new Counter({
    name: 'couture_events_total',
    help: 'Events by what became of them at the collector.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const failures = new Counter({
    name: 'couture_stage_failures_total',
    help: 'Failed rounds of landing and deriving; each is tried again.',
    labelNames: ['stage'],
    registers: [registry],
  })
  const fenced = new Counter({
    name: 'couture_fenced_writes_total',
    help: 'Derived writes that were refused, because another process had taken over the keys.',
    registers: [registry],
  })
  const position = new Gauge({
    name: 'couture_landed_position',
    help: 'The last journal entry that was landed.',
    registers: [registry],
  })
  const lag = new Gauge({
    name: 'couture_landing_lag_seconds',
    help: 'How long the entry that was landed last had waited in the journal.',
    registers: [registry],
  })
  new Gauge({
    name: 'couture_journal_backlog_bytes',
    help: 'What was accepted and has not been landed.',
    registers: [registry],
    collect() {
      this.set(backlogBytes())
    },
  })
  return {
    count: (what, n) => n > 0 && events.inc({ outcome: what }, n),
    failed: (stage) => failures.inc({ stage }),
    fenced: () => fenced.inc(),
    landed(value, lagMs) {
      position.set(value)
      lag.set(lagMs / 1000)
    },
    text: () => registry.metrics(),
  }
}
