/** The thread that owns the journal: appends the groups it is sent, answers when they are on disk, and prunes. */
import { parentPort, workerData } from 'node:worker_threads'
import type { JournalReply, JournalRequest } from './group-commit.ts'
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

parentPort!.on('message', (request: JournalRequest) => {
  switch (request.kind) {
    case 'append':
      try {
        journal.append(request.bodies, request.events, request.now)
        reply({ kind: 'appended', backlog: journal.backlog() })
      } catch (error) {
        reply({ kind: 'failed', message: (error as Error).message, backlog: journal.backlog() })
      }
      return
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
    case 'close':
      journal.close()
      reply({ kind: 'closed' })
      return
  }
})

reply({ kind: 'opened', backlog: journal.backlog() })
