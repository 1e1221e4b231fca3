/** What needs review, by kind, newest first. A case that was just decided keeps its place. */
import type { ContactLink, Review } from '../../api.ts'

/** The kinds of links on the review page, in order. */
export const GROUPS = ['duplicates', 'frozen', 'others', 'forwarded', 'ambiguous'] as const
export type Group = (typeof GROUPS)[number]

const FORWARDED = ['forwarded', 'forwarded_mail', 'forwarded_token']

/** The kind of a link, or null if it needs no review. */
export function groupOf({ state, reason, end_reason }: ContactLink): Group | null {
  if (state === 'review') {
    if (reason === 'possible_duplicate') return 'duplicates'
    return reason === 'too_many_visitors' ? 'frozen' : 'others'
  }
  if (FORWARDED.includes(reason) || (end_reason !== null && FORWARDED.includes(end_reason))) return 'forwarded'
  return reason === 'ambiguous_identifier' ? 'ambiguous' : null
}

/** The links of each kind. `decided` holds links as they were when a decision was made. */
export function groupsOf(review: Review, decided: Map<string, ContactLink>): Map<Group, ContactLink[]> {
  const all = new Map([...review.links.map((link) => [link.id, link] as const), ...decided])
  const groups = new Map<Group, ContactLink[]>()
  for (const link of all.values()) {
    const group = groupOf(link)
    if (group !== null) groups.set(group, [...(groups.get(group) ?? []), link])
  }
  for (const links of groups.values()) links.sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
  return groups
}
