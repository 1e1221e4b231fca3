/** Starts the pipeline thread, and passes its reports to the metrics, the log and the journal. */
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Tallied } from '../domain/quality-tally.ts'
import type { Metrics } from '../ops/metrics.ts'
import { endProcess } from '../ops/stop.ts'
import { throttle } from '../ops/throttle.ts'
import type { CollectorThread } from './collector.ts'
import type { PipelineData, PipelineReport, PipelineRequest } from './pipeline-worker.ts'

/** The handle of the thread. */
export type PipelineThread = {
  wake(): void
  /** The last journal entry that has landed; null before the first report. */
  position(): number | null
  /** Finishes the current turn, and ends the thread. */
  stop(): Promise<void>
}

/** Starts the thread. If it dies, the process ends. */
export function startPipeline(
  workerData: PipelineData,
  {
    log,
    metrics,
    journal,
    onQuality,
  }: {
    log: Logger
    metrics: Metrics
    journal: Pick<CollectorThread, 'landed' | 'renew' | 'rewrite'>
    onQuality: (counted: Tallied) => void
  },
): PipelineThread {
  let position: number | null = null
  const logFailure = (fields: object, text: string) => log.error(fields, text)
  const logPassing = throttle(logFailure)
  const worker = new Worker(new URL('./pipeline-worker.ts', import.meta.url), { workerData })
  const post = (request: PipelineRequest) => worker.postMessage(request)
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.on('message', (report: PipelineReport) => {
    switch (report.kind) {
      case 'landed':
        position = report.position
        metrics.landed(report.position, report.lagMs)
        return journal.landed(report.journalId, report.position, report.flushed)
      case 'notice':
        return log.warn(report.notice, report.text)
      case 'renew':
        return journal.renew(report.journalId)
      case 'rewrite':
        void journal.rewrite(report.journalId, report.rows).then((error) => post({ kind: 'rewritten', error }))
        return
      case 'quality':
        return onQuality(report.counted)
      case 'turn':
        return metrics.turn(report.turn)
      case 'fenced':
        metrics.fenced()
        return log.info({ lost: report.message }, 'another process has taken over a key that this one was deriving')
      case 'aside':
        metrics.failed('derive')
        return log.error(
          { kind: report.what, error: report.error },
          'a key failed to derive and became a dead letter; see couture dead-letters',
        )
      case 'error': {
        metrics.failed(report.stage)
        const logError = report.passing ? logPassing : logFailure
        return logError({ stage: report.stage, error: report.error }, 'a stage failed and will be retried')
      }
    }
  })
  worker.on('error', (error) => endProcess(log, error, 'the pipeline thread has died'))
  return {
    wake: () => post({ kind: 'wake' }),
    position: () => position,
    stop() {
      post({ kind: 'stop' })
      return ended
    },
  }
}
