/**
 * Dead letters: entries that could not be landed. They are landed again by the same code, exactly once: the letter is
 * deleted in the transaction that inserts its facts. A visitor that has withdrawn since is kept out as usual.
 */
import { entryOf } from '../domain/event.ts'
import { deleteDeadLetter, noteAttempt } from '../store/dead-letters.ts'
import { isPoison, transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'
import { type LandDeps, landEntries } from './land.ts'

type Letter = Database['dead_letters']

/** The result of a replay: the facts are there, or the reason why not. */
export type Replayed = { landed: true } | { landed: false; error: string }

/** Tries a letter again. If it fails again it stays, with its new error. */
export async function replayLetter(
  deps: Pick<LandDeps, 'db' | 'describeAgent' | 'tombstone' | 'now'>,
  letter: Letter,
): Promise<Replayed> {
  try {
    await transact(deps.db, async (trx) => {
      // Another command may have replayed it meanwhile.
      if (await deleteDeadLetter(trx, letter)) await landEntries(trx, [entryOf(JSON.parse(letter.body))], deps)
    })
    return { landed: true }
  } catch (error) {
    if (!isPoison(error)) throw error
    await noteAttempt(deps.db, letter, error instanceof Error ? error.message : String(error))
    return { landed: false, error: explainLetter({ ...letter, error: (error as Error).message }) }
  }
}

type Field = { path: string; must: string; good: (value: unknown) => boolean }

const text = (value: unknown) => typeof value === 'string' && value !== ''
const time = (value: unknown) => Number.isSafeInteger(value)
const flag = (value: unknown) => typeof value === 'boolean'
const TEXT = 'a text that is not empty'
const TIME = 'a whole number of milliseconds'
const FLAG = 'true or false'

const ENTRY: Field[] = [
  { path: 'request', must: TEXT, good: text },
  { path: 'site', must: TEXT, good: text },
  { path: 'visitor', must: TEXT, good: text },
  { path: 'received_at', must: TIME, good: time },
  { path: 'consent.id', must: TEXT, good: text },
  { path: 'consent.analytics', must: FLAG, good: flag },
  { path: 'consent.identity', must: FLAG, good: flag },
  { path: 'consent.marketing', must: FLAG, good: flag },
  { path: 'consent.source', must: TEXT, good: text },
  { path: 'consent.at', must: TIME, good: time },
]
const EVENT: Field[] = [
  { path: 'id', must: TEXT, good: text },
  { path: 'type', must: TEXT, good: text },
  { path: 'at', must: TIME, good: time },
]

/** Which field of a letter is wrong and what it must be, or else its original error. Reveals no value. */
export function explainLetter(letter: Pick<Letter, 'body' | 'error'>): string {
  const entry = parse(letter.body)
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return 'the entry must be a JSON object; it is damaged, or something else wrote it'
  }
  const events = (entry as { events?: unknown }).events
  if (!Array.isArray(events)) return 'events must be a list'
  const fields = [
    ...ENTRY.map((field) => ({ ...field, of: entry as unknown, at: field.path })),
    ...events.flatMap((event, i) => EVENT.map((field) => ({ ...field, of: event, at: `events.${i}.${field.path}` }))),
  ]
  for (const { of, path, must, good, at } of fields) {
    const value = path.split('.').reduce<unknown>((each, name) => (each as Record<string, unknown>)?.[name], of)
    if (!good(value)) return `${at} must be ${must} (it is ${value === undefined ? 'missing' : `a ${typeof value}`})`
  }
  return letter.error
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
