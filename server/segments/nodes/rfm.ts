/** `{"rfm": {…}}`: a customer's scores of recency, frequency and money, or the group that they name. */
import { type Expression, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import { itemAt } from '../../domain/lookup.ts'
import type { ScoreVersion } from '../../domain/scores/person-scores.ts'
import type { RfmBounds, RfmScore } from '../../domain/scores/rfm.ts'
import { RFM_GROUPS, type RfmGroup, rfmGroupOf } from '../../domain/scores/rfm-groups.ts'
import { versionAt } from '../../domain/scores/standing.ts'
import { NEVER } from '../../domain/spans.ts'
import { dayNumberIn, dayStartIn } from '../../domain/zone.ts'
import { enumerated } from '../phrases.ts'
import { numberTestSchema, passes, quoted, testWords } from '../test-value.ts'
import type { Language, NodeKind } from './node.ts'

const group = z.enum(RFM_GROUPS as [RfmGroup, ...RfmGroup[]], `must be one of ${RFM_GROUPS.join(', ')}`)
const groups = z.array(group).min(1).max(RFM_GROUPS.length)

const schema = z
  .strictObject({
    group: z
      .union(
        [
          group,
          z.strictObject({ is: group }),
          z.strictObject({ not: group }),
          z.strictObject({ in: groups }),
          z.strictObject({ not_in: groups }),
        ],
        `must be a group (${RFM_GROUPS.join(', ')}), or an object such as {"in": ["champions", "loyal_customers"]}`,
      )
      .optional(),
    r: numberTestSchema.optional(),
    f: numberTestSchema.optional(),
    m: numberTestSchema.optional(),
  })
  .refine((value) => Object.keys(value).length > 0, 'must have group, r, f or m')

type Rfm = z.infer<typeof schema>

declare module './node.ts' {
  interface NodeValues {
    rfm: Rfm
  }
}

function holds({ group, r, f, m }: Rfm, score: RfmScore): boolean {
  return (
    (group === undefined || passes(group, [score.group])) &&
    (r === undefined || passes(r, [score.r])) &&
    (f === undefined || passes(f, [score.f])) &&
    (m === undefined || passes(m, score.m === null ? [] : [score.m]))
  )
}

const SCORES = [1, 2, 3, 4, 5]

/** All scores that hold, as three digits; the last is 0 where spending is unknown. */
function codesOf(value: Rfm): number[] {
  return SCORES.flatMap((r) =>
    SCORES.flatMap((f) =>
      [null, ...SCORES].flatMap((m) => {
        const isHeld = holds(value, { r, f, m, group: rfmGroupOf(r, f, m) })
        return isHeld ? r * 100 + f * 10 + (m ?? 0) : []
      }),
    ),
  )
}

/** The kind `rfm`. */
export const rfm: NodeKind<'rfm'> = {
  about:
    'who have ordered within 24 months and whose scores of recency (`r`), frequency (`f`) and money (`m`), from 1 to 5, or whose `group` is as stated',
  schema: () => schema,
  wants: () => ({ scores: [true] }),
  where(value, { eb, now, scores }) {
    const version = versionAt(scores, now)
    if (version === null || version.bounds === null) return sql<SqlBool>`false`
    const codes = codesOf(value)
    if (codes.length === 0) return sql<SqlBool>`false`
    const { zone, windowDays } = version
    const today = dayNumberIn(zone, now)
    const code = codeIn(version, version.bounds, today)
    let orders = eb.selectFrom('person_orders').select('person_orders.person_id').where('person_orders.at', '<=', now)
    if (windowDays !== null) orders = orders.where('person_orders.at', '>=', dayStartIn(zone, today - windowDays + 1))
    const scored = orders.groupBy('person_orders.person_id').having(code, 'in', codes)
    return eb.and([eb('persons.contact_id', 'is not', null), eb('persons.person_id', 'in', scored)])
  },
  spans(value, { facts, scores }) {
    if (facts.row.contact_id === null) return NEVER
    return facts
      .get('scores')
      .timeline(scores)
      .rfm((score) => holds(value, score))
  },
  words: (value, { language }) => enumerated(said(value, language), language),
  facts(_, { facts, language }) {
    const { orders } = facts.get('scores')
    const last = orders.reduce((latest, { at }) => Math.max(latest, at), -Infinity)
    if (orders.length === 0) return []
    const n = orders.length
    const text =
      language === 'fr'
        ? n === 1
          ? 'seule commande'
          : `dernière de ${n} commandes`
        : n === 1
          ? 'the only order'
          : `the last of ${n} orders`
    return [{ kind: 'order', at: last, id: null, text }]
  },
}

/** The scores of a person's orders in SQL, as three digits. */
function codeIn({ zone, currency, money }: ScoreVersion, { r, f, m }: RfmBounds, today: number): Expression<number> {
  const places = [0, 1, 2, 3]
  const last = sql`max(${sql.ref('person_orders.at')})`
  const own = sql`case when ${sql.ref('person_orders.currency')} = ${currency} then ${sql.ref('person_orders.total')} end`
  const sum = sql`cast(sum(${own}) as double precision)`
  const spent = money === 'total' ? sum : sql`${sum} / count(${own})`
  // A recency reaches a bound if the last order is older than the beginning of the day after.
  const recent = places.map(
    (i) => sql`when ${last} >= ${dayStartIn(zone, today - Math.ceil(itemAt(r, i)) + 1)} then ${sql.lit(5 - i)}`,
  )
  const often = places.map((i) => sql`when count(*) >= ${Math.ceil(itemAt(f, 3 - i))} then ${sql.lit(5 - i)}`)
  const much =
    m.length === 0
      ? sql`0`
      : sql`case when count(${own}) = 0 then 0 ${sql.join(
          places.map((i) => sql`when ${spent} >= cast(${itemAt(m, 3 - i)} as double precision) then ${sql.lit(5 - i)}`),
          sql` `,
        )} else 1 end`
  return sql<number>`(case ${sql.join(recent, sql` `)} else 1 end) * 100 + (case ${sql.join(often, sql` `)} else 1 end) * 10 + (${much})`
}

const GROUP_NAMES: Record<Language, Record<RfmGroup, string>> = {
  fr: {
    champions: 'champions',
    potential_loyalist: 'fidèles en devenir',
    loyal_customers: 'clients fidèles',
    promising: 'prometteurs',
    new_customers: 'nouveaux clients',
    cant_lose_them: 'à ne pas perdre',
    at_risk: 'à risque',
    need_attention: 'à surveiller',
    about_to_sleep: 'en sommeil',
    lost: 'perdus',
    others: 'autres',
  },
  en: {
    champions: 'champions',
    potential_loyalist: 'potential loyalists',
    loyal_customers: 'loyal customers',
    promising: 'promising customers',
    new_customers: 'new customers',
    cant_lose_them: 'customers not to lose',
    at_risk: 'at risk',
    need_attention: 'in need of attention',
    about_to_sleep: 'about to sleep',
    lost: 'lost',
    others: 'others',
  },
}

/** What a value asks for, part by part. */
function said({ group, r, f, m }: Rfm, language: Language): string[] {
  const fr = language === 'fr'
  const name = (value: string | number | boolean) => quoted(GROUP_NAMES[language][value as RfmGroup], language)
  const parts: string[] = []
  if (group !== undefined) {
    const test = testWords(group, language, name)
    parts.push(fr ? `sont des clients dont le groupe RFM ${test}` : `are customers whose RFM group ${test}`)
  }
  const scores = [
    { test: r, fr: 'récence', en: 'recency' },
    { test: f, fr: 'fréquence', en: 'frequency' },
    { test: m, fr: 'montant', en: 'money' },
  ]
  for (const { test, ...names } of scores) {
    if (test === undefined) continue
    const words = testWords(test, language)
    parts.push(fr ? `ont un score RFM de ${names.fr} qui ${words}` : `have an RFM score of ${names.en} that ${words}`)
  }
  return parts
}
