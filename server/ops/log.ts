/** Structured logs, one JSON object a line, without personal data and without query strings. */
import { type Logger, pino } from 'pino'

/** A logger of the given level that writes to standard error, so that what the start prints stays readable. */
export function createLog(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: false }),
  )
}
