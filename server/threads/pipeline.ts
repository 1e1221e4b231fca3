/** Starts the thread that lands and derives, and hears what it tells: for the figures, the log and the journal. */
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Metrics } from '../ops/metrics.ts'
import { endProcess } from '../ops/stop.ts'
import { throttle } from '../ops/throttle.ts'
import type { CollectorThread } from './collector.ts'
import type { PipelineData, PipelineReport, PipelineRequest } from './pipeline-worker.ts'

/** The thread as others see it. */
export type PipelineThread = {
  wake(): void
  /** The last journal entry that was landed; null before the first word of it. */
  position(): number | null
  /** Finishes what is under way, and ends the thread. */
  stop(): Promise<void>
}

/** Starts the thread. If it dies, the process ends. */
export function startPipeline(
  workerData: PipelineData,
  {
    log,
    metrics,
    journal,
  }: { log: Logger; metrics: Metrics; journal: Pick<CollectorThread, 'landed' | 'renew' | 'rewrite'> },
): PipelineThread {
  let position: number | null = null
  const sayFailed = (what: object, text: string) => log.error(what, text)
  const sayPassing = throttle(sayFailed)
  const worker = new Worker(new URL('./pipeline-worker.ts', import.meta.url), { workerData })
  const tell = (request: PipelineRequest) => worker.postMessage(request)
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
        void journal.rewrite(report.journalId, report.rows).then((error) => tell({ kind: 'rewritten', error }))
        return
      case 'turn':
        return metrics.turn(report.turn)
      case 'fenced':
        metrics.fenced()
        return log.info({ lost: report.message }, 'another process derives what this one did')
      case 'aside':
        metrics.failed('derive')
        return log.error({ kind: report.what, error: report.error }, 'one was set aside; see couture dead-letters')
      case 'error': {
        metrics.failed(report.stage)
        const say = report.passing ? sayPassing : sayFailed
        return say({ stage: report.stage, error: report.error }, 'a round failed and will be tried again')
      }
    }
  })
  worker.on('error', (error) => endProcess(log, error, 'the thread that lands and derives has died'))
  return {
    wake: () => tell({ kind: 'wake' }),
    position: () => position,
    stop() {
      tell({ kind: 'stop' })
      return ended
    },
  }
}
