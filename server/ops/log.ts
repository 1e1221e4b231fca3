/** Structured logs, one JSON object per line, without personal data and query strings. */
import { type Logger, pino } from 'pino'

/** A logger of the given level that writes to standard error, so that the output of the start stays readable. */
export function createLog(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: errorView } },
    pino.destination({ dest: 2, sync: false }),
  )
}

/** An error as it is logged. */
export type ErrorView = { type: string; message: string; code?: string; stack?: string }

/** The loggable part of an error: no fields but its code, because drivers put rows into theirs. */
export function errorView(error: unknown): ErrorView {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an error' }
  const { code } = error as { code?: unknown }
  // The first lines of a stack repeat the message.
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    type: error.name,
    message: withoutQuoted(error.message),
    ...(typeof code === 'string' ? { code } : {}),
    stack: frames.join('\n'),
  }
}

/** An error's message without quoted text: databases and parsers quote their input. */
export function withoutQuoted(message: string): string {
  return message.replace(/"[^"]*"?|'[^']*'?|`[^`]*`?/g, '…')
}
