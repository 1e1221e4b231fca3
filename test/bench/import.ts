/**
 * How fast files of contacts and orders are imported through the API, how much is written for that, and what it costs
 * those whose events are collected meanwhile. The baseline is a raw insert of rows of the same size, with one index.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { chunksOf } from '../../server/store/engine/many.ts'
import { openCommandStore } from '../../server/store/open.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { ENGINE } from '../support/store.ts'
import { runLoad } from './load.ts'

/** The load of collection beside an import: far from full, so that its delays are those of the import. */
const LOAD = { events: 3, rate: 200 }
const LOAD_S = 5
const PIECE_ROWS = 5000

/** Runs the benchmark. */
export async function bench({ brief, long }: { brief: boolean; long: boolean }): Promise<Record<string, unknown>> {
  const rows = long ? 1_000_000 : brief ? 20_000 : 100_000
  const server = await startServer()
  const db = openCommandStore({ databaseUrl: server.databaseUrl, dataDir: server.dataDir })
  try {
    // A call before the measurement makes the key that all calls have.
    await server.get('/api/v1/imports')
    const sizeOf = async () => Number((await SIZE[ENGINE].execute(db)).rows[0]?.bytes)
    const sizeBefore = await sizeOf()
    const writtenBefore = writtenBytes(server)
    const contacts = await importFile(server, 'contacts', contactLines(0, rows), rows, 'created')
    const written = writtenBytes(server) - writtenBefore
    const grown = (await sizeOf()) - sizeBefore
    const againBefore = writtenBytes(server)
    const reimport = await importFile(server, 'contacts', contactLines(0, rows), rows, 'unchanged')
    const writtenAgain = writtenBytes(server) - againBefore
    const orders = await importFile(server, 'orders', orderLines(rows), rows, 'created')

    const url = server.url.replace('localhost', '127.0.0.1')
    const idle = await runLoad(url, { ...LOAD, seconds: LOAD_S })
    const loading = runLoad(url, { ...LOAD, seconds: LOAD_S })
    await sleep(500)
    await importFile(server, 'contacts', contactLines(rows, 2 * rows), rows, 'created')
    const importing = await loading
    if (idle.notOk + importing.notOk > 0) throw new Error('requests of the load were not answered 2xx')
    const { rows: counted } = await sql<{ n: number }>`select count(*) as n from contacts`.execute(db)
    if (Number(counted[0]?.n) < 2 * rows) throw new Error(`only ${counted[0]?.n} contacts are stored`)
    return {
      engine: ENGINE,
      rows,
      contacts_per_s: contacts,
      reimport_per_s: reimport,
      orders_per_s: orders,
      raw_insert_per_s: await rawInsert(db, rows),
      ...(ENGINE === 'sqlite'
        ? {
            written_to_growth: Number((written / grown).toFixed(1)),
            reimport_written_mb: Math.round(writtenAgain / 1e6),
          }
        : {}),
      rss_mb: memoryMb(server),
      collect_p99_ms_idle: round(idle.p99Ms),
      collect_p99_ms_importing: round(importing.p99Ms),
    }
  } finally {
    await db.destroy()
    await server.stop()
  }
}

const round = (ms: number) => Number(ms.toFixed(1))

const SIZE = {
  sqlite: sql<{ bytes: number }>`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`,
  postgres: sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`,
}

/** Sends a file, checks its outcome, and returns the rows a second. */
async function importFile(
  server: TestServer,
  kind: 'contacts' | 'orders',
  lines: Generator<string>,
  rows: number,
  outcome: 'created' | 'unchanged',
): Promise<number> {
  const began = performance.now()
  const init = {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: streamOf(encoded(lines)),
    duplex: 'half',
  }
  const answer = await server.api(`/api/v1/${kind}`, init as RequestInit)
  const seconds = (performance.now() - began) / 1000
  const report = (await answer.json()) as Record<string, number>
  if (report[outcome] !== rows) throw new Error(`${report[outcome]} of ${rows} ${kind} were ${outcome}`)
  return Math.round(rows / seconds)
}

function streamOf(pieces: Generator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const next = pieces.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    },
  })
}

function* encoded(lines: Generator<string>): Generator<Uint8Array> {
  let piece: string[] = []
  for (const line of lines) {
    piece.push(line)
    if (piece.length < PIECE_ROWS) continue
    yield Buffer.from(`${piece.join('\n')}\n`)
    piece = []
  }
  yield Buffer.from(piece.map((line) => `${line}\n`).join(''))
}

/** A CRM's export, without the times at which its rows changed. */
function* contactLines(from: number, to: number): Generator<string> {
  yield 'id,email,phone,mail_consent,first_name,last_name,city,points'
  for (let i = from; i < to; i++) {
    const email = `person${(i * 7919) % 1_000_003}-${i}@mail.example`
    yield `crm-${i},${email},+3361${String(i).padStart(7, '0')},true,Anna,Person ${i},Paris,${i % 900}`
  }
}

function* orderLines(rows: number): Generator<string> {
  yield 'order_id,contact_id,date,total,currency,channel'
  for (let i = 0; i < rows; i++) {
    yield `till-${i},crm-${(i * 31) % rows},2026-0${1 + (i % 9)}-15T10:00:00Z,${10 + (i % 500)}.50,EUR,till`
  }
}

/** Rows a second of a plain insert of the same values, in transactions of the same length. */
async function rawInsert(db: ReturnType<typeof openCommandStore>, rows: number): Promise<number> {
  const all = await db.selectFrom('contacts').selectAll().limit(rows).execute()
  await sql`create table raw_contacts as select * from contacts where contact_id = ''`.execute(db)
  await sql`create unique index raw_contacts_pk on raw_contacts (contact_id)`.execute(db)
  const began = performance.now()
  for (let i = 0; i < all.length; i += 4000) {
    await db.transaction().execute(async (trx) => {
      for (const part of chunksOf(all.slice(i, i + 4000))) {
        // The table is not part of the schema.
        await trx
          .insertInto('raw_contacts' as 'contacts')
          .values(part)
          .execute()
      }
    })
  }
  return Math.round(all.length / ((performance.now() - began) / 1000))
}

function writtenBytes(server: TestServer): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${server.process.pid}/io`, 'utf8'))![1])
}

function memoryMb(server: TestServer): number {
  return Math.round(
    Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))![1]) / 1024,
  )
}
