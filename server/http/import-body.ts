/**
 * Streams CSV, NDJSON and workbooks into the import as they arrive, without holding them in memory. JSON bodies pass to
 * the route's own check; any other type is refused.
 */
import type { MiddlewareHandler } from 'hono'

import type { Kysely } from 'kysely'
import { parseJson } from '../domain/nul.ts'
import { Problem } from '../domain/problem.ts'
import { isZone } from '../domain/zone.ts'
import { knownAttributes } from '../import/attributes.ts'
import { ImportRefusal } from '../import/columns.ts'
import type { Dialect } from '../import/dialect.ts'
import { type OrderTerms, readOrderTerms } from '../import/order-terms.ts'
import { previewed } from '../import/preview.ts'
import { type ImportRecord, recordedImport } from '../import/recorded.ts'
import type { ImportOutcome } from '../import/run.ts'
import { openSource, type Source } from '../import/source.ts'
import type { Database } from '../store/schema.ts'
import { limitBody, ROWS_BYTES } from './body-limit.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { MUST_BE_ZONE } from './import-shapes.ts'

/** The largest body of an import. It is not held in memory, but an endless body must stop somewhere. */
const MAX_BYTES = 1024 ** 3

const FORMATS: Record<string, Dialect['format']> = {
  'text/csv': 'csv',
  'application/csv': 'csv',
  'text/tab-separated-values': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
}

const limitRows = limitBody(ROWS_BYTES)

/** Imports an opened body, into the store or into that of a dry run. It calls `progress` after each transaction. */
type RunImport = (
  source: Source,
  into: { rehearsal: Kysely<Database> } | { record: ImportRecord },
  progress: (rows: number, outcome: ImportOutcome) => void,
  terms: OrderTerms,
) => Promise<ImportOutcome>

/** Middleware that imports CSV, NDJSON and workbooks in place of the route's handler, and does dry runs of JSON too. */
export function streamedImport(
  deps: HttpDeps,
  kind: 'contacts' | 'orders',
  run: RunImport,
): MiddlewareHandler<PrivateEnv> {
  return async (c, next) => {
    const type = (c.req.header('content-type') ?? '').split(';', 1).join().trim().toLowerCase()
    const isJson = /^application\/([\w.-]+\+)?json$/.test(type)
    const dryRun = isDryRun(c.req.query('dry_run'))
    if (isJson && !dryRun) {
      // The runtime's own reading would make the nearest number of a large id.
      c.req.json = async <T>() => parseJson(await c.req.text()) as T
      return limitRows(c, next)
    }
    const format = isJson ? 'json' : FORMATS[type]
    if (format === undefined) {
      const message =
        'Content-Type must be application/json, application/x-ndjson, text/csv or that of a workbook (.xlsx)'
      throw new Problem(415, 'unsupported_media_type', message)
    }
    if (Number(c.req.header('content-length') ?? 0) > MAX_BYTES) throw tooLarge()
    const currency = c.req.query('currency')
    if (currency !== undefined && !/^[A-Za-z]{3}$/.test(currency)) {
      throw new Problem(400, 'invalid_request', 'currency must be an ISO 4217 code such as EUR')
    }
    const timezone = c.req.query('timezone')
    if (timezone !== undefined && !isZone(timezone)) {
      throw new Problem(400, 'invalid_request', MUST_BE_ZONE)
    }
    try {
      const terms = await readOrderTerms(deps.db, { timezone, currency, site: c.req.query('site') })
      const source = await openSource(bytesOf(c.req.raw), {
        kind,
        format,
        map: c.req.query('map'),
        match: matchOf(c.req.query('match')),
        sheet: c.req.query('sheet'),
        currency: terms.currency,
        anonymous: c.req.query('anonymous') === 'true',
        ...(kind === 'contacts' ? { attributes: await knownAttributes(deps.db) } : {}),
      })
      if (dryRun) return c.json(await rehearsed(deps, source, terms, run), 200)
      const note = { kind, actor: c.get('caller').actor, file: fileNameOf(c.req.query('file')) }
      const outcome = await recordedImport(deps, source, note, (record, noteProgress) =>
        run(
          source,
          { record },
          (rows, soFar) => {
            noteProgress(rows, soFar)
            deps.wake()
          },
          terms,
        ),
      )
      return c.json(
        { ...outcome, columns: source.columns, questions: source.questions(), dialect: source.dialect() },
        200,
      )
    } catch (error) {
      if (error instanceof ImportRefusal) throw new Problem(400, error.code, error.message)
      throw error
    } finally {
      deps.wake()
    }
  }
}

/** The name by which a file is listed, without the folders that some senders put before it. */
function fileNameOf(name: string | undefined): string | null {
  return name?.slice(0, 1000).split(/[\\/]/).at(-1)?.trim() || null
}

function matchOf(text: string | undefined): 'email' | 'id' | undefined {
  if (text === undefined || text === 'email' || text === 'id') return text
  throw new Problem(400, 'invalid_request', 'match must be email or id')
}

function isDryRun(text: string | undefined): boolean {
  if (text !== undefined && text !== 'true' && text !== 'false') {
    throw new Problem(400, 'invalid_request', 'dry_run must be true or false')
  }
  return text === 'true'
}

/** What an import would do, and its first rows as they were understood. */
async function rehearsed(deps: HttpDeps, source: Source, terms: OrderTerms, run: RunImport) {
  const rehearsal = await deps.rehearse()
  try {
    const { rows, first } = previewed(source.rows)
    const outcome = await run({ ...source, rows }, { rehearsal: rehearsal.db }, () => {}, terms)
    return {
      ...outcome,
      columns: source.columns,
      questions: source.questions(),
      dialect: source.dialect(),
      dry_run: true,
      preview: first,
    }
  } finally {
    await rehearsal.remove()
  }
}

function tooLarge(): Problem {
  return new Problem(413, 'too_large', 'the body must be at most 1 GiB; the rows before the limit were imported')
}

async function* bytesOf(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body === null) return
  let length = 0
  const reader = request.body.getReader()
  try {
    for (;;) {
      const chunk = await reader.read().catch(() => {
        throw new ImportRefusal(
          'incomplete_body',
          'the body ended before it was complete; the rows before that were imported',
        )
      })
      if (chunk.done) return
      length += chunk.value.length
      if (length > MAX_BYTES) throw tooLarge()
      yield chunk.value
    }
  } finally {
    // The client need not send what is no longer read.
    await reader.cancel().catch(() => {})
  }
}
