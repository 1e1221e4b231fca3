/**
 * Lists, replays and drops dead letters: entries that failed to land and keys that failed to derive. The views hold no
 * personal data, so a list can be copied into a ticket.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isFolderLocked } from '../journal/folder-lock.ts'
import { createDescribeAgent } from '../land/agent.ts'
import { explainLetter, replayLetter } from '../land/dead-letters.ts'
import type { Config } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import { withoutQuoted } from '../ops/log.ts'
import { deleteDeadLetter, listDeadLetters } from '../store/dead-letters.ts'
import type { Database } from '../store/schema.ts'
import {
  type DeriveFailure,
  dropFailure,
  listFailures,
  readFailure,
  retryFailure,
} from '../store/work/derive-failures.ts'
import type { Store } from './prepare-store.ts'

/** A dead letter without personal data. */
export type LetterView = {
  id: string
  kind: 'land' | 'derive'
  at: string
  error: string
  attempts: number
  /** For an entry that failed to land: its position in the journal, its site and its size. */
  journal: string | null
  entry: number | null
  part: number | null
  site: string | null
  bytes: number | null
  /** For a key that failed to derive: whether it is a visitor, a person or a contact. */
  what: DeriveFailure['stage'] | null
}

/** A dead letter: its view and its stored row. */
export type Letter = { view: LetterView; source: Database['dead_letters'] | DeriveFailure }

/** The outcome of a replay. `asked`: the server will derive it once it runs or is less busy. */
export type Outcome = { result: 'landed' | 'derived' | 'asked' } | { result: 'failed'; error: string }

/** How long a replay waits for a running server to derive the key, and how often it looks. */
const DERIVE_WAIT_MS = 10_000
const LOOK_MS = 100

/** All dead letters. */
export async function listLetters(db: Store, config: Config): Promise<Letter[]> {
  const { tombstone } = createKeyring(config.secret)
  const landing = (await listDeadLetters(db)).map((source) => ({ view: viewOfEntry(source), source }))
  const deriving = (await listFailures(db)).map((source) => ({ view: viewOfFailure(source, tombstone), source }))
  return [...landing, ...deriving]
}

/** Finds a dead letter by its id. */
export async function findLetter(db: Store, config: Config, id: string): Promise<Letter | null> {
  return (await listLetters(db, config)).find(({ view }) => view.id === id) ?? null
}

/** The content of a dead letter: the entry, or the key that failed to derive. It is personal data. */
export function contentOf({ source }: Letter): unknown {
  return 'body' in source ? parsed(source.body) : { [source.stage]: source.key }
}

/** Replays letters one after the other. */
export async function replayLetters(
  db: Store,
  config: Config,
  letters: Letter[],
): Promise<({ id: string } & Outcome)[]> {
  const outcomes: ({ id: string } & Outcome)[] = []
  for (const each of letters) outcomes.push({ id: each.view.id, ...(await replay(db, config, each)) })
  return outcomes
}

/** Deletes a letter with its content. */
export async function dropLetter(db: Store, { source }: Letter): Promise<void> {
  if ('body' in source) await deleteDeadLetter(db, source)
  else await dropFailure(db, source)
}

function viewOfEntry(source: Database['dead_letters']): LetterView {
  const entry = parsed(source.body)
  const site = (entry as { site?: unknown } | null)?.site
  const { journal_id: journal, entry_id: number, part, attempts } = source
  return {
    id: `${journal.slice(0, 8)}-${number}-${part}`,
    kind: 'land',
    at: new Date(source.at).toISOString(),
    error: explainLetter({ ...source, error: withoutQuoted(source.error) }),
    attempts,
    journal,
    entry: number,
    part,
    site: typeof site === 'string' ? site : null,
    bytes: Buffer.byteLength(source.body),
    what: null,
  }
}

function viewOfFailure(source: DeriveFailure, tombstone: (key: string) => string): LetterView {
  const { stage, key, error, attempts } = source
  return {
    // Hashed, because the key is the id of a visitor, a person or a contact.
    id: `${stage}-${tombstone(key).slice(0, 10)}`,
    kind: 'derive',
    at: new Date(source.at).toISOString(),
    error: withoutQuoted(error),
    attempts,
    journal: null,
    entry: null,
    part: null,
    site: null,
    bytes: null,
    what: stage,
  }
}

async function replay(db: Store, config: Config, { source }: Letter): Promise<Outcome> {
  if (!('body' in source)) return rederive(db, config, source)
  const { tombstone } = createKeyring(config.secret)
  const deps = { db, describeAgent: createDescribeAgent(), tombstone, now: () => Date.now() }
  const outcome = await replayLetter(deps, source)
  return outcome.landed ? { result: 'landed' } : { result: 'failed', error: outcome.error }
}

/** Queues a visitor, person or contact to be derived again, and waits for a running server to do it. */
async function rederive(db: Store, config: Config, failure: DeriveFailure): Promise<Outcome> {
  await retryFailure(db, failure)
  if (!isFolderLocked(config.dataDir)) return { result: 'asked' }
  for (const end = performance.now() + DERIVE_WAIT_MS; performance.now() < end; ) {
    const now = await readFailure(db, failure)
    if (now === null) return { result: 'derived' }
    if (now.attempts > failure.attempts) return { result: 'failed', error: withoutQuoted(now.error) }
    await sleep(LOOK_MS)
  }
  return { result: 'asked' }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}
