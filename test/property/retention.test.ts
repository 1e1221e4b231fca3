/**
 * Retention never reassigns the remaining events of a visitor: whichever of its events have expired, an
 * event that stays belongs to the same contact as before, or to none.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { staysAsMoment } from '../../server/domain/retention.ts'
import { DAY, derive, MINUTE, ownerOf, story } from './stories.ts'

const floor = fc
  .record({ day: fc.constantFrom(0, 1, 2, 20, 29, 31, 95), minute: fc.constantFrom(0, 3, 29, 45) })
  .map(({ day, minute }) => day * DAY + minute * MINUTE)

test('no remaining event moves to another contact', () => {
  fc.assert(
    fc.property(story, floor, (told, before) => {
      const was = derive(told)
      const owner = new Map(told.events.map((event, i) => [event.id, ownerOf(was.personOf[i]!)]))
      const left = told.events.filter((event) => event.at > before || staysAsMoment(event.type))
      const now = derive({ ...told, events: left })
      left.forEach((event, i) => {
        const contact = ownerOf(now.personOf[i]!)
        if (event.at > before && contact !== null) {
          expect(`${event.id} ${contact}`).toBe(`${event.id} ${owner.get(event.id)}`)
        }
      })
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 1500) },
  )
})
