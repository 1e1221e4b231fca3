/** `{"all": [NODE, …]}`: every condition of a list holds. */
import { z } from 'zod'
import { allOf } from '../../domain/spans.ts'
import { joined, MAX_CONDITIONS } from '../phrases.ts'
import type { NodeKind } from './node.ts'

declare module './node.ts' {
  interface NodeValues {
    all: SegmentNode[]
  }
}

/** The kind `all`. */
export const all: NodeKind<'all'> = {
  about: 'for whom all parts hold',
  schema: (node) => z.array(node).min(1).max(MAX_CONDITIONS),
  children: (nodes) => nodes,
  where: (nodes, { eb, compile }) => eb.and(nodes.map(compile)),
  spans: (nodes, { spans }) => allOf(nodes.map(spans)),
  words: (nodes, { language, words }) => joined(nodes, words, language === 'fr' ? ' et ' : ' and '),
}
