/** Segments as the API shows them, what requests about them must be, and the problems that they share. */
import { z } from '@hono/zod-openapi'
import type { Kysely, Transaction } from 'kysely'
import { oneName } from '../domain/membership.ts'
import { Problem } from '../domain/problem.ts'
import { segmentCurrency, segmentName } from '../segments/definition-schema.ts'
import { listVersions, MAX_SEGMENTS, type Refused, type Segment } from '../segments/definitions.ts'
import { definitionSchema } from '../segments/grammar.ts'
import { judgingProgress, type Progress } from '../segments/judging.ts'
import { type Rules, readRules } from '../segments/rules.ts'
import type { Use } from '../segments/uses.ts'
import { sentencesOf } from '../segments/words.ts'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'
import type { Caller, HttpDeps } from './deps.ts'
import { iso, isoOrNull, shortId } from './shapes.ts'

/** A segment's name. */
export const name = segmentName().openapi({ description: 'One name, or one per language of the dashboard.' })

/** A condition from outside. */
export const node = definitionSchema((schema) =>
  schema.openapi('SegmentNode', {
    description: 'A condition on a person: an object with exactly one of these keys.',
    example: { cart: { state: 'abandoned', idle: { max: '7d' } } },
  }),
)

/** The currency of a condition's amounts. */
export const currency = segmentCurrency().openapi({
  description: 'The currency of amounts in the condition; the shop’s without it.',
})

/** A condition in words, in the languages of the dashboard. */
export const sentenceSchema = z
  .object({ fr: z.string(), en: z.string() })
  .openapi({ description: 'The condition in words, made from its definition.' })

/** A segment with its definition. */
export const segmentSchema = z
  .object({
    id: z.string(),
    name,
    node,
    currency: currency.nullable(),
    definition: node.openapi({ description: 'The same as `node`, under its old name.', deprecated: true }),
    sentence: sentenceSchema,
    version: z.number().openapi({ description: 'Increases with each change.' }),
    updated_at: z.string(),
    origin: z
      .enum(['preset', 'shop'])
      .openapi({ description: 'Whether it ships with Couture or was created by the shop.' }),
    edited_at: z.string().nullable().openapi({
      description: 'When the shop edited a preset; later releases do not change it.',
    }),
    judging: z.object({ done: z.number(), total: z.number() }).nullable().openapi({
      description: 'While persons are judged by a new condition: how many are done, out of how many.',
    }),
  })
  .openapi('Segment')

/** Something that uses a segment. */
export const useSchema = z
  .object({ kind: z.literal('segment'), id: z.string(), name })
  .openapi('SegmentUse', { description: 'What uses a segment: another one that names it in its condition.' })

/** The id of a segment in the path. */
export const ofSegment = (example: string) => z.object({ id: shortId.openapi({ example }) })

/** Renders a segment. */
export function renderSegment(
  segment: Segment,
  progress: Map<string, Progress>,
  rules: Rules,
): z.infer<typeof segmentSchema> {
  const { id, name, node, version, origin } = segment
  return {
    ...{ id, name, node, currency: segment.currency ?? null, definition: node, version, origin },
    sentence: sentencesOf(segment, rules),
    updated_at: iso(segment.updatedAt),
    edited_at: isoOrNull(segment.editedAt),
    judging: progress.get(id) ?? null,
  }
}

/** Renders one segment, with what it takes to know. */
export async function readRendered({ db }: HttpDeps, segment: Segment): Promise<z.infer<typeof segmentSchema>> {
  return renderSegment(segment, await judgingProgress(db), await readRules(db))
}

/** Changes a segment and writes the audit row in one transaction. */
export async function changingSegment<T>(
  deps: HttpDeps,
  { actor }: Caller,
  action: 'create' | 'update' | 'delete' | 'restore',
  segment: string,
  change: (trx: Transaction<Database>, by: { actor: string; at: number }) => Promise<T>,
): Promise<T> {
  const at = deps.now()
  const result = await transact(deps.db, async (trx) => {
    const changed = await change(trx, { actor, at })
    await writeAudit(trx, { id: deps.newId(), at, actor, action: `segment.${action}`, detail: { segment } })
    return changed
  })
  deps.wake()
  return result
}

/** The segment that was written, or the problem why it was not. */
export function written(result: Segment | 'too_many' | Refused): Segment {
  if (result === 'too_many') {
    throw new Problem(409, 'too_many_segments', `there may be at most ${MAX_SEGMENTS} segments`)
  }
  if ('refused' in result) throw new Problem(400, 'invalid_request', result.refused)
  return result
}

/** The 409 for a segment that something uses. */
export function inUse(id: string, uses: Use[]): Problem {
  const names = uses.map((use) => `"${use.id}" (${oneName(use.name)})`).join(', ')
  const detail = `the segment "${id}" is in use: ${uses.length === 1 ? 'the segment' : 'the segments'} ${names} must no longer name it`
  return new Problem(409, 'in_use', detail, {}, { uses })
}

/** The 404 for an unknown segment. */
export function unknownSegment(id: string): Problem {
  return new Problem(404, 'unknown_segment', `there is no segment "${id}"`)
}

/** The 404 for an unknown segment, which says when it was deleted, if it once was one. */
export async function noSegment(db: Kysely<Database>, id: string): Promise<Problem> {
  const [last] = await listVersions(db, id)
  if (last === undefined) return unknownSegment(id)
  const detail = `there is no segment "${id}" any more: it was deleted at ${iso(last.at)}, and everybody left it then`
  return new Problem(404, 'unknown_segment', detail)
}
