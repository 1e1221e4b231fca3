/**
 * The segment grammar: a condition on a person as JSON, which is data and never code. Each kind of node is a file in
 * `nodes/`; this file lists them, combines their schemas, and limits the size of outside input.
 */
import { z } from 'zod'
import { alive } from './nodes/alive.ts'
import { all } from './nodes/all.ts'
import { any } from './nodes/any.ts'
import { cart } from './nodes/cart.ts'
import { consent } from './nodes/consent.ts'
import { contact } from './nodes/contact.ts'
import { event } from './nodes/event.ts'
import { matched } from './nodes/matched.ts'
import type { Kind, NodeKind, NodeValues, SegmentNode } from './nodes/node.ts'
import { not } from './nodes/not.ts'
import { order } from './nodes/order.ts'
import { rfm } from './nodes/rfm.ts'
import { segment } from './nodes/segment.ts'
import { sequence } from './nodes/sequence.ts'
import { visitor } from './nodes/visitor.ts'

/** All kinds of nodes by name. */
export const KINDS: { [K in Kind]: NodeKind<K> } = {
  ...{ all, any, not, cart, order, contact, consent, matched, segment },
  ...{ event, sequence, visitor, rfm, alive },
}

const NAMES = Object.keys(KINDS) as Kind[]

/** Calls a function with the kind of a node and its value. */
export function readNode<R>(node: SegmentNode, use: <K extends Kind>(kind: NodeKind<K>, value: NodeValues[K]) => R): R {
  const call = <K extends Kind>(kind: K, { [kind]: value }: { [Only in K]: NodeValues[Only] }) =>
    use(KINDS[kind], value)
  const kind = NAMES.find((each) => each in node)
  if (kind === undefined) throw new Error(`a node must have one of the keys ${NAMES.join(', ')}`)
  return call(kind, node as never)
}

/** Whether only persons with an open cart can be in a segment with this condition, as `segments` stores it. */
export function needsCart(node: object): boolean {
  const own = node as SegmentNode
  if ('cart' in own) return own.cart.state !== 'recovered' && own.cart.state !== 'converted'
  if ('all' in own) return own.all.some(needsCart)
  return 'any' in own && own.any.every(needsCart)
}

/** The segments that a condition names, itself or in nodes inside it. */
export function namedSegments(node: SegmentNode): string[] {
  return readNode(node, (kind, value) => [
    ...(kind.segments?.(value) ?? []),
    ...(kind.children?.(value) ?? []).flatMap(namedSegments),
  ])
}

const ONE_KIND = `must have exactly one of the keys ${NAMES.join(', ')}`

/** The maximum number of objects and lists in a definition, and their maximum nesting depth. */
const MAX_PARTS = 200
const MAX_DEPTH = 16

type Schema = z.ZodType<SegmentNode>

/**
 * The schema of a definition: a node of bounded size. `named` may register the schema of a node under a name, so that
 * descriptions can refer to it where a node contains others.
 */
export function definitionSchema(named = (schema: Schema): Schema => schema) {
  const anyNode: Schema = named(
    z.lazy(() => {
      const values = NAMES.map((kind) => [
        kind,
        KINDS[kind].schema(anyNode).optional().describe(`Holds for persons ${KINDS[kind].about}.`),
      ])
      const node = z.strictObject(Object.fromEntries(values) as Record<Kind, z.ZodType>)
      return node.refine((value) => Object.keys(value).length === 1, ONE_KIND) as unknown as Schema
    }),
  )
  return z.preprocess((given, context) => {
    const problem = tooLarge(given)
    if (problem === null) return given
    context.addIssue({ code: 'custom', message: problem })
    return z.NEVER
  }, anyNode)
}

/** Why outside input is too large, or null. Iterative, because the input may be nested a million levels deep. */
function tooLarge(given: unknown): string | null {
  const open = [{ value: given, depth: 1 }]
  let parts = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next
    if (typeof value !== 'object' || value === null) continue
    if (++parts > MAX_PARTS) return `must hold at most ${MAX_PARTS} objects and lists`
    if (depth > MAX_DEPTH) return `must be nested at most ${MAX_DEPTH} deep`
    for (const child of Object.values(value)) open.push({ value: child, depth: depth + 1 })
  }
  return null
}
