/** Audits reads of persons. */
import type { Context } from 'hono'
import { writeAudit } from '../store/audit.ts'
import { hashesOf } from '../store/tombstones.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'

/** The dashboard reads an open page again every few seconds, so what a user goes on reading is noted this often. */
const AGAIN_MS = 10 * 60_000

/** The pages that users have open are far fewer; past this, reading goes on but is noted more often. */
const MAX_OPEN = 10_000

/** Who was read: by id, or nobody in particular. */
export type ReadOf = { contact?: string | undefined; visitor?: string | undefined }

/** Returns what to call when a caller reads a person: it writes an audit row with keyed hashes, which outlive the person. */
export function createReadAudit(deps: HttpDeps) {
  let open = new Map<string, number>()
  return async (c: Context<PrivateEnv>, action: string, { contact, visitor }: ReadOf, more: object = {}) => {
    const { actor, session } = c.get('caller')
    const at = deps.now()
    const detail = {
      ...(contact === undefined ? {} : { contact: hashesOf(await deps.keysOf(), { id: contact }).id }),
      ...(visitor === undefined ? {} : { visitor: deps.tombstone(visitor) }),
      ...more,
    }
    if (session !== null) {
      const page = JSON.stringify([actor, action, detail])
      const last = open.get(page)
      if (last !== undefined && at >= last && at < last + AGAIN_MS) return
      if (open.size >= MAX_OPEN) open = new Map()
      open.set(page, at)
    }
    await writeAudit(deps.db, { id: deps.newId(), at, actor, action, detail })
  }
}
