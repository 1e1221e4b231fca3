/** A thread of `sqlite-threads`: runs the queries it receives on its own connection, one after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { createPrepare, openSqlite } from '../store/engine/sqlite.ts'
import type { ThreadReply, ThreadRequest } from '../store/engine/sqlite-threads.ts'

const sqlite = openSqlite((workerData as { file: string }).file)
const prepare = createPrepare(sqlite)
const port = parentPort
if (port === null) throw new Error('this file runs in a thread of its own')

port.on('message', ({ id, sql, parameters }: ThreadRequest) => {
  let reply: ThreadReply
  try {
    const statement = prepare(sql)
    reply = statement.reader
      ? { id, rows: statement.all(...parameters) }
      : { id, rows: [], changes: statement.run(...parameters).changes }
  } catch (error) {
    reply = { id, error: (error as Error).message, code: (error as { code?: string }).code }
  }
  port.postMessage(reply)
})
