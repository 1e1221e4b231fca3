/**
 * The address of the page that a call of Segment's API describes. SDKs state a page's canonical address without its
 * query, which is `search` beside it, and servers state the campaign that led to it in the context.
 */

/** The members of `context.campaign`, and the query parameters that they were read from. */
const CAMPAIGN: Record<string, string> = {
  source: 'utm_source',
  medium: 'utm_medium',
  name: 'utm_campaign',
  term: 'utm_term',
  content: 'utm_content',
}

/** The longest value of a campaign that is taken. */
const MAX_VALUE = 200

/** A page's address with the query that belongs to it. */
export function fullAddress(url: string, search: unknown, campaign: unknown): string {
  const end = url.includes('#') ? url.indexOf('#') : url.length
  const [place, query] = splitAt(url.slice(0, end), '?')
  const own = query === '' ? searchText(search) : query
  const parts = own === '' ? [] : [own]
  if (!/(?:^|&)utm_/i.test(own)) parts.push(...campaignParts(campaign))
  return parts.length === 0 ? url : `${place}?${parts.join('&')}${url.slice(end)}`
}

function splitAt(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function searchText(search: unknown): string {
  if (typeof search !== 'string') return ''
  const [text] = splitAt(search, '#')
  return text.startsWith('?') ? text.slice(1) : text
}

function campaignParts(campaign: unknown): string[] {
  return membersOf(campaign).map(([member, text]) => `${CAMPAIGN[member]}=${encodeURIComponent(text)}`)
}

/** The campaign of a call that describes no page, as the property `campaign`. */
export function campaignProps(campaign: unknown): { campaign?: Record<string, string> } {
  const members = membersOf(campaign)
  return members.length === 0 ? {} : { campaign: Object.fromEntries(members) }
}

function membersOf(campaign: unknown): [member: string, text: string][] {
  if (typeof campaign !== 'object' || campaign === null) return []
  return Object.keys(CAMPAIGN).flatMap((member): [string, string][] => {
    const value = (campaign as Record<string, unknown>)[member]
    const text = typeof value === 'number' ? String(value) : value
    if (typeof text !== 'string' || text === '' || text.length > MAX_VALUE || !text.isWellFormed()) return []
    return [[member, text]]
  })
}
