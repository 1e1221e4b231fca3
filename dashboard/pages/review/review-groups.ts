/** What is to be looked at, by kind, the newest first. What somebody has just decided stays where it was. */
import type { ContactLink, Review } from '../../api.ts'

/** The kinds of links on the review page, in its order. */
export const GROUPS = ['duplicates', 'frozen', 'others', 'forwarded', 'ambiguous'] as const
export type Group = (typeof GROUPS)[number]

const FORWARDED = ['forwarded', 'forwarded_mail', 'forwarded_token']

/** Which kind a link is, or null: nobody has to look at it. */
export function groupOf({ state, reason, end_reason }: ContactLink): Group | null {
  if (state === 'review') {
    if (reason === 'possible_duplicate') return 'duplicates'
    return reason === 'too_many_visitors' ? 'frozen' : 'others'
  }
  if (FORWARDED.includes(reason) || (end_reason !== null && FORWARDED.includes(end_reason))) return 'forwarded'
  return reason === 'ambiguous_identifier' ? 'ambiguous' : null
}

/** The links of each kind. `decided` are those as they were when somebody said something of them. */
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
