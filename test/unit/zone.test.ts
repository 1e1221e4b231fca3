/** Local times of zones as instants: with daylight saving, at its changes, and for whole days. */
import { describe, expect, test } from 'vitest'
import { dayIn, instantIn, isZone } from '../../server/domain/zone.ts'

const iso = (ms: number | null) => ms && new Date(ms).toISOString()

test.each<[zone: string, local: string, instant: string | null]>([
  ['UTC', '2026-03-01T09:30:00', '2026-03-01T09:30:00.000Z'],
  ['Europe/Paris', '2026-01-15T10:00:00', '2026-01-15T09:00:00.000Z'],
  ['Europe/Paris', '2026-07-15T10:00:00', '2026-07-15T08:00:00.000Z'],
  ['America/New_York', '2026-11-30T10:00:00', '2026-11-30T15:00:00.000Z'],
  ['Asia/Kolkata', '2026-01-15T10:00:00', '2026-01-15T04:30:00.000Z'],
  ['Australia/Lord_Howe', '2026-01-15T10:00:00', '2026-01-14T23:00:00.000Z'],
  // Two o'clock does not exist, and is three.
  ['Europe/Paris', '2026-03-29T02:30:00', '2026-03-29T01:30:00.000Z'],
  ['Europe/Paris', '2026-03-29T03:00:00', '2026-03-29T01:00:00.000Z'],
  // Two o'clock comes twice, and is the first.
  ['Europe/Paris', '2026-10-25T02:30:00', '2026-10-25T00:30:00.000Z'],
  ['Europe/Paris', '2026-10-25T03:00:00', '2026-10-25T02:00:00.000Z'],
  ['Europe/Paris', 'soon', null],
])('in %s %s is %s', (zone, local, instant) => expect(iso(instantIn(zone, local))).toBe(instant))

describe('a day', () => {
  test.each([
    ['Europe/Paris', '2026-11-30', '2026-11-29T23:00:00.000Z', 24],
    ['Europe/Paris', '2026-03-29', '2026-03-28T23:00:00.000Z', 23],
    ['Europe/Paris', '2026-10-25', '2026-10-24T22:00:00.000Z', 25],
    ['America/New_York', '2026-12-31', '2026-12-31T05:00:00.000Z', 24],
  ])('in %s %s begins at %s and has %i hours', (zone, day, from, hours) => {
    const found = dayIn(zone, day)
    expect(iso(found?.from ?? null)).toBe(from)
    expect(((found?.to ?? 0) + 1 - (found?.from ?? 0)) / 3600_000).toBe(hours)
  })
})

test.each([
  ['Europe/Paris', true],
  ['America/Argentina/Buenos_Aires', true],
  ['UTC', true],
  ['Etc/GMT+5', true],
  ['Europe/Atlantis', false],
  ['Paris', false],
  ['+02:00', false],
  ['', false],
  ['EST5EDT; drop', false],
])('%j is a zone: %s', (name, is) => expect(isZone(name)).toBe(is))
