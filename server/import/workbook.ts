/**
 * An Excel workbook (`.xlsx`) as the rows of one of its sheets. It is unpacked and read in a thread of its own, bounded in
 * size, memory and time, so that no file can hold up the server.
 */
import { Worker } from 'node:worker_threads'
import { readDirectory } from './archive.ts'
import { ImportRefusal } from './columns.ts'
import type { TableRow } from './table.ts'
import type { WorkbookReply } from './workbook-worker.ts'

/** The largest workbook, as sent and unpacked. 100,000 contacts with 20 columns take about 10 and 80 MB. */
const MAX_BYTES = 32 * 1024 * 1024
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024

/** A workbook is read in seconds. */
const LIMIT_MS = 60_000
const LIMIT_MB = 512

/** Whether a file is an archive, as a workbook is. */
export function isArchive(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4
}

/** Opens a workbook. `sheet` is a name or a number from 1. Throws an `ImportRefusal` for what is none. */
export async function* openWorkbook(chunks: AsyncIterable<Uint8Array>, sheet = '1'): AsyncGenerator<TableRow[]> {
  const bytes = await collect(chunks)
  const directory = readDirectory(bytes)
  if (directory === null) throw new ImportRefusal('not_a_workbook', 'the workbook is damaged: save it again as .xlsx')
  if (!directory.names.some((name) => /^xl\/workbook[^/]*\.xml$/i.test(name))) throw refusedArchive(directory.names)
  if (directory.unpackedBytes > MAX_UNPACKED_BYTES) throw tooLarge()
  const reply = await readInThread(bytes, sheet)
  if ('error' in reply) throw new ImportRefusal(reply.code, reply.error)
  yield* reply.batches
}

function refusedArchive(names: string[]): ImportRefusal {
  const isOpenDocument = names.includes('content.xml')
  return isOpenDocument
    ? new ImportRefusal('not_text', 'this is an OpenDocument sheet: save it as .xlsx or CSV, and import that')
    : new ImportRefusal('not_text', 'this is an archive: unpack it, and import what is in it')
}

function tooLarge(): ImportRefusal {
  const [packed, unpacked] = [MAX_BYTES, MAX_UNPACKED_BYTES].map((limit) => limit / 1024 / 1024)
  return new ImportRefusal(
    'too_large',
    `a workbook must have at most ${packed} MB, and ${unpacked} MB unpacked: save the sheet as CSV, which has no such limit`,
  )
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > MAX_BYTES) throw tooLarge()
    pieces.push(chunk)
  }
  return Buffer.concat(pieces)
}

function readInThread(bytes: Buffer, sheet: string): Promise<WorkbookReply> {
  const worker = new Worker(new URL('./workbook-worker.ts', import.meta.url), {
    workerData: { bytes, sheet },
    resourceLimits: { maxOldGenerationSizeMb: LIMIT_MB },
  })
  return new Promise<WorkbookReply>((resolve) => {
    const timer = setTimeout(() => resolve(TOO_MUCH), LIMIT_MS)
    worker.once('message', (reply: WorkbookReply) => {
      clearTimeout(timer)
      resolve(reply)
    })
    // Out of memory; what is wrong with the file comes as a message.
    worker.once('error', () => {
      clearTimeout(timer)
      resolve(TOO_MUCH)
    })
  }).finally(() => worker.terminate())
}

const TOO_MUCH: WorkbookReply = {
  code: 'too_large',
  error: 'the workbook takes too long or too much memory to read: save the sheet as CSV, and import that',
}
