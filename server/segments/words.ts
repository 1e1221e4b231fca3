/**
 * Sentences for conditions, in French and English, generated from their definitions: `personnes qui …`, `persons who …`.
 */
import type { SegmentDefinition } from './definitions.ts'
import { readNode } from './grammar.ts'
import type { Language, SegmentNode } from './nodes/node.ts'
import { localeOf, type Shop } from './rules.ts'

/** No real question needs more conditions than this in one list. */
export const MAX_CONDITIONS = 20

/** The words of several nodes with a conjunction; lists inside lists are put in brackets. */
export function joined(nodes: SegmentNode[], words: (node: SegmentNode) => string, conjunction: string): string {
  const isList = (node: SegmentNode) => ('all' in node || 'any' in node) && nodes.length > 1
  return nodes.map((node) => (isList(node) ? `(${words(node)})` : words(node))).join(conjunction)
}

/** Texts as a list in words: with commas, and the last one after "and". */
export function enumerated(texts: string[], language: Language): string {
  const last = texts.at(-1) ?? ''
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} ${language === 'fr' ? 'et' : 'and'} ${last}`
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
