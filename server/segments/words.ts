/**
 * Sentences for conditions, in French and English, generated from their definitions: `personnes qui …`, `persons who …`.
 */
import type { SegmentDefinition } from './definitions.ts'
import { readNode } from './grammar.ts'
import type { Language, SegmentNode } from './nodes/node.ts'
import { localeOf, type Shop } from './rules.ts'

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
