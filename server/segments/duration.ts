/** Durations in a definition, such as `90s`, `30m`, `1h` or `7d`. */
import { z } from 'zod'
import type { Language } from './nodes/node.ts'

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3600_000, d: 24 * 3600_000 }
const PATTERN = /^(\d{1,6})([smhd])$/
const MUST = 'must be a length of time such as 90s, 30m, 1h or 7d'

/** The schema of a duration. */
export const durationSchema = z.string().regex(PATTERN, MUST)

/** Converts a valid duration to milliseconds. */
export function durationMs(duration: string): number {
  const [, count, unit] = PATTERN.exec(duration) ?? []
  const ms = unit === undefined ? undefined : UNITS[unit]
  if (count === undefined || ms === undefined) throw new Error(`${MUST} (got "${duration}")`)
  return Number(count) * ms
}

const NAMES: Record<Language, Record<string, [one: string, many: string]>> = {
  en: { s: ['second', 'seconds'], m: ['minute', 'minutes'], h: ['hour', 'hours'], d: ['day', 'days'] },
  fr: { s: ['seconde', 'secondes'], m: ['minute', 'minutes'], h: ['heure', 'heures'], d: ['jour', 'jours'] },
}

/** A valid duration in words, such as `3 days`. */
export function durationWords(duration: string, language: Language): string {
  const [, count = '', unit = ''] = PATTERN.exec(duration) ?? []
  const [one, many] = NAMES[language][unit] ?? [unit, unit]
  const isOne = language === 'fr' ? Number(count) < 2 : Number(count) === 1
  return `${Number(count)} ${isOne ? one : many}`
}
