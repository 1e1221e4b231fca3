/**
 * Events as conditions write them: a type or several, and tests of their fields. Tests of `item_id`, `item_name` and
 * `item_category` must all hold for one and the same piece of an event.
 */
import { z } from 'zod'
import { eventType } from '../../domain/event.ts'
import { dayIn } from '../../domain/zone.ts'
import { durationSchema } from '../duration.ts'
import type { Locale } from '../nodes/node.ts'
import { operatorsOf, type Test, testSchema } from '../test-value.ts'

/** The fields of an event's pieces. */
export const ITEM_FIELDS = ['item_id', 'item_name', 'item_category'] as const

/** The fields of an event that are texts. */
export const TEXT_FIELDS = ['url', 'title', 'referrer', 'campaign', 'source', 'medium', 'search_term'] as const

/** The fields of an event, besides its properties. */
export const FIELDS = [...ITEM_FIELDS, ...TEXT_FIELDS, 'currency', 'site', 'value'] as const

/** The name of a field. */
export type Field = (typeof FIELDS)[number]

/** What the names of other properties begin with. */
export const PROPS = 'props.'

/** Fields of which several events can have one value in common. */
const SAME = [...ITEM_FIELDS, ...TEXT_FIELDS, 'currency', 'site'] as const

/** Tests of fields by name. */
export type Where = Record<string, Test>

const isField = (name: string) => (FIELDS as readonly string[]).includes(name) || /^props\..{1,64}$/.test(name)

/** No question about an event needs more. */
const MAX_TESTS = 20

const whereSchema: z.ZodType<Where> = z.record(z.string(), testSchema).superRefine((tests, context) => {
  const names = Object.keys(tests)
  if (names.length > MAX_TESTS) {
    context.addIssue({ code: 'custom', message: `must have at most ${MAX_TESTS} members` })
    return
  }
  for (const name of names) {
    if (isField(name)) continue
    const message = `must be one of ${FIELDS.join(', ')} or props.NAME`
    context.addIssue({ code: 'custom', path: [name], message })
  }
})

const typeSchema = z.string().min(1, 'must name a type of events').max(64)
const moment = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/,
    'must be a day such as 2026-03-01, or a time',
  )
  .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a day that exists')

/** The members of an event, by name. */
export const EVENT = {
  type: z.union([typeSchema, z.array(typeSchema).min(1).max(20)], 'must be a type of events, or a list of types'),
  where: whereSchema.optional(),
  within: durationSchema.optional(),
  between: z.array(moment).min(2, 'must be two days or times').max(2, 'must be two days or times').optional(),
}

/** An event as a condition writes it. */
export type EventValue = { type: string | string[]; where?: Where; within?: string; between?: string[] }

/** At most one of `within` and `between` says when it was. */
export const isTimedOnce = ({ within, between }: Pick<EventValue, 'within' | 'between'>) =>
  within === undefined || between === undefined

/** What `isTimedOnce` demands. */
export const TIMED_ONCE = 'must have at most one of within and between'

/** The schema of what several events have in common. */
export const sameSchema = z.enum(SAME, `must be one of ${SAME.join(', ')}`)

/** The types of an event as they are stored: GA4's names for Segment's. */
export function typesOf({ type }: Pick<EventValue, 'type'>): string[] {
  return [...new Set((Array.isArray(type) ? type : [type]).map(eventType))]
}

/** The currency in which `value` is tested: the one that the condition names, else the segment's. Others do not count. */
export function currencyOf({ currency: test }: Where, locale: Pick<Locale, 'currency'>): string {
  const named = test === undefined ? undefined : operatorsOf(test).is
  return typeof named === 'string' ? named.toUpperCase() : locale.currency
}

/** The time between two days, both included, or times: from the first until just before the second. */
export function rangeOf([first = '', last = '']: string[], zone: string): { from: number; to: number } {
  const from = dayIn(zone, first)?.from ?? Date.parse(first)
  const end = dayIn(zone, last)
  return { from, to: end === null ? Date.parse(last) : end.to + 1 }
}
