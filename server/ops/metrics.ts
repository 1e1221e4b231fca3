/** Figures for Prometheus. Labels hold codes and names of stages, never ids. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** The process's figures. */
export type Metrics = {
  /** Events taken, doubled, of bots, or refused by code. */
  count(what: string, n: number): void
  failed(stage: string): void
  landed(position: number): void
  text(): Promise<string>
}

/** Figures in a registry of their own. */
export function createMetrics(): Metrics {
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
  const position = new Gauge({
    name: 'couture_landed_position',
    help: 'The last journal entry that was landed.',
    registers: [registry],
  })
  return {
    count: (what, n) => n > 0 && events.inc({ outcome: what }, n),
    failed: (stage) => failures.inc({ stage }),
    landed: (value) => position.set(value),
    text: () => registry.metrics(),
  }
}
