/**
 * `GET /api/v1/contacts/:id/export`: everything known about a contact, for an access request, as JSON or as a ZIP of CSV files.
 * It is written as it is read, page by page, and leaves an audit row.
 */

import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { stringify } from 'csv-stringify/sync'
import { guardCell } from '../domain/csv-cell.ts'
import { contactPerson } from '../domain/ids.ts'
import { END_REASONS, REASONS, sentenceOf } from '../domain/link-reasons.ts'
import { mailConsentOf } from '../domain/mail-permission.ts'
import { toTotal } from '../domain/money.ts'
import { Problem } from '../domain/problem.ts'
import { writeAudit } from '../store/audit.ts'
import { readCarts, readMemberships, readPublished, readReaders, readRecords } from '../store/contact-export.ts'
import { listOrders } from '../store/contact-orders.ts'
import { readContactScores } from '../store/contact-scores.ts'
import { findContact } from '../store/contacts.ts'
import { readLedger } from '../store/ledger.ts'
import { type LinkCursor, listLinks } from '../store/links.ts'
import { decodeJson } from '../store/schema/columns.ts'
import { contactTimeline, type TimelineCursor } from '../store/timelines.ts'
import { hashesOf } from '../store/tombstones.ts'
import { visitorsOf } from '../store/visitor-persons.ts'
import { describeVisitors } from '../store/visitors.ts'
import { allow, checkExport } from './auth.ts'
import { renderChoice } from './consents.ts'
import { renderScores, scoresSchema } from './contact-scores.ts'
import { EXPORTED_CARTS } from './csv-columns.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { historyPages, type Pages, publishedPages, type Row } from './exported-changes.ts'
import { streamOf } from './exports.ts'
import { renderLink } from './links.ts'
import { MAX_LIMIT } from './paging.ts'
import { renderVisitor } from './people.ts'
import { contactId, iso, isoOrNull, json, refusal, refusals } from './shapes.ts'
import { operation } from './tags.ts'
import { renderTimeline } from './timelines.ts'
import { onInvalid } from './validation.ts'

/** A part of an export: a list in the JSON, a file in the ZIP. */
type Part = { name: string; columns: string[]; pages: () => Pages }

const exportSchema = z
  .object({
    id: z.string(),
    exported_at: z.string(),
    records: z.array(z.unknown()),
    visitors: z.array(z.unknown()),
    links: z.array(z.unknown()),
    consents: z.array(z.unknown()),
    events: z.array(z.unknown()),
    orders: z.array(z.unknown()),
    scores: z.array(z.unknown()),
    carts: z.array(z.unknown()),
    segments: z.array(z.unknown()),
    segment_history: z.array(z.unknown()),
    published: z.array(z.unknown()),
    readers: z.array(z.unknown()),
  })
  .openapi('ContactExport', {
    description:
      'The records of the CRM, the browsers, the links to them with their reasons, the choices of consent, what was done, ' +
      'orders, scores and carts, the segments now, when segments were entered and left, what was published in the feed, and who ' +
      'has read the feed or a list of members since then.',
  })

/** The route of exports. */
export function contactExportRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'get',
      path: '/contacts/{id}/export',
      ...operation('Contacts', 'exportContact'),
      summary: 'Export everything known about a contact',
      description: 'For an access request: JSON, or with `format=zip` a ZIP of CSV files. Leaves an audit row.',
      middleware: allow(deps, 'people:read', 'contacts:read'),
      request: {
        params: z.object({ id: contactId.openapi({ example: 'crm-7' }) }),
        query: z.object({ format: z.enum(['json', 'zip', 'csv'], 'must be json, zip or csv').default('json') }),
      },
      responses: {
        200: withZip(json('Everything known', exportSchema)),
        ...refusals,
        404: refusal('There is no such contact'),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { format } = c.req.valid('query')
      checkExport(c.get('caller'))
      if (!(await findContact(deps.db, id))) throw new Problem(404, 'unknown_contact', `there is no contact "${id}"`)
      const { actor } = c.get('caller')
      // A keyed hash, because the audit outlives a contact that is erased.
      const detail = { contact: hashesOf(await deps.keysOf(), { id }).id, format }
      await writeAudit(deps.db, { id: deps.newId(), at: deps.now(), actor, action: 'contacts.export', detail })
      const parts = partsOf(deps, id)
      const [type, extension] = format === 'json' ? ['application/json', 'json'] : ['application/zip', 'zip']
      const bytes = format === 'json' ? encoded(jsonOf(id, deps.now(), parts)) : deps.zip(parts.map(fileOf), deps.now())
      const headers = { 'content-type': type, 'content-disposition': `attachment; filename="contact.${extension}"` }
      // The reply is typed as JSON, the format that typed clients request.
      return new Response(streamOf(bytes), { headers }) as never
    },
  )
}

