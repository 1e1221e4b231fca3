/** `{"not": NODE}`: a condition does not hold. */
import { notIn } from '../../domain/spans.ts'
import type { NodeKind } from './node.ts'

declare module './node.ts' {
  interface NodeValues {
    not: SegmentNode
  }
}

/** The kind `not`. */
export const not: NodeKind<'not'> = {
  about: 'for whom the part does not hold',
  schema: (node) => node,
  children: (node) => [node],
  where: (node, { eb, compile }) => eb.not(compile(node)),
  spans: (node, { spans }) => notIn(spans(node)),
  words: (node, { language, words }) =>
    language === 'fr'
      ? `ne remplissent pas la condition : ${words(node)}`
      : `do not meet the condition: ${words(node)}`,
}
