/** `{"segment": "cart_abandoned"}`: membership in another segment. */
import { z } from 'zod'
import type { NodeKind } from './node.ts'

declare module './node.ts' {
  interface NodeValues {
    segment: string
  }
}

/** The kind `segment`. */
export const segment: NodeKind<'segment'> = {
  about: 'who are members of another segment, by its id',
  schema: () => z.string().min(1).max(64),
  segments: (id) => [id],
  // Reads who is a member, instead of asking the other segment's question once more.
  where: (id, { eb }) =>
    eb('person_id', 'in', eb.selectFrom('segment_members').select('person_id').where('segment_id', '=', id)),
  spans: (id, context) => context.segment(id),
  words: (id, { language, segmentName }) =>
    language === 'fr' ? `font partie du segment « ${segmentName(id)} »` : `are in the segment “${segmentName(id)}”`,
}