function withZip<T extends { content: object }>(described: T): T {
  const content = { ...described.content, 'application/zip': { schema: { type: 'string', format: 'binary' } } }
  return { ...described, content }
}

async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const text of texts) yield encoder.encode(text)
}

/** The texts of the JSON; those of a page at once. */
async function* jsonOf(id: string, at: number, parts: Part[]): AsyncGenerator<string> {
  yield `{"id":${JSON.stringify(id)},"exported_at":${JSON.stringify(iso(at))}`
  for (const { name, pages } of parts) {
    yield `,${JSON.stringify(name)}:[`
    let first = true
    for await (const page of pages()) {
      if (page.length === 0) continue
      yield (first ? '' : ',') + page.map((row) => JSON.stringify(row)).join(',')
      first = false
    }
    yield ']'
  }
  yield '}'
}

/** A part as a CSV file; lists and objects are JSON in their cells. */
function fileOf({ name, columns, pages }: Part): { name: string; text: AsyncIterable<string> } {
  const cell = (value: unknown) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : value)
  async function* text() {
    yield stringify([], { header: true, columns, bom: true })
    for await (const page of pages()) {
      const rows = page.map((row) => Object.fromEntries(columns.map((column) => [column, cell(row[column])])))
      yield stringify(rows, { columns, cast: { string: guardCell, boolean: String } })
    }
  }
  return { name: `${name}.csv`, text: text() }
}

