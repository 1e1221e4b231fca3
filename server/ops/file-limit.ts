/** How many files the process may have open, and how many of them may be connections. */
import { readFileSync } from 'node:fs'

/** What POSIX promises at least, for systems that do not say. */
const UNKNOWN_LIMIT = 1024

/** Kept for the files of the store and the journal, a pool of connections to PostgreSQL, imports and the log. */
const RESERVED = 128

/** How many connections may be open at a time, so that the process never runs out of files. */
export function connectionLimit(): number {
  const files = fileLimit()
  return files - Math.min(RESERVED, Math.floor(files / 2))
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
