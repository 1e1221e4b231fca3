/** Tests of the fields of events in SQL: of a row of `person_days`, and of one piece in its list of several. */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import { minorTest } from '../amounts.ts'
import type { SqlContext } from '../nodes/node.ts'
import { known, type Source, sqlTest, sqlTestOf, type Test } from '../test-value.ts'
import { currencyOf, ITEM_FIELDS, PROPS, type Where } from './event-value.ts'

type ItemField = (typeof ITEM_FIELDS)[number]
type ItemTests = [ItemField, Test][]

/** Whether a name is among these fields. */
export function isOfField<F extends string>(name: string, fields: readonly F[]): name is F {
  return (fields as readonly string[]).includes(name)
}

/** The tests of pieces. */
export function itemTests(where: Where): ItemTests {
  return Object.entries(where).flatMap(
    ([name, test]): ItemTests => (isOfField(name, ITEM_FIELDS) ? [[name, test]] : []),
  )
}

/** All tests but those of pieces. */
export function rowTests(where: Where, context: SqlContext): Expression<SqlBool> {
  const { eb } = context
  return eb.and(
    Object.entries(where).flatMap(([name, test]) => {
      if (isOfField(name, ITEM_FIELDS)) return []
      if (name.startsWith(PROPS)) return [propTest(name.slice(PROPS.length), test, context)]
      if (name !== 'value') return [sqlTestOf(eb, test, { text: textOf(name) })]
      const currency = currencyOf(where, context)
      const own = sql<
        number | null
      >`case when ${sql.ref('person_days.currency')} = ${currency} then ${sql.ref('person_days.value')} end`
      return [sqlTestOf(eb, minorTest(test, currency), { number: own })]
    }),
  )
}

/** A column of texts, folded. Sites and currencies are plain, and kept as they are. */
function textOf(name: string): RawBuilder<string | null> {
  if (name === 'site') return sql`lower(${sql.ref('person_days.site_id')})`
  return name === 'currency' ? sql`lower(${sql.ref('person_days.currency')})` : sql.ref(`person_days.${name}`)
}

/** A test of a property, which may be a list. */
function propTest(name: string, test: Test, { eb, json }: SqlContext): Expression<SqlBool> {
  const props = sql.ref<string | null>('props')
  const own = { text: json.text(props, name), number: json.number(props, name), flag: json.flag(props, name) }
  const listed = (holds: (source: Source) => Expression<SqlBool>) =>
    eb.exists(
      eb
        .selectFrom(json.elements(json.inside(props, name), 'each') as never)
        .select(sql.lit(1).as('one'))
        .where(known(holds({ text: json.textOf('each'), number: json.numberOf('each') }))),
    )
  return sqlTest(eb, test, (holds) => eb.or([known(holds(own)), listed(holds)]))
}

/** The tests of the only piece of a row, or of one without any. */
export function inRow(tests: ItemTests, { eb }: SqlContext): Expression<SqlBool> {
  return eb.and(tests.map(([name, test]) => sqlTestOf(eb, test, { text: sql.ref(`person_days.${name}`) })))
}

/** The tests of a piece in a list, whose elements are `alias`. */
export function inItem(tests: ItemTests, alias: string, { eb, json }: SqlContext): Expression<SqlBool> {
  const item = json.objectOf(alias)
  return eb.and(
    tests.map(([name, test]) => {
      if (name !== 'item_category')
        return sqlTestOf(eb, test, { text: json.text(item, name === 'item_id' ? 'id' : 'name') })
      return sqlTest(eb, test, (holds) =>
        eb.exists(
          eb
            .selectFrom(json.elements(json.inside(item, 'categories'), 'level') as never)
            .select(sql.lit(1).as('one'))
            .where(known(holds({ text: json.textOf('level') }))),
        ),
      )
    }),
  )
}