/** The parts of an export, in order. */
function partsOf(deps: HttpDeps, id: string): Part[] {
  const { db } = deps
  const one = (read: () => Promise<Row[]>): (() => Pages) =>
    async function* () {
      yield await read()
    }
  return [
    {
      name: 'records',
      columns: [
        ...['id', 'email', 'email_sha256', 'phone', 'mail_consent', 'mail_consent_at', 'minor', 'merged_into'],
        ...['attributes', 'updated_at', 'imported_at'],
      ],
      pages: one(async () =>
        (await readRecords(db, id)).map((row) => ({
          ...{ id: row.contact_id, email: row.email, email_sha256: row.email_sha256, phone: row.phone },
          mail_consent: mailConsentOf(row.mail_consent),
          ...{ mail_consent_at: isoOrNull(row.mail_consent_at), minor: row.minor === 1, merged_into: row.merged_into },
          ...{
            attributes: decodeJson(row.attributes),
            updated_at: iso(row.updated_at),
            imported_at: iso(row.imported_at),
          },
        })),
      ),
    },
    {
      name: 'visitors',
      columns: ['id', 'site', 'first_seen', 'last_seen', 'events', 'shared', 'overactive', 'device', 'consent'],
      pages: one(async () => (await describeVisitors(db, await visitors(deps, id))).map(renderVisitor)),
    },
    {
      name: 'links',
      columns: [
        ...['id', 'visitor', 'contact', 'evidence', 'strength', 'state', 'reason', 'why', 'end_reason', 'why_ended'],
        ...['at', 'valid_from', 'valid_to', 'backfill_from', 'expires_at', 'proofs'],
      ],
      pages: () => linkPages(deps, id),
    },
    {
      name: 'consents',
      columns: [
        ...['id', 'at', 'last_at', 'visitor', 'site', 'analytics', 'identity', 'marketing', 'source', 'policy', 'gpc'],
        'page',
      ],
      pages: () => consentPages(deps, id),
    },
    {
      name: 'events',
      columns: ['id', 'at', 'type', 'site', 'visitor', 'link', 'url', 'referrer', 'title', 'props'],
      pages: () => eventPages(deps, id),
    },
    {
      name: 'orders',
      columns: ['order_id', 'at', 'total', 'currency', 'item_ids'],
      pages: one(async () =>
        (await listOrders(db, id)).map((order) => ({ ...order, at: iso(order.at), ...toTotal(order) })),
      ),
    },
    {
      name: 'scores',
      columns: Object.keys(scoresSchema.shape),
      pages: one(async () => [renderScores(await readContactScores(db, id, deps.now()))]),
    },
    {
      name: 'carts',
      columns: EXPORTED_CARTS.columns,
      pages: one(async () => (await readCarts(db, id)).map((cart) => EXPORTED_CARTS.row(cart, id, deps.now()))),
    },
    {
      name: 'segments',
      columns: ['segment', 'entered_at', 'reason'],
      pages: one(async () =>
        (await readMemberships(db, id)).map(({ segment_id, entered_at, reason }) => {
          return { segment: segment_id, entered_at: iso(entered_at), reason }
        }),
      ),
    },
    {
      name: 'segment_history',
      columns: ['seq', 'segment', 'change', 'reason', 'at', 'entered_at'],
      pages: () => historyPages(deps, id),
    },
    {
      name: 'published',
      columns: ['seq', 'at', 'change', 'reason', 'segments', 'entered', 'left'],
      pages: () => publishedPages(deps, id),
    },
    {
      name: 'readers',
      columns: ['actor', 'action', 'first_at', 'last_at', 'reads'],
      pages: one(async () => {
        const [first] = await readPublished(db, id, 0, 1)
        const readers = first === undefined ? [] : await readReaders(db, first.at)
        return readers.map(({ actor, action, first: from, last, reads }) => {
          return { actor, action, first_at: iso(from), last_at: iso(last), reads }
        })
      }),
    },
  ]
}

const visitors = (deps: HttpDeps, id: string) => visitorsOf(deps.db, contactPerson(id))

async function* linkPages({ db }: HttpDeps, contact: string): Pages {
  for (let after: LinkCursor | null = null; ; ) {
    const rows = await listLinks(db, { contact }, MAX_LIMIT, after)
    yield rows.map((row) => {
      const link = renderLink(row)
      return {
        ...link,
        why: sentenceOf(REASONS, link.reason),
        why_ended: link.end_reason === null ? null : sentenceOf(END_REASONS, link.end_reason),
        proofs: link.proofs.map((proof) => ({ ...proof, why: sentenceOf(REASONS, proof.reason) })),
      }
    })
    const last = rows.at(-1)
    if (last === undefined || rows.length < MAX_LIMIT) return
    after = { at: last.at, id: last.id, visitor: last.visitor_id }
  }
}

async function* consentPages(deps: HttpDeps, id: string): Pages {
  const filter = { visitors: { ids: await visitors(deps, id), hashes: [] }, from: null, to: null }
  let position: Parameters<typeof readLedger>[2] = { choice: null, withdrawal: null }
  for (let more = true; more; ) {
    const read = await readLedger(deps.db, filter, position, MAX_LIMIT)
    yield read.rows.map(renderChoice)
    position = read.position
    more = read.more
  }
}

async function* eventPages({ db }: HttpDeps, id: string): Pages {
  for (let after: TimelineCursor | null = null; ; ) {
    const timeline = await contactTimeline(db, id, true, after, MAX_LIMIT)
    if (timeline === null) return
    yield renderTimeline(timeline)
    const last = timeline.events.at(-1)
    if (last === undefined || timeline.events.length < MAX_LIMIT) return
    after = { at: last.at, id: last.id, visitor: last.visitor_id }
  }
}
