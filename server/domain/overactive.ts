/**
 * Overactive visitors: nobody looks at ten thousand things in a day, so a visitor that does is a script or a broken
 * page. Its events are kept but not used: no links, carts, purchases or persons. The rule depends on the events alone,
 * so a rebuild finds the same visitors.
 */

/** More events than this on one day (UTC) make a visitor overactive. */
export const MAX_EVENTS_A_DAY = 10_000

/** How many events a visitor has on a site and day (UTC, days since 1970), and the times of the first and last. */
export type DayCount = { site: string; day: number; events: number; firstAt: number; lastAt: number }

/** Whether a visitor with these days is overactive. */
export function isOveractive(days: DayCount[]): boolean {
  const byDay = new Map<number, number>()
  for (const { day, events } of days) byDay.set(day, (byDay.get(day) ?? 0) + events)
  return [...byDay.values()].some((events) => events > MAX_EVENTS_A_DAY)
}
