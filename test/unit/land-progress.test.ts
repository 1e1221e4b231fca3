/** What landing reports to the journal: its position, what is on disk, and when the journal must take a new id. */
import { describe, expect, test } from 'vitest'
import type { Notice } from '../../server/land/notice.ts'
import { createProgress, type Progress } from '../../server/land/progress.ts'
import { createRenewal } from '../../server/land/renewal.ts'

function progressAt(start: number) {
  const clock = { now: start }
  const reports: Progress[] = []
  let flushes = 0
  const progress = createProgress({
    flush: () => {
      flushes++
    },
    report: (each) => reports.push(each),
    now: () => clock.now,
  })
  return { clock, reports, progress, flushes: () => flushes }
}

const batch = (position: number, at: number | null = null, journalId = 'a') => ({ journalId, position, at })

describe('progress', () => {
  test('the first landing is flushed and reported at once, with its lag', () => {
    const { progress, reports, flushes } = progressAt(10_000)
    expect(progress.position()).toBe(-1)
    expect(progress.note(batch(5, 9700))).toBe(300)
    expect(reports).toEqual([{ journalId: 'a', position: 5, flushed: 5, lagMs: 300 }])
    expect(flushes()).toBe(1)
    expect(progress.position()).toBe(5)
  })

  test('it is flushed every two seconds, and until then reported as landed only', () => {
    const { clock, progress, reports, flushes } = progressAt(10_000)
    progress.note(batch(5))
    clock.now += 1999
    progress.note(batch(8))
    expect(reports.at(-1)).toMatchObject({ position: 8, flushed: 5 })
    clock.now += 1
    progress.note(batch(8))
    expect(reports.at(-1)).toMatchObject({ position: 8, flushed: 8 })
    expect(flushes()).toBe(2)
  })

  test('unchanged progress is reported again only after a minute', () => {
    const { clock, progress, reports } = progressAt(10_000)
    progress.note(batch(5))
    clock.now += 60_000
    progress.note(batch(5))
    expect(reports).toHaveLength(1)
    clock.now += 1
    progress.note(batch(5))
    expect(reports).toHaveLength(2)
  })

  test.each([
    ['of another journal', batch(3, null, 'b')],
    ['of a store that was brought back', batch(2)],
  ])('%s nothing is known to be on disk, so it is flushed and reported at once', (_, next) => {
    const { progress, reports, flushes } = progressAt(10_000)
    progress.note(batch(5))
    progress.note(next)
    expect(reports.at(-1)).toMatchObject({ position: next.position, flushed: next.position })
    expect(flushes()).toBe(2)
  })
})

describe('renewal', () => {
  const foreign = (journalId: string): Notice => ({ kind: 'foreign cursor', journalId, cursor: 9, newest: 3 })
  const fresh = (journalId: string): Notice => ({ kind: 'new journal', journalId, journals: 1, furthest: 9 })

  function renewals() {
    const asked: string[] = []
    const noticed: string[] = []
    const renewal = createRenewal({
      onNotice: ({ kind, journalId }, text) => noticed.push(`${kind} of ${journalId}, ${text.length > 50}`),
      renew: (journalId) => asked.push(journalId),
    })
    return { renewal, asked, noticed }
  }

  test('a journal whose cursor is another’s is asked for a new id until it has one, and that is reported once', () => {
    const { renewal, asked, noticed } = renewals()
    expect(renewal.note({ journalId: 'a', notices: [foreign('a')] })).toBe(true)
    expect(renewal.note({ journalId: 'a', notices: [foreign('a')] })).toBe(true)
    expect(asked).toEqual(['a', 'a'])
    expect(noticed).toEqual(['foreign cursor of a, true'])
    // The journal has its new id, so its being new to the store is not reported.
    expect(renewal.note({ journalId: 'b', notices: [fresh('b')] })).toBe(false)
    expect(noticed).toHaveLength(1)
  })

  test('other notices are passed on, and landing continues', () => {
    const { renewal, asked, noticed } = renewals()
    expect(renewal.note({ journalId: 'a', notices: [fresh('a')] })).toBe(false)
    expect(noticed).toEqual(['new journal of a, true'])
    expect(asked).toEqual([])
  })
})
