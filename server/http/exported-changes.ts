/** What a contact's export holds of its changes: of the segments that it entered and left, and of the feed. */
import { readPublished, readSegmentHistory } from '../store/contact-export.ts'
import { decodeJson } from '../store/schema/columns.ts'
import type { HttpDeps } from './deps.ts'
import { MAX_LIMIT } from './paging.ts'
import { iso } from './shapes.ts'

/** A row of an export. */
export type Row = Record<string, unknown>

/** Rows of an export, page by page. */
export type Pages = AsyncGenerator<Row[]>

/** When the contact entered segments and left them. */
export async function* historyPages({ db }: HttpDeps, id: string): Pages {
  for (let after = 0; ; ) {
    const rows = await readSegmentHistory(db, id, after, MAX_LIMIT)
    yield rows.map(({ seq, segment_id: segment, change, reason, at, entered_at }) => {
      return { seq, segment, change, reason, at: iso(at), entered_at: iso(entered_at) }
    })
    const last = rows.at(-1)
    if (last === undefined || rows.length < MAX_LIMIT) return
    after = last.seq
  }
}

/** What the feed published about the contact. */
export async function* publishedPages({ db }: HttpDeps, id: string): Pages {
  for (let after = 0; ; ) {
    const rows = await readPublished(db, id, after, MAX_LIMIT)
    yield rows.map(({ seq, at, change, reason, segments, entered, left_segments }) => {
      const lists = { segments: decodeJson(segments), entered: decodeJson(entered), left: decodeJson(left_segments) }
      return { seq, at: iso(at), change, reason, ...lists }
    })
    const last = rows.at(-1)
    if (last === undefined || rows.length < MAX_LIMIT) return
    after = last.seq
  }
}
