/** `{"any": [NODE, …]}`: at least one condition of a list holds. */
import { z } from 'zod'
import { anyOf } from '../../domain/spans.ts'
import { joined, MAX_CONDITIONS } from '../phrases.ts'
import type { NodeKind } from './node.ts'

declare module './node.ts' {
  interface NodeValues {
    any: SegmentNode[]
  }
}

/** The kind `any`. */
export const any: NodeKind<'any'> = {
  about: 'for whom at least one part holds',
  schema: (node) => z.array(node).min(1).max(MAX_CONDITIONS),
  children: (nodes) => nodes,
  where: (nodes, { eb, compile }) => eb.or(nodes.map(compile)),
  spans: (nodes, { spans }) => anyOf(nodes.map(spans)),
  words: (nodes, { language, words }) => joined(nodes, words, language === 'fr' ? ' ou ' : ' or '),
}
