/** The thread that owns the journal: appends the groups it is sent, answers when they are on disk, and prunes. */
import { parentPort, workerData } from 'node:worker_threads'
import type { JournalReply, JournalRequest } from './group-commit.ts'
import { openJournal } from './journal.ts'

const options = workerData as { file: string; maxBytes: number; keepLandedMs: number }
const journal = openJournal(options.file, options)

const reply = (message: JournalReply) => parentPort!.postMessage(message)

parentPort!.on('message', (request: JournalRequest) => {
  switch (request.kind) {
    case 'append':
      try {
        journal.append(request.bodies, request.events, request.now)
        reply({ kind: 'appended' })
      } catch (error) {
        reply({ kind: 'failed', message: (error as Error).message })
      }
      return
    case 'landed':
      journal.landed(request.position, request.now)
      reply({ kind: 'backlog', bytes: journal.backlogBytes() })
      return
    case 'close':
      journal.close()
      reply({ kind: 'closed' })
      return
  }
})

reply({ kind: 'opened', journalId: journal.journalId })
