/** The thread that owns the journal: appends the groups it is sent, answers when they are on disk, and prunes. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { JournalReply, JournalRequest, Parcel } from './group-commit.ts'
import { openJournal } from './journal.ts'

const options = workerData as { file: string; maxBytes: number; keepLandedMs: number }
const journal = openJournal(options.file, options)

const reply = (message: JournalReply) => parentPort!.postMessage(message)

/** Upkeep that fails on a full disk is done at a later report; the entries are on disk all the same. */
function attempt(work: () => void): void {
  try {
    work()
  } catch (error) {
    reply({ kind: 'upkeep-failed', message: (error as Error).message })
  }
}

/** A row holds about this many characters at most, so that it does not hold up the landing of others. */
const MAX_GROUP_LENGTH = 1024 * 1024

/** Writes a parcel, and all that has come behind it, as one group. Returns a request of another kind that came. */
function append(first: Parcel): JournalRequest | null {
  let body = `[${first.entries}`
  let { events } = first
  let parcels = 1
  let other: JournalRequest | null = null
  while (other === null && body.length < MAX_GROUP_LENGTH) {
    const next = receiveMessageOnPort(parentPort!)?.message as JournalRequest | undefined
    if (next === undefined) break
    if (next.kind === 'append') {
      body += `,${next.entries}`
      events += next.events
      parcels++
    } else other = next
  }
  try {
    journal.append(`${body}]`, events, first.now)
    reply({ kind: 'appended', parcels, backlog: journal.backlog() })
  } catch (error) {
    reply({ kind: 'failed', parcels, message: (error as Error).message, backlog: journal.backlog() })
  }
  return other
}

function handle(request: JournalRequest): void {
  switch (request.kind) {
    case 'append': {
      const other = append(request)
      if (other) handle(other)
      return
    }
    case 'landed':
      attempt(() => {
        journal.landed(request.journalId, request.position, request.flushed)
        journal.prune(request.now)
      })
      reply({ kind: 'backlog', backlog: journal.backlog() })
      return
    case 'renew':
      attempt(() => journal.renew(request.journalId))
      return
    case 'rewrite': {
      const { job } = request
      try {
        journal.rewrite(request.journalId, request.rows)
        reply({ kind: 'rewritten', job, error: null })
      } catch (error) {
        reply({ kind: 'rewritten', job, error: (error as Error).message })
      }
      return
    }
    case 'close':
      // Reports of what has landed may still come.
      parentPort!.off('message', handle)
      journal.close()
      reply({ kind: 'closed' })
      return
  }
}

parentPort!.on('message', handle)
reply({ kind: 'opened', backlog: journal.backlog() })
