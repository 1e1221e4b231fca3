/**
 * The loaded part of the list of members, kept accurate while people come and go. The first page is read every time.
 * Further pages are read again when the first has changed (its members may have moved down or left) or half a minute
 * has passed; until then they are kept. Nobody is listed twice, whatever moved between two pages.
 */
import type { Client, Member, MemberPage } from '../../api.ts'

/** The members on screen, and where to continue. */
export type MemberList = { members: Member[]; pages: number; next: string | null; firstPage: string; walkedAt: number }

const WALK_AGAIN_MS = 30_000

/** The key that tells members apart. */
export const memberKey = ({ person }: Member) =>
  person.kind === 'visitor' ? `visitor ${person.id} ${person.epoch}` : `contact ${person.id}`

/** Reads the first `depth` pages, reusing those of `before` that are still valid. */
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

/** Each member once; the first occurrence counts. */
function unique(members: Member[]): Member[] {
  const seen = new Set<string>()
  return members.filter((member) => {
    const key = memberKey(member)
    return seen.has(key) ? false : seen.add(key)
  })
}
