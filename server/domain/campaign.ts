/**
 * The campaign that an event names: by `utm_*` in the address of its page, or in its properties as GA4 and Segment write
 * it. Texts are folded, as conditions compare them.
 */
import { fieldsOf, firstText } from './commerce/fields.ts'
import { folded } from './folded.ts'

/** A campaign with its source and medium; what nobody said is null. */
export type Campaign = { campaign: string | null; source: string | null; medium: string | null }

/** The longest part of a campaign that is compared. */
const MAX_TEXT = 200

const UTM = /[?&#;]utm_(campaign|id|source|medium)=([^&#;]{1,600})/gi

/** Campaigns by the query that named them: a mailing leads many visitors to one. Full, it is emptied. */
const BY_QUERY = new Map<string, Campaign | null>()
const MOST_QUERIES = 1000
const MAX_QUERY = 500

/** The campaign in the address of a page. */
export function campaignInUrl(url: string): Campaign | null {
  const start = url.search(/[?#]/)
  if (start < 0) return null
  const query = url.slice(start)
  if (query.length > MAX_QUERY) return readQuery(query)
  let known = BY_QUERY.get(query)
  if (known === undefined) {
    known = readQuery(query)
    if (BY_QUERY.size >= MOST_QUERIES) BY_QUERY.clear()
    BY_QUERY.set(query, known)
  }
  return known
}

function readQuery(query: string): Campaign | null {
  const values: Record<string, string> = {}
  for (const [, name = '', value = ''] of query.matchAll(UTM)) values[name.toLowerCase()] ??= decoded(value)
  return campaignOf(values.campaign ?? values.id, values.source, values.medium)
}

function decoded(value: string): string {
  const text = value.replaceAll('+', ' ')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** GA4's own event about a campaign, in which it needs no longer name. */
const OF_CAMPAIGN = 'campaign_details'

/** The campaign in the properties of an event: GA4's parameters, Segment's object, or `utm_*`. */
export function campaignInProps(type: string, props: Record<string, unknown>): Campaign | null {
  const own = fieldsOf(props)
  const told = own.get('campaign')
  const inside = fieldsOf(told)
  const bare = type === OF_CAMPAIGN || type === 'page' || type === 'page_view'
  const isBare = bare && (type === OF_CAMPAIGN || typeof told === 'string')
  return campaignOf(
    firstText(inside, ['name', 'id']) ??
      firstText(own, ['utmcampaign', 'campaignname', 'utmid', ...(isBare ? ['campaign'] : []), 'campaignid']),
    firstText(inside, ['source']) ?? firstText(own, ['utmsource', 'campaignsource', ...(isBare ? ['source'] : [])]),
    firstText(inside, ['medium']) ?? firstText(own, ['utmmedium', 'campaignmedium', ...(isBare ? ['medium'] : [])]),
  )
}

function campaignOf(...texts: (string | null | undefined)[]): Campaign | null {
  const [campaign = null, source = null, medium = null] = texts.map((text) => {
    return text == null ? null : folded(text).trim().slice(0, MAX_TEXT) || null
  })
  return campaign === null && source === null && medium === null ? null : { campaign, source, medium }
}
