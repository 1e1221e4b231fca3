/** `{"matched": true}`: whether the person is a known contact. */
import { z } from 'zod'
import type { NodeKind } from './node.ts'

declare module './node.ts' {
  interface NodeValues {
    matched: boolean
  }
}

/** The kind `matched`. */
export const matched: NodeKind<'matched'> = {
  about: 'who are known contacts, or are not',
  schema: () => z.boolean(),
  compile: (wanted, { eb }) =>
    wanted
      ? { where: eb('matched_at', 'is not', null), since: [{ at: eb.ref('matched_at'), cause: 'link' }], edges: [] }
      : { where: eb('matched_at', 'is', null), since: [{ at: eb.ref('first_seen'), cause: 'event' }], edges: [] },
}
