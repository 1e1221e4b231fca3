/**
 * `GET /api/v1/matches`: the feed that email tools pull. A page covers a range of the change log and holds each contact
 * once, in its state at the time of reading. `next` is the last sequence number scanned, so a poller that stores it
 * misses nothing and gets nothing twice.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type Grade, reaches } from '../domain/grade.ts'
import type { PersonId } from '../domain/ids.ts'
import { mailability } from '../domain/mailability.ts'
import type { MatchChange, UnmatchedReason } from '../domain/match.ts'
import { Problem } from '../domain/problem.ts'
import { findSegment } from '../segments/definitions.ts'
import { mentions } from '../segments/grammar.ts'
import { writeAudit } from '../store/audit.ts'
import { stillOpen } from '../store/carts.ts'
import { ERASED_CONTACT } from '../store/erasure-notices.ts'
import { loadFeedFacts, loadInterests, type MatchFacts, readChanges } from '../store/feed.ts'
import { decodeJson, type Json } from '../store/schema/columns.ts'
import type { CartRow } from '../store/schema/derived.ts'
import type { MatchChangeRow } from '../store/schema/feed.ts'
import { allow } from './auth.ts'
import { MATCH_CSV } from './csv-columns.ts'
import { layoutOf } from './csv-layout.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { matchSchema } from './export-shapes.ts'
import { exportQuery, fileResponse, jsonOrFile, paged } from './exports.ts'
import { decodeCursor, encodeCursor, MAX_LIMIT, pageOf } from './paging.ts'
import { iso, minGrade, refusals, renderCart, shortId } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

type Match = z.infer<typeof matchSchema>

/** A contact's last change within a page. */
type LatestChange = {
  row: MatchChangeRow
  change: MatchChange
  reason: UnmatchedReason | null
}

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
      const filter: Filter = { segment, floor, aboutCarts: found !== null && mentions(found.node, 'cart') }
      const list = [
        'matches',
        ...(segment === undefined ? [] : [segment]),
        ...(floor === null ? [] : [`min_grade=${floor}`]),
      ].join(':')
      let position = decodeCursor(list, after, z.number().int().nonnegative()) ?? 0
      /** Reads the next range of the log, and moves `position` to the last number scanned. */
      const next = async (size: number) => {
        const rows = await readChanges(deps.db, position, size + 1)
        const page = rows.slice(0, size)
        position = page.at(-1)?.seq ?? position
        return { rows: await render(deps, latestChanges(page, filter), floor), more: rows.length > size }
      }
      await writeAudit(deps.db, {
        id: deps.newId(),
        at: deps.now(),
        actor: c.get('caller').actor,
        action: 'matches.read',
        detail: { segment: segment ?? null, min_grade: floor, after: position, format },
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
      return c.json({ data: rows, next: encodeCursor(list, position), has_more: more }, 200)
    },
  )
}

/**
 * What a reader asked for. `floor`: matches of this grade or better. In a segment about carts (`aboutCarts`) the cart must
 * reach it too.
 */
type Filter = { segment: string | undefined; floor: Grade | null; aboutCarts: boolean }

/** The change to report for each contact of the rows, in the order of the contacts' last changes. */
function latestChanges(rows: MatchChangeRow[], filter: Filter): LatestChange[] {
  const latest = new Map<string, LatestChange>()
  for (const row of rows) {
    const change = row.contact_id === ERASED_CONTACT ? null : changeFor(row, filter)
    if (!change) continue
    const before = latest.get(row.contact_id)
    latest.delete(row.contact_id)
    // A contact that is matched and then updated within one page is new to the reader, so it is reported as matched.
    const reported = change.change === 'updated' && before?.change === 'matched' ? 'matched' : change.change
    latest.set(row.contact_id, { row, change: reported, reason: change.reason })
  }
  return [...latest.values()]
}

function changeFor(row: MatchChangeRow, filter: Filter): Pick<LatestChange, 'change' | 'reason'> | null {
  if (filter.floor !== null && row.change !== 'erased') return changeAbove(filter.floor, row, filter)
  const { segment } = filter
  const { change, reason } = row
  if (reason === 'graded') return null
  if (segment === undefined) return { change, reason }
  const has = (column: Json<string[]>) => decodeJson(column).includes(segment)
  if (has(row.entered)) return { change: 'matched', reason: null }
  if (has(row.segments)) return { change: 'updated', reason: null }
  if (!has(row.left_segments)) return null
  return change === 'unmatched' || change === 'erased'
    ? { change, reason }
    : { change: 'unmatched', reason: 'left_segment' }
}

/** The change to report to readers with a floor: a contact enters their feed and leaves it by its grade as well. */
function changeAbove(
  floor: Grade,
  { reason, ...row }: MatchChangeRow,
  { segment, aboutCarts }: Filter,
): Pick<LatestChange, 'change' | 'reason'> | null {
  const has = (column: Json<string[]>) => segment !== undefined && decodeJson(column).includes(segment)
  const isMember = segment === undefined || has(row.segments)
  const wasMember = segment === undefined || (has(row.segments) && !has(row.entered)) || has(row.left_segments)
  const isAbove = (match: Grade | null, cart: Grade | null) =>
    reaches(match, floor) && (!aboutCarts || reaches(cart, floor))
  const isIn = row.change !== 'unmatched' && isMember && isAbove(row.grade, row.cart_grade)
  const wasIn = wasMember && isAbove(row.earlier_grade, row.earlier_cart_grade)
  if (isIn) return { change: wasIn ? 'updated' : 'matched', reason: null }
  if (!wasIn) return null
  if (row.change === 'unmatched') return { change: 'unmatched', reason: reason === 'graded' ? null : reason }
  return { change: 'unmatched', reason: isMember ? 'below_grade' : 'left_segment' }
}

async function render(deps: HttpDeps, changes: LatestChange[], floor: Grade | null): Promise<Match[]> {
  const now = deps.now()
  const facts = await loadFeedFacts(
    deps.db,
    changes.map(({ row }) => row.contact_id),
  )
  const carts = new Map<PersonId, CartRow>()
  for (const match of facts.values()) if (match.cart) carts.set(match.personId, match.cart)
  const open = await stillOpen(deps.db, carts)
  const matches: Match[] = []
  for (const { row, change, reason } of changes) {
    const match = facts.get(row.contact_id)
    if (change === 'unmatched' || change === 'erased') matches.push(renderEnded(row, change, reason))
    // Without facts the contact is no longer a match; a later row of the log reports that.
    else if (match)
      matches.push(await renderMatch(deps, row.seq, change, match, open.get(match.personId) ?? null, now, floor))
  }
  return matches
}

function renderEnded(row: MatchChangeRow, change: 'unmatched' | 'erased', reason: UnmatchedReason | null): Match {
  return {
    seq: row.seq,
    change,
    ...(reason === null ? {} : { reason }),
    contact: { id: row.contact_id },
    mailable: false,
    segments: null,
    cart: null,
    interests: null,
    purchased: null,
  }
}

async function renderMatch(
  deps: HttpDeps,
  seq: number,
  change: 'matched' | 'updated',
  match: MatchFacts,
  cart: CartRow | null,
  now: number,
  floor: Grade | null,
): Promise<Match> {
  const mail = mailability({ contact: true, ...match })
  // A typed address gives a contact one cart, and says nothing of what the contact likes or has bought.
  const isMatch = match.strength !== 'typed'
  const behaviour = mail.mailable && isMatch ? await loadInterests(deps.db, match.contactId, floor) : null
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
