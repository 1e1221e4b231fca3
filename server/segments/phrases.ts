/** Parts of sentences about conditions. */
import type { Language, SegmentNode } from './nodes/node.ts'

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
