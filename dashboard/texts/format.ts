/**
 * Formats numbers, money and times for the reader's country. Created once per language; everything uses `Intl`, so that
 * no page ever concatenates a currency sign or a decimal point.
 */
import type { Texts } from './en.ts'

/** The formatters of one language. */
export type Format = ReturnType<typeof createFormat>

/** What every part that shows text receives: the texts and the formatters of the chosen language. */
export type Ui = { t: Texts; f: Format }

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Creates the formatters of a locale; `justNow` stands for moments less than a minute ago. */
export function createFormat(locale: string, justNow: string, none: string) {
  const number = new Intl.NumberFormat(locale)
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always' })
  const dayShort = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' })
  const dayLong = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })
  const weekday = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' })
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' })
  const localDay = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short' })
  const localDate = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' })
  const localWeekday = new Intl.DateTimeFormat(locale, { dateStyle: 'full' })
  const dayAndTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const currencies = new Map<string, Intl.NumberFormat>()

  const count = (value: number) => number.format(value)
  const utcDay = (writer: Intl.DateTimeFormat) => (date: string) => writer.format(new Date(`${date}T00:00:00Z`))

  return {
    count,
    /** A share between 0 and 1; a dash if there is nothing to divide by. */
    percent: (rate: number | null) => (rate === null || !Number.isFinite(rate) ? none : percent.format(rate)),
    /**
     * An amount in major units; a dash if it is unknown. An unknown currency code is shown after the number, and the
     * number stands alone if nobody said which currency it is.
     */
    money({ currency, value }: { currency: string | null; value: number | null }): string {
      if (value === null) return none
      if (currency === null) return count(value)
      try {
        let writer = currencies.get(currency)
        if (!writer) {
          writer = new Intl.NumberFormat(locale, { style: 'currency', currency })
          currencies.set(currency, writer)
        }
        return writer.format(value)
      } catch {
        return `${count(value)} ${currency}`
      }
    },
    dayShort: utcDay(dayShort),
    dayLong: utcDay(dayLong),
    weekday: utcDay(weekday),
    /** The exact moment, in the reader's time zone. */
    moment: (iso: string) => moment.format(new Date(iso)),
    /** The day of a moment, in the reader's time zone. */
    localDay: (iso: string) => localDay.format(new Date(iso)),
    /** The same with its year, written out; and with its weekday. */
    localDate: (iso: string) => localDate.format(new Date(iso)),
    localWeekday: (iso: string) => localWeekday.format(new Date(iso)),
    /** The time of day, and day and time together, in the reader's time zone. */
    clock: (iso: string) => clock.format(new Date(iso)),
    dayAndTime: (iso: string) => dayAndTime.format(new Date(iso)),
    /** How long ago, in the largest unit that is still meaningful. A moment ahead of this clock counts as now. */
    ago(iso: string, nowMs: number): string {
      const elapsedMs = nowMs - Date.parse(iso)
      if (elapsedMs < MINUTE_MS) return justNow
      if (elapsedMs < HOUR_MS) return relative.format(-Math.floor(elapsedMs / MINUTE_MS), 'minute')
      if (elapsedMs < 2 * DAY_MS) return relative.format(-Math.floor(elapsedMs / HOUR_MS), 'hour')
      return relative.format(-Math.floor(elapsedMs / DAY_MS), 'day')
    },
  }
}
