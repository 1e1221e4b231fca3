/** How many files the process may have open, and how many of them may be connections. */
import { readFileSync } from 'node:fs'

/** What POSIX promises at least, for systems that do not say. */
const UNKNOWN_LIMIT = 1024

/** Kept for the files of the store and the journal, a pool of connections to PostgreSQL, imports and the log. */
const RESERVED = 128

/** At least so many senders share the connections. */
const SENDERS = 4

/**
 * How many connections may be open at a time, so that the process never runs out of files, and how many of them one
 * sender may hold: an office may need hundreds, and nobody may take them all.
 */
export function connectionLimits(): { connections: number; perSender: number } {
  const files = fileLimit()
  const connections = files - Math.min(RESERVED, Math.floor(files / 2))
  return { connections, perSender: Math.ceil(connections / SENDERS) }
}

function fileLimit(): number {
  let limits: string
  try {
    limits = readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return UNKNOWN_LIMIT
  }
  const text = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1]
  if (text === undefined) return UNKNOWN_LIMIT
  return text === 'unlimited' ? 1_048_576 : Number(text)
}
