/** `{"all": [NODE, …]}`: every condition of a list holds. */
import { z } from 'zod'
import { allOf, type NodeKind } from './node.ts'

declare module './node.ts' {
  interface NodeValues {
    all: SegmentNode[]
  }
}

/** No real question needs more conditions than this in one list. */
const MAX_CONDITIONS = 20

/** The kind `all`. */
export const all: NodeKind<'all'> = {
  about: 'for whom all parts hold',
  schema: (node) => z.array(node).min(1).max(MAX_CONDITIONS),
  children: (nodes) => nodes,
  compile: (nodes, { eb, compile }) => allOf(eb, nodes.map(compile)),
}
