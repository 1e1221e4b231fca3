/**
 * `GET /api/v1/matches`: the feed that email tools pull. A reading covers a range of the change log, over any number of
 * pages, and holds each contact once, in its state at the time of reading. After its last page `next` is the end of the
 * range, so a poller that stores it misses nothing and gets nothing twice.
 */
import { createRoute, OpenAPIHono, type z } from '@hono/zod-openapi'
import type { Kysely } from 'kysely'
import { type Grade, reaches } from '../domain/grade.ts'
import type { ContactId } from '../domain/ids.ts'
import { mailability } from '../domain/mailability.ts'
import { Problem } from '../domain/problem.ts'
import { findSegment } from '../segments/definitions.ts'
import { needsCart } from '../segments/grammar.ts'
import { writeAudit } from '../store/audit.ts'
import { listOrders } from '../store/contact-orders.ts'
import { snapshot } from '../store/engine/transact.ts'
import { beginReading, type Reading, readContacts } from '../store/feed.ts'
import { publishAgain, readAhead } from '../store/feed-state.ts'
import { eventsAbove, loadInterests } from '../store/interests.ts'
import { loadFeedFacts, type MatchFacts } from '../store/match-facts.ts'
import type { Database } from '../store/schema.ts'
import { allow } from './auth.ts'
import { MATCH_CSV } from './csv-columns.ts'
import { layoutOf } from './csv-layout.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { matchSchema } from './export-shapes.ts'
import { exportQuery, fileResponse, jsonOrFile, paged } from './exports.ts'
import { changeFor, type Filter, type Told } from './feed-changes.ts'
import { BEGINNING, decodeCursor, encodeCursor, MAX_LIMIT, pageOf, positionSchema } from './paging.ts'
import { iso, minGrade, refusals, renderCart, shortId } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

type Match = z.infer<typeof matchSchema>

/** The feed's routes. */
export function matchRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'get',
      path: '/matches',
      ...operation('Matches', 'listMatches'),
      summary: 'The feed of matches',
      middleware: [allow(deps, 'matches:read')] as const,
      request: { query: exportQuery.extend({ segment: shortId.optional(), min_grade: minGrade.optional() }) },
      responses: {
        200: jsonOrFile('A page of changed contacts, or all of them as a file', pageOf(matchSchema)),
        ...refusals,
      },
    }),
    async (c) => {
      const { after, limit, segment, min_grade: floor = null, format } = c.req.valid('query')
      const found = segment === undefined ? null : await findSegment(deps.db, segment)
      if (segment !== undefined && !found) {
        throw new Problem(400, 'unknown_segment', `segment must be the id of a segment (got "${segment}")`)
      }
      const filter: Filter = { segment, floor, aboutCarts: found !== null && needsCart(found.node) }
      const list = [
        'matches',
        ...(segment === undefined ? [] : [segment]),
        ...(floor === null ? [] : [`min_grade=${floor}`]),
      ].join(':')
      const started = decodeCursor(list, after === BEGINNING ? undefined : after, positionSchema) ?? 0
      let reading =
        typeof started === 'number'
          ? await beginReading(deps.db, started)
          : { from: started[0], position: started[1], until: started[2] }
      /** Reads the next page, and moves `reading` behind it. */
      const next = async (size: number) => {
        const page = await readPage(deps, reading, size, filter)
        reading = page.reading
        return page
      }
      await writeAudit(deps.db, {
        id: deps.newId(),
        at: deps.now(),
        actor: c.get('caller').actor,
        action: 'matches.read',
        detail: { segment: segment ?? null, min_grade: floor, after: reading.position, format },
      })
      if (format !== 'json') {
        const name = segment === undefined ? 'matches' : `matches-${segment}`
        return fileResponse({
          ...paged(next, limit),
          format,
          layout: layoutOf(c.req.valid('query')),
          name,
          ...MATCH_CSV,
        })
      }
      const { rows, more } = await next(limit ?? MAX_LIMIT)
      const { from, position, until } = reading
      const place = more ? [from, position, until] : position
      return c.json({ data: rows, next: encodeCursor(list, place), has_more: more }, 200)
    },
  )
}

