/** What conditions compare the probability to be a customer still with. */
import { readNode } from './grammar.ts'
import { limitsOf } from './nodes/alive.ts'
import type { SegmentNode } from './nodes/node.ts'

/** The numbers that conditions compare the probability with, each once. */
export function aliveLimits(nodes: SegmentNode[]): number[] {
  const collect = (node: SegmentNode): number[] => {
    const own = 'alive' in node ? limitsOf(node.alive) : []
    return [...own, ...readNode(node, (kind, value) => kind.children?.(value) ?? []).flatMap(collect)]
  }
  return [...new Set(nodes.flatMap(collect))]
}
