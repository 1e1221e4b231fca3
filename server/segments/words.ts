/**
 * Sentences for conditions, in French and English, generated from their definitions: `personnes qui …`, `persons who …`.
 */
import type { SegmentDefinition } from './definitions.ts'
import { readNode } from './grammar.ts'
import type { Language, SegmentNode } from './nodes/node.ts'
import { localeOf, type Rules, type Shop } from './rules.ts'

/** A condition as a sentence in both languages. */
export function sentencesOf(
  definition: Pick<SegmentDefinition, 'node' | 'currency'>,
  { definitions, shop }: Rules,
): Record<Language, string> {
  const said = (language: Language) =>
    sentenceOf(definition, shop, language, (id) => {
      const name = definitions.get(id)?.name ?? id
      return typeof name === 'string' ? name : name[language]
    })
  return { fr: said('fr'), en: said('en') }
}

/** A condition as a sentence. `nameOf`: the name of another segment in the language. */
export function sentenceOf(
  { node, currency }: Pick<SegmentDefinition, 'node' | 'currency'>,
  shop: Shop,
  language: Language,
  nameOf: (segmentId: string) => string,
): string {
  const words = (each: SegmentNode): string =>
    readNode(each, (kind, value) =>
      kind.words(value, { ...localeOf(shop, { currency }), language, words, segmentName: nameOf }),
    )
  return language === 'fr' ? `Les personnes qui ${words(node)}.` : `Persons who ${words(node)}.`
}
