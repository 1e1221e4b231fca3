/** `{"matched": true}`: whether the person is a known contact, by a link to a visitor; if asked for, of a grade or better. */
import { z } from 'zod'
import { GRADES, gradesFrom, reaches } from '../../domain/grade.ts'
import { NEVER, notIn, since } from '../../domain/spans.ts'
import { isSoFar } from '../test-value.ts'
import type { NodeKind } from './node.ts'

const schema = z.union(
  [z.boolean(), z.strictObject({ min_grade: z.enum(GRADES) })],
  `must be true, false or an object with min_grade: ${GRADES.join(', ')}`,
)

declare module './node.ts' {
  interface NodeValues {
    matched: z.infer<typeof schema>
  }
}

/** The kind `matched`. */
export const matched: NodeKind<'matched'> = {
  about: 'who are known contacts, or are not; with `min_grade`, known at least so surely',
  schema: () => schema,
  where(wanted, { eb, now }) {
    const isMatched = isSoFar(eb, 'matched_at', now)
    // A contact without visits is known to the shop, and matches no visitor.
    if (typeof wanted === 'boolean') return wanted ? isMatched : eb.and([eb.not(isMatched), eb('visitors', '>', 0)])
    return eb.and([isMatched, eb(eb.fn.coalesce('grade', eb.val('')), 'in', gradesFrom(wanted.min_grade))])
  },
  spans(wanted, { facts: { row } }) {
    const matchedSince = row.matched_at === null ? NEVER : since(row.matched_at, 'link')
    if (wanted === false && row.visitors === 0) return NEVER
    if (typeof wanted === 'boolean') return wanted ? matchedSince : notIn(matchedSince)
    return reaches(row.grade, wanted.min_grade) ? matchedSince : NEVER
  },
  words(wanted, { language }) {
    if (wanted === false) return language === 'fr' ? 'ne sont pas identifiées' : 'are not known'
    const known = language === 'fr' ? 'sont identifiées' : 'are known contacts'
    if (wanted === true) return known
    const { min_grade: grade } = wanted
    return language === 'fr' ? `${known} avec au moins le degré « ${grade} »` : `${known} of grade “${grade}” or better`
  },
  facts(_, { facts: { row }, language }) {
    if (row.matched_at === null) return []
    const text = language === 'fr' ? 'rattachée à un visiteur' : 'linked to a visitor'
    return [{ kind: 'link', at: row.matched_at, id: null, text }]
  },
}