/** What a page shows of a contact: at which place of the log, and which change. */
type Shown = Told & { seq: number; contactId: ContactId }

/** The next contacts of a reading, as they are now. What is read ahead of its publication is published again. */
async function readPage(deps: HttpDeps, reading: Reading, size: number, filter: Filter) {
  const page = await snapshot(deps.db, async (trx) => {
    const { changes, ...next } = await readContacts(trx, reading, size)
    const shown = changes.flatMap((change): Shown[] => {
      const told = changeFor(change, filter)
      return told === null ? [] : [{ ...told, seq: change.last.seq, contactId: change.last.contact_id }]
    })
    const present = shown.filter(({ change }) => change === 'matched' || change === 'updated')
    const contactIds = present.map(({ contactId }) => contactId)
    const facts = await loadFeedFacts(trx, contactIds, needsCart)
    const ahead = await readAhead(trx, contactIds, facts, deps.now())
    const rows: Match[] = []
    for (const each of shown) {
      const match = facts.get(each.contactId)
      if (each.change === 'unmatched' || each.change === 'erased') rows.push(renderEnded(each, each.change))
      // One that has left by now is told of by a later change.
      else if (match && isListed(match, filter))
        rows.push(await renderMatch(trx, each.seq, each.change, match, filter, deps.now()))
    }
    return { rows, ahead, ...next }
  })
  if (page.ahead.length > 0) await publishAgain(deps.db, page.ahead)
  return page
}

/** Whether a match is still in the segment that its reader asked for. */
function isListed(match: MatchFacts, { segment }: Filter): boolean {
  return segment === undefined || match.segments.some(({ id }) => id === segment)
}

function renderEnded({ seq, reason, contactId }: Shown, change: 'unmatched' | 'erased'): Match {
  return {
    seq,
    change,
    ...(reason === null ? {} : { reason }),
    contact: { id: contactId },
    mailable: false,
    segments: null,
    cart: null,
    interests: null,
    purchased: null,
  }
}

async function renderMatch(
  db: Kysely<Database>,
  seq: number,
  change: 'matched' | 'updated',
  match: MatchFacts,
  { floor }: Filter,
  now: number,
): Promise<Match> {
  const mail = mailability({ contact: true, ...match })
  const { cart } = match
  // A typed address gives a contact one cart, and says nothing of what the contact likes or has bought.
  const isTyped = match.strength === 'typed'
  const behaviour = mail.mailable && !isTyped ? await behaviourOf(db, match, floor) : null
  return {
    seq,
    change,
    contact: {
      id: match.contactId,
      ...(match.email === null ? {} : { email: match.email }),
      ...(match.emailSha256 === null ? {} : { email_sha256: match.emailSha256 }),
    },
    strength: match.strength,
    evidence: match.evidence,
    grade: match.grade,
    matched_at: iso(match.matchedAt),
    last_seen_at: iso(match.lastSeenAt),
    visitors: match.visitors,
    mailable: mail.mailable,
    ...(mail.mailable ? {} : { why_not_mailable: mail.why }),
    segments: mail.mailable
      ? match.segments.map((segment) => ({ ...segment, entered_at: iso(segment.entered_at) }))
      : null,
    cart: mail.mailable && cart && (floor === null || reaches(cart.grade, floor)) ? renderCart(cart, now) : null,
    interests: behaviour?.interests.map((each) => ({ ...each, last_at: iso(each.last_at) })) ?? null,
    purchased: behaviour?.purchased ?? null,
  }
}

/** What a contact looked at and bought; with a floor, by the events that reach it. */
async function behaviourOf(db: Kysely<Database>, { contactId, purchased }: MatchFacts, floor: Grade | null) {
  if (floor === null) return { interests: await loadInterests(db, contactId, purchased, () => true), purchased }
  const counts = await eventsAbove(db, contactId, floor)
  const orders = await listOrders(db, contactId, counts)
  return {
    interests: await loadInterests(db, contactId, purchased, counts),
    purchased: [...new Set(orders.flatMap((order) => order.item_ids))].sort(),
  }
}
