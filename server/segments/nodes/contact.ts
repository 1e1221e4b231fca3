/**
 * `{"contact": {"attribute": …}}`: an attribute of the contact in the CRM, of any type: its value is tested, or its anniversary is
 * near. Names, like texts, are compared without case and accents. It holds for contacts only.
 */
import { type Expression, type SqlBool, sql } from 'kysely'
import { anniversariesWithin, anniversarySpans } from '../../domain/anniversary.ts'
import { foldedName } from '../../domain/attribute.ts'
import type { FoldedValue } from '../../domain/folded-attributes.ts'
import { ALWAYS, allOf, NEVER, type Spans, since, spansOf } from '../../domain/spans.ts'
import { decodeJson } from '../../store/schema/columns.ts'
import type { PersonRow } from '../../store/schema/derived.ts'
import { type ContactValue, contactSchema, contactWords, testOf } from '../contact-value.ts'
import { durationMs } from '../duration.ts'
import { hasElement } from '../pieces.ts'
import { known, likePattern, operatorsOf, passes, type Scalar, type Source, sqlTest, type Test } from '../test-value.ts'
import type { NodeKind, SqlContext } from './node.ts'

declare module './node.ts' {
  interface NodeValues {
    contact: ContactValue
  }
}

/** The kind `contact`. */
export const contact: NodeKind<'contact'> = {
  about:
    'who are contacts whose `attribute` passes the test beside it, or is a date whose anniversary is today or ' +
    '`anniversary_within` so long',
  schema: () => contactSchema,
  where(value, context) {
    const { eb } = context
    const test = testOf(value)
    const parts: Expression<SqlBool>[] = [eb('contact_id', 'is not', null)]
    if (!allowsMissing(value)) parts.push(mentions(value, context))
    if (test !== null) parts.push(sqlTest(eb, test, (holds) => oneOf(value, holds, context)))
    if (value.anniversary_within !== undefined) {
      const days = anniversariesWithin(durationMs(value.anniversary_within), context)
      parts.push(oneOf(value, (source) => isAnniversary(source, days), context))
    }
    return eb.and(parts)
  },
  spans(value, { facts: { row }, now, zone }) {
    if (row.contact_id === null) return NEVER
    const { values, at } = attributeOf(row, value.attribute)
    const test = testOf(value)
    if (test !== null && !passes(test, values)) return NEVER
    // A time in the future tells nothing about the past.
    const known: Spans = at === null || at > now ? ALWAYS : since(at, 'import')
    if (value.anniversary_within === undefined) return known
    const withinMs = durationMs(value.anniversary_within)
    const dates = values.filter((each) => typeof each === 'string')
    const near = dates.flatMap((date) => anniversarySpans(date, withinMs, { zone, now }))
    return allOf([known, spansOf(near.map((each) => ({ ...each, began: 'time', ended: 'time' })))])
  },
  words: contactWords,
  facts({ attribute }, { facts: { row } }) {
    const { values, at } = attributeOf(row, attribute)
    if (values.length === 0 || at === null) return []
    return [{ kind: 'attribute', at, id: null, text: `${attribute}: ${values.join(', ')}` }]
  },
}

/** The values of an attribute, none if it is missing, and since when that is so; null if nobody knows. */
function attributeOf(row: PersonRow, name: string): { values: Scalar[]; at: number | null } {
  const key = foldedName(name)
  const values: Record<string, FoldedValue> = row.attributes === null ? {} : decodeJson(row.attributes)
  const times: Record<string, number> = row.attribute_times === null ? {} : decodeJson(row.attribute_times)
  const value = Object.hasOwn(values, key) ? values[key] : undefined
  const at = Object.hasOwn(times, key) ? (times[key] ?? null) : value === undefined ? null : row.attributes_at
  if (!Array.isArray(value)) return { values: value === undefined ? [] : [value], at }
  return { values: value.filter((each) => typeof each !== 'boolean'), at }
}

/** Whether the condition may hold for a contact without the attribute. */
function allowsMissing(value: ContactValue): boolean {
  const test: Test | null = testOf(value)
  if (value.anniversary_within !== undefined || test === null) return false
  const { not: _, not_in: __, exists: isThere, ...positive } = operatorsOf(test)
  return isThere !== true && Object.keys(positive).length === 0
}

/** Whether the attribute's name occurs in the column: most rows need not be parsed. */
function mentions({ attribute }: ContactValue, { eb }: SqlContext): Expression<SqlBool> {
  const name = `%${likePattern(`${JSON.stringify(foldedName(attribute))}:`)}%`
  return known(sql<SqlBool>`${eb.ref('attributes')} like ${name} escape '!'`)
}

/** Whether something holds for the attribute's value, or for one of its values if it is a list. */
function oneOf(
  { attribute }: ContactValue,
  holds: (source: Source) => Expression<SqlBool>,
  { eb, json }: SqlContext,
): Expression<SqlBool> {
  const [column, key] = [eb.ref('attributes'), foldedName(attribute)]
  const own = { text: json.text(column, key), number: json.number(column, key), flag: json.flag(column, key) }
  const elements = json.elements(json.inside(column, key), 'each')
  const listed = known(holds({ text: json.textOf('each'), number: json.numberOf('each') }))
  return eb.or([known(holds(own)), hasElement(eb, elements, listed)])
}

/** Whether a text is a date with one of these months and days. */
function isAnniversary({ text }: Source, days: string[]): Expression<SqlBool> {
  return sql<SqlBool>`(substr(${text}, 5, 1) = '-' and substr(${text}, 6, 5) in (${sql.join(days)}))`
}
