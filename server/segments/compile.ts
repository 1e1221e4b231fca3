/**
 * Compiles a segment's definition to SQL over `persons`, the same on every engine. Besides the condition it yields
 * the times since when its parts hold, and the times at which time alone may change it, so that a membership can be
 * dated by the event or the edge and never by the tick that noticed it.
 */
import type { AliasableExpression, Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely'
import type { Database } from '../store/schema.ts'
import { durationMs, type SegmentDefinition, type SegmentNode } from './grammar.ts'

type Builder = ExpressionBuilder<Database, 'persons'>
type Time = AliasableExpression<number | null>
type Compiled = { where: Expression<SqlBool>; since: Time[]; edges: Time[] }

/** What a definition says of one person at one time. `edge` is the next time that may change it, or null. */
export type Verdict = { personId: string; member: boolean; enteredAt: number; edge: number | null }

function compile(eb: Builder, node: SegmentNode, now: number): Compiled {
  if ('all' in node)
    return all(
      eb,
      node.all.map((each) => compile(eb, each, now)),
    )
  if ('cart' in node) return cart(eb, node.cart, now)
  if ('consent' in node) return consent(eb, node.consent)
  const where = node.matched ? eb('matched_at', 'is not', null) : eb('matched_at', 'is', null)
  return { where, since: [node.matched ? eb.ref('matched_at') : eb.ref('first_seen')], edges: [] }
}

function all(eb: Builder, parts: Compiled[]): Compiled {
  return {
    where: eb.and(parts.map((part) => part.where)),
    since: parts.flatMap((part) => part.since),
    edges: parts.flatMap((part) => part.edges),
  }
}

function cart(eb: Builder, node: Extract<SegmentNode, { cart: unknown }>['cart'], now: number): Compiled {
  const parts: Compiled[] = [
    { where: eb('cart_updated_at', 'is not', null), since: [eb.ref('cart_updated_at')], edges: [] },
  ]
  const after = (ms: number) => eb('cart_updated_at', '+', eb.lit(ms)) as Time
  if (node.state === 'abandoned') {
    const idle = eb.ref('cart_idle_at')
    parts.push({ where: eb('cart_idle_at', '<=', now), since: [idle], edges: [idle] })
  }
  if (node.state === 'open') {
    parts.push({ where: eb('cart_idle_at', '>', now), since: [], edges: [eb.ref('cart_idle_at')] })
  }
  if (node.idle?.min !== undefined) {
    const ms = durationMs(node.idle.min)
    parts.push({ where: eb('cart_updated_at', '<=', now - ms), since: [after(ms)], edges: [after(ms)] })
  }
  if (node.idle?.max !== undefined) {
    const ms = durationMs(node.idle.max)
    parts.push({ where: eb('cart_updated_at', '>', now - ms), since: [], edges: [after(ms)] })
  }
  return all(eb, parts)
}

function consent(eb: Builder, node: Extract<SegmentNode, { consent: unknown }>['consent']): Compiled {
  const parts: Compiled[] = []
  if (node.mail !== undefined) {
    const where = node.mail
      ? eb('mail_consent', '=', 1)
      : eb.or([eb('mail_consent', '=', 0), eb('mail_consent', 'is', null)])
    parts.push({ where, since: [eb.ref('mail_consent_since')], edges: [] })
  }
  if (node.marketing !== undefined) {
    const where = eb('marketing', '=', node.marketing ? 1 : 0)
    parts.push({ where, since: [eb.ref('marketing_since')], edges: [] })
  }
  if (node.identity !== undefined) {
    parts.push({ where: eb('identity', '=', node.identity ? 1 : 0), since: [], edges: [] })
  }
  return all(eb, parts)
}

/** The query that judges persons, all of them or the given ones, in order of their id. Exported for its test. */
export function verdictQuery(db: Kysely<Database>, node: SegmentNode, now: number, personIds: string[]) {
  return db
    .selectFrom('persons')
    .select('person_id')
    .select((eb) => {
      const { where, since, edges } = compile(eb, node, now)
      return [
        eb.case().when(where).then(eb.lit(1)).else(eb.lit(0)).end().as('member'),
        ...since.map((time, i) => time.as(`since_${i}`)),
        ...edges.map((time, i) => time.as(`edge_${i}`)),
      ]
    })
    .where('person_id', 'in', personIds)
}

/** Judges the given persons at `now`. */
export async function judge(
  db: Kysely<Database>,
  definition: SegmentDefinition,
  now: number,
  personIds: string[],
): Promise<Verdict[]> {
  const rows = (await verdictQuery(db, definition.node, now, personIds).execute()) as Record<string, unknown>[]
  return rows.map((row) => {
    const times = (prefix: string) =>
      Object.entries(row).flatMap(([name, value]) => (name.startsWith(prefix) && value !== null ? [Number(value)] : []))
    const ahead = times('edge_').filter((time) => time > now)
    return {
      personId: row.person_id as string,
      member: Number(row.member) === 1,
      enteredAt: Math.max(0, ...times('since_')),
      edge: ahead.length > 0 ? Math.min(...ahead) : null,
    }
  })
}
