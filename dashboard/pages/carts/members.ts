/**
 * The list of members as far as it was asked for, kept true while people come and go. The first page is read every
 * time. The pages below are read again when the first has changed (what left it may have moved down or gone) or half a
 * minute has passed; until then they are kept. Nobody is listed twice, whatever moved between two pages.
 */
import type { Client, Member, MemberPage } from '../../api.ts'

/** The members on screen, and how to go on. */
export type MemberList = { members: Member[]; pages: number; next: string | null; firstPage: string; walkedAt: number }

const WALK_AGAIN_MS = 30_000

/** What tells one member from another. */
export const memberKey = ({ person }: Member) => `${person.kind}:${person.id}`

/** Reads the first `depth` pages, or as much of them as cannot be taken from `before`. */
export async function readMembers(
  client: Client,
  depth: number,
  before: MemberList | null,
  nowMs: number,
  signal: AbortSignal,
): Promise<MemberList> {
  const first = await client.abandoned(null, signal)
  const firstPage = first.data.map(memberKey).join(' ')
  const keep = before !== null && before.firstPage === firstPage && nowMs - before.walkedAt < WALK_AGAIN_MS
  const list: MemberList = keep
    ? { ...before, members: unique([...first.data, ...before.members]) }
    : { members: unique(first.data), pages: 1, next: nextOf(first), firstPage, walkedAt: nowMs }
  if (list.pages === 1) list.next = nextOf(first)
  while (list.pages < depth && list.next !== null) {
    const page = await client.abandoned(list.next, signal)
    list.members = unique([...list.members, ...page.data])
    list.next = nextOf(page)
    list.pages += 1
  }
  return list
}

const nextOf = (page: MemberPage) => (page.has_more ? page.next : null)

/** Each member once, the first mention standing. */
function unique(members: Member[]): Member[] {
  const seen = new Set<string>()
  return members.filter((member) => {
    const key = memberKey(member)
    return seen.has(key) ? false : seen.add(key)
  })
}
