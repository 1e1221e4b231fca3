/**
 * Pieces of orders and carts as conditions ask for them: by id, variant, name or category. All tests must hold for one and the
 * same piece. Rows keep pieces without case and accents (`FoldedItem`).
 */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import type { FoldedItem } from '../domain/commerce/items.ts'
import type { Builder, Language, SqlContext } from './nodes/node.ts'
import { known, passes, sqlTest, sqlTestOf, type Test, testSchema, testWords } from './test-value.ts'

const FIELDS = ['item_id', 'item_variant', 'item_name', 'item_category'] as const

type Field = (typeof FIELDS)[number]

/** The schema of tests of a piece, by field. */
export const pieceSchema = z
  .strictObject({
    item_id: testSchema.optional(),
    item_variant: testSchema.optional(),
    item_name: testSchema.optional(),
    item_category: testSchema.optional(),
  })
  .refine((tests) => Object.keys(tests).length > 0, `must have at least one of ${FIELDS.join(', ')}`)

/** Tests of a piece. */
export type PieceTests = z.infer<typeof pieceSchema>

function testsOf(tests: PieceTests): [Field, Test][] {
  return FIELDS.flatMap((field): [Field, Test][] => {
    const test = tests[field]
    return test === undefined ? [] : [[field, test]]
  })
}

/** Whether one of some pieces passes all tests. */
export function hasPiece(tests: PieceTests, pieces: readonly FoldedItem[]): boolean {
  return pieces.some((piece) => testsOf(tests).every(([field, test]) => passes(test, valuesOf(piece, field))))
}

function valuesOf({ ids, variant, name, categories }: FoldedItem, field: Field): string[] {
  switch (field) {
    case 'item_id':
      return ids
    case 'item_category':
      return categories
    case 'item_variant':
      return variant === null ? [] : [variant]
    case 'item_name':
      return name === null ? [] : [name]
  }
}

/** The same in SQL, of a JSON column. */
export function sqlHasPiece(
  tests: PieceTests,
  column: Expression<string | null>,
  { eb, json }: SqlContext,
): Expression<SqlBool> {
  const piece = json.objectOf('piece')
  const parts = testsOf(tests).map(([field, test]) => {
    const list = LISTS[field]
    if (list === undefined) return sqlTestOf(eb, test, { text: json.text(piece, TEXTS[field] ?? field) })
    const elements = json.elements(json.inside(piece, list), 'each')
    return sqlTest(eb, test, (holds) => hasElement(eb, elements, known(holds({ text: json.textOf('each') }))))
  })
  return hasElement(eb, json.elements(column, 'piece'), eb.and(parts))
}

/** The members of a piece that are lists, and those that are texts. */
const LISTS: Partial<Record<Field, string>> = { item_id: 'ids', item_category: 'categories' }
const TEXTS: Partial<Record<Field, string>> = { item_variant: 'variant', item_name: 'name' }

/** Whether one of the elements of a list passes. */
export function hasElement(
  eb: Builder,
  elements: RawBuilder<unknown>,
  where: Expression<SqlBool>,
): Expression<SqlBool> {
  return eb.exists(
    eb
      .selectFrom(elements as never)
      .select(sql.lit(1).as('one'))
      .where(where),
  )
}

const WORDS: Record<Language, Record<Field, string>> = {
  en: {
    item_id: 'with a product whose id',
    item_variant: 'with a product whose variant',
    item_name: 'with a product whose name',
    item_category: 'with a product whose category',
  },
  fr: {
    item_id: 'avec un produit dont l’identifiant',
    item_variant: 'avec un produit dont la variante',
    item_name: 'avec un produit dont le nom',
    item_category: 'avec un produit dont la catégorie',
  },
}

/** Tests of a piece in words, after what contains it. */
export function pieceWords(tests: PieceTests, language: Language): string {
  const [and, whose] = language === 'fr' ? [' et ', 'dont'] : [' and ', 'whose']
  const said = testsOf(tests).map(([field, test], i) => {
    const words = WORDS[language][field]
    const subject = i === 0 ? words : words.slice(words.indexOf(whose))
    return `${subject} ${testWords(test, language)}`
  })
  return said.join(and)
}
