/**
 * Who uses a segment: other segments name it in their conditions. A segment that is used cannot be deleted, and none may
 * lead back to itself.
 */
import type { SegmentName } from '../domain/membership.ts'
import { readNode } from './grammar.ts'
import type { SegmentNode } from './nodes/node.ts'

/** Something that uses a segment. */
export type Use = { kind: 'segment'; id: string; name: SegmentName }

type Defined = { id: string; name: SegmentName; node: SegmentNode }

/** A segment that a condition names, and where. */
type Named = { path: string; id: string }

/** The segments that a condition names, with the path to each. */
function namedIn(node: SegmentNode, path: string): Named[] {
  return readNode(node, (kind, value) => {
    const at = `${path}.${Object.keys(node)[0]}`
    const own = (kind.segments?.(value) ?? []).map((id) => ({ path: at, id }))
    const inside = (kind.children?.(value) ?? []).flatMap((child, i) =>
      namedIn(child, Array.isArray(value) ? `${at}.${i}` : at),
    )
    return [...own, ...inside]
  })
}

/** What uses a segment directly. */
export function usesOf(segments: readonly Defined[], id: string): Use[] {
  return segments
    .filter((segment) => segment.id !== id && namedIn(segment.node, 'node').some((named) => named.id === id))
    .map((segment) => ({ kind: 'segment', id: segment.id, name: segment.name }))
}

/** The segments whose members depend on a segment, directly or through others. */
export function dependentsOf(segments: readonly Defined[], id: string): string[] {
  const found = new Set([id])
  for (const each of found) for (const use of usesOf(segments, each)) found.add(use.id)
  found.delete(id)
  return [...found]
}

/** Why a segment may not have a condition, given the segments that it names; null if it may. */
export function refusalOf(segments: readonly Defined[], { id, node }: Pick<Defined, 'id' | 'node'>): string | null {
  const nodes = new Map(segments.map((segment) => [segment.id, segment.node]))
  for (const named of namedIn(node, 'node')) {
    const way = wayBack(nodes, named.id, id)
    if (way !== null) return `${named.path} must not lead back to the segment itself (${[id, ...way].join(' → ')})`
    if (!nodes.has(named.id)) return `${named.path} must be the id of a segment (got "${named.id}")`
  }
  return null
}

/** The ids from a segment to another that it names, directly or through others, both included; null if it does not. */
function wayBack(nodes: Map<string, SegmentNode>, from: string, to: string): string[] | null {
  const before = new Map<string, string | null>([[from, null]])
  for (const [id] of before) {
    if (id === to) {
      const way: string[] = []
      for (let at: string | null = id; at !== null; at = before.get(at) ?? null) way.unshift(at)
      return way
    }
    const node = nodes.get(id)
    for (const named of node ? namedIn(node, '') : []) if (!before.has(named.id)) before.set(named.id, id)
  }
  return null
}
