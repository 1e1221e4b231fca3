/** Questions about conditions: what one finds before it is saved, and why a person is in a segment or is not. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { contactPerson, type Person, type PersonId, visitorPerson } from '../domain/ids.ts'
import { WHY_NOT_MAILABLE } from '../domain/mailability.ts'
import { MEMBERSHIP_REASONS } from '../domain/membership.ts'
import { Problem } from '../domain/problem.ts'
import { type Explained, explain } from '../segments/explain.ts'
import { findMember } from '../segments/member-list.ts'
import type { Fact } from '../segments/nodes/node.ts'
import { preview } from '../segments/preview.ts'
import { readRules } from '../segments/rules.ts'
import { sentencesOf } from '../segments/words.ts'
import { loadContactCards } from '../store/contact-cards.ts'
import { snapshot } from '../store/engine/transact.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { createReadAudit } from './read-audit.ts'
import { currency, node, sentenceSchema, unknownSegment } from './segment-shapes.ts'
import { contactId, iso, isoOrNull, json, nameOf, refusal, refusals, shortId, tooLarge, visitorId } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const language = z
  .enum(['fr', 'en'], 'must be fr or en')
  .default('en')
  .openapi({ description: 'The language of the texts of facts.' })

const previewBody = z.strictObject({ node, currency: currency.optional() }).openapi('PreviewedSegment', {
  example: { node: { all: [{ matched: true }, { cart: { value: { gte: 100 } } }] }, currency: 'EUR' },
})

const factSchema = z
  .object({
    kind: z.string().openapi({ example: 'order' }),
    at: z.string(),
    id: z.string().optional(),
    text: z.string(),
  })
  .openapi('SegmentFact', { description: 'Something that a condition rests on, and when it was.' })

const personSchema = z.union([
  z.object({ kind: z.literal('contact'), id: z.string() }),
  z.object({ kind: z.literal('visitor'), id: z.string(), epoch: z.number() }),
])

const previewSchema = z
  .object({
    people: z.number(),
    mailable: z.number(),
    not_mailable: z.partialRecord(z.enum(WHY_NOT_MAILABLE), z.number()),
    value: z.array(z.object({ currency: z.string(), value: z.number() })).openapi({
      description: 'What lies in their open carts, in major units.',
    }),
    sample: z.array(
      z.object({
        person: personSchema,
        contact: z.object({ id: z.string(), name: z.string().nullable() }).optional(),
        facts: z.array(factSchema),
      }),
    ),
    funnel: z.array(z.object({ path: z.string(), people: z.number() })).openapi({
      description: 'How many persons are left after each condition and those before it.',
    }),
    sentence: sentenceSchema,
    took_ms: z.number(),
    estimate: z.null().openapi({ description: 'Null: the counts are exact.' }),
  })
  .openapi('SegmentPreview')

const explainedSchema = z
  .object({
    member: z.boolean(),
    entered_at: z.string().nullable(),
    reason: z.enum(MEMBERSHIP_REASONS).nullable(),
    leaves_at: z.string().nullable().openapi({
      description: 'When the person leaves if nothing new happens; null if time alone ends nothing.',
    }),
    nodes: z.array(
      z.object({
        path: z.string().openapi({ example: 'all.0.cart' }),
        holds: z.boolean(),
        facts: z.array(factSchema),
        changes_at: z.string().nullable(),
      }),
    ),
  })
  .openapi('SegmentExplanation')

/** The routes of questions about conditions. */
export function segmentQuestionRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  const auditRead = createReadAudit(deps)
  return app
    .openapi(
      createRoute({
        method: 'post',
        path: '/segments/preview',
        ...operation('Segments', 'previewSegment'),
        summary: 'Look at a condition before saving it',
        description: 'Closing the connection cancels it.',
        middleware: [allow(deps, 'segments:read')] as const,
        request: {
          query: z.object({ language }),
          body: {
            required: true,
            content: { 'application/json': { schema: previewBody } },
          },
        },
        responses: { 200: json('What the condition finds', previewSchema), ...refusals, ...tooLarge },
      }),
      async (c) => {
        const definition = c.req.valid('json')
        const began = performance.now()
        const options = {
          now: deps.now(),
          language: c.req.valid('query').language,
          isCancelled: () => c.req.raw.signal.aborted,
        }
        const { found, cards, sentence } = await snapshot(deps.db, async (trx) => {
          const rules = await readRules(trx)
          const previewed = await preview(trx, rules, definition, options)
          const ids = previewed?.sample.flatMap(({ person }) => (person.kind === 'contact' ? person.id : [])) ?? []
          return { found: previewed, cards: await loadContactCards(trx, ids), sentence: sentencesOf(definition, rules) }
        })
        if (found === null) throw new Problem(499, 'cancelled', 'nobody waits for the answer any more')
        const sample = found.sample.map(({ person, facts }) => {
          const card = person.kind === 'contact' ? cards.get(person.id) : undefined
          const contact = card && { id: card.id, name: nameOf(card.attributes) }
          return { person, ...(contact ? { contact } : {}), facts: facts.map(renderFact) }
        })
        for (const { person } of found.sample) await auditRead(c, 'segment.preview', readOf(person))
        return c.json(
          { ...found, sample, sentence, took_ms: Math.round(performance.now() - began), estimate: null },
          200,
        )
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/segments/{id}/explain',
        ...operation('Segments', 'explainMembership'),
        summary: 'Explain why a person is in a segment, or is not',
        description: 'The person is a contact, or an epoch of a visitor: `contact=ID`, or `visitor=ID&epoch=N`.',
        middleware: [allow(deps, 'segments:read')] as const,
        request: {
          params: z.object({ id: shortId.openapi({ example: 'cart_abandoned' }) }),
          query: z.object({
            contact: contactId.optional().openapi({ example: 'crm-7' }),
            visitor: visitorId.optional(),
            epoch: z.coerce.number().int().min(1).max(1_000_000).default(1),
            language,
          }),
        },
        responses: {
          200: json('Each condition, with the facts that it rests on', explainedSchema),
          ...refusals,
          404: refusal('There is no such segment or person'),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const query = c.req.valid('query')
        const personId = personIn(query)
        const now = deps.now()
        const answer = await snapshot(deps.db, async (trx) => {
          const rules = await readRules(trx)
          const definition = rules.definitions.get(id)
          if (definition === undefined) throw unknownSegment(id)
          const explained = await explain(trx, rules, definition, personId, { now, language: query.language })
          if (explained === null) throw new Problem(404, 'unknown_person', 'there is no such person')
          return renderExplained(explained, await findMember(trx, id, personId))
        })
        await auditRead(c, 'segment.explain', query, { segment: id })
        return c.json(answer, 200)
      },
    )
}

function readOf(person: Person) {
  return person.kind === 'contact' ? { contact: person.id } : { visitor: person.id }
}

function personIn(query: { contact?: string | undefined; visitor?: string | undefined; epoch: number }): PersonId {
  if ((query.contact === undefined) === (query.visitor === undefined)) {
    throw new Problem(400, 'invalid_request', 'there must be either contact or visitor')
  }
  if (query.contact !== undefined) return contactPerson(query.contact)
  return visitorPerson(query.visitor ?? '', query.epoch)
}

function renderFact({ kind, at, id, text }: Fact): z.infer<typeof factSchema> {
  return { kind, at: iso(at), ...(id === null ? {} : { id }), text }
}

function renderExplained(
  { enteredAt, leavesAt, nodes }: Explained,
  member: Awaited<ReturnType<typeof findMember>>,
): z.infer<typeof explainedSchema> {
  return {
    ...{ member: enteredAt !== null, entered_at: isoOrNull(enteredAt), reason: member?.reason ?? null },
    leaves_at: isoOrNull(leavesAt),
    nodes: nodes.map(({ path, holds, facts, changesAt }) => ({
      ...{ path, holds, facts: facts.map(renderFact), changes_at: isoOrNull(changesAt) },
    })),
  }
}
