/**
 * The wire contract: what the tag, a shop's server and the collector exchange at `POST /v1/events`.
 *
 * This file imports nothing. The tag is compiled against it, and the collector's schemas must take exactly these types:
 * a field or a member of a union that only one side knows does not compile. Times are ISO 8601 UTC, money is a decimal
 * with an ISO 4217 currency, ids are opaque strings.
 */

/** The tag's own limits, as plain numbers, so that its bundle does not hold what only a server needs. */
export const TAG_EVENTS = 50
export const TAG_BYTES = 64 * 1024
/** One event, serialised, in bytes of UTF-8. */
export const EVENT_BYTES = 32 * 1024
/** Total of all requests in flight with `keepalive`, which browsers cap at 64 KiB. */
export const KEEPALIVE_BYTES = 60 * 1024

/** The collector's limits for a request. The tag is a browser without a key; `keyed` is a server with one. */
export const LIMITS = {
  tag: { events: TAG_EVENTS, bytes: TAG_BYTES },
  keyed: { events: 500, bytes: 1024 * 1024 },
  /** What Segment allows on its routes; its SDKs stay below. */
  segment: { events: 2500, bytes: 500 * 1024 },
  eventBytes: EVENT_BYTES,
  /** A sender's clock may differ by this much before its times are shifted. */
  clockSkewMs: 60_000,
  /** Without a key, an event older than this is refused. */
  maxAgeMs: 7 * 24 * 3600_000,
  /** An event may be ahead of the collector by this much, after correction. */
  maxAheadMs: 60_000,
} as const

/** A browser's secret, of which the collector makes the visitor's id: at least 128 bits in base64url. */
export const CANDIDATE_PATTERN = /^[A-Za-z0-9_-]{22,32}$/

/** The consent platforms and frameworks that the tag reads: one file each in `consent/`. */
export const CONSENT_PLATFORMS = [
  'google',
  'tcf',
  'vanilla-cookieconsent',
  'klaro',
  'tarteaucitron',
  'osano',
  'c15t',
] as const

/** A consent platform or framework that the tag reads. */
export type ConsentPlatform = (typeof CONSENT_PLATFORMS)[number]

/** Where a choice was made: in the shop's own call, or in a consent platform, one without a name here as `cmp`. */
export const CONSENT_SOURCES = ['manual', ...CONSENT_PLATFORMS, 'cmp', 'gpc'] as const

/** Where a choice was made. */
export type ConsentSource = (typeof CONSENT_SOURCES)[number]

/** The sources that a site may set as `consent_source`. `auto` is whichever platform the page has. */
export const TAG_CONSENT_SOURCES = ['manual', 'auto', ...CONSENT_PLATFORMS] as const

/** Where the tag of a site reads the choice. */
export type TagConsentSource = (typeof TAG_CONSENT_SOURCES)[number]

/** The visitor's choice as it stands when the request is sent. `at` is the time of the choice. */
export type WireConsent = {
  /** One id per choice, made by the tag and sent with every request under that choice. */
  id: string
  analytics: boolean
  identity: boolean
  marketing: boolean
  source: ConsentSource
  /** The shop's name for the text that was agreed to. */
  policy?: string
  /** The browser sends Global Privacy Control. */
  gpc?: boolean
  at?: string
}

/** One line of a cart, an order or a list, in GA4's terms. `price` is per unit. */
export type WireItem = {
  item_id: string
  item_name?: string
  price?: number
  quantity?: number
  item_category?: string
  item_variant?: string
  url?: string
  image_url?: string
}

/** A login: "this visitor is this contact". With `token` (a JWT of the shop's server) it is verified. */
export type LoginProps = {
  kind: 'login'
  /** The CRM's id. A number counts as its decimal text. */
  contact_id?: string | number
  email?: string
  /** SHA-256 in hex of the trimmed, lower-cased address. */
  email_sha256?: string
  token?: string
}

/** A mail link was followed, and a person interacted with the landing page. */
export type LinkProps = { kind: 'link'; link: string }

/** An address typed into a form. */
export type FormProps = { kind: 'form'; email_sha256: string; cart_id?: string; order_id?: string }

/** The properties of an event of type `identify`. */
export type IdentifyProps = LoginProps | LinkProps | FormProps

/** One thing that happened. */
export type WireEvent = {
  /** Made once by the sender; the tag's have 21 characters, time first. With the visitor it identifies the event. */
  id: string
  /** `page`, `identify`, `reset`, `consent`, `engagement`, a GA4 name, or the shop's own name. */
  type: string
  /** By the sender's clock. */
  at: string
  url?: string
  referrer?: string
  title?: string
  props?: Record<string, unknown>
}

/** The body of `POST /v1/events`. */
export type WireBatch = {
  site: string
  /** The visitor's id: a server with a key may name any; a browser repeats what a reply said, which proves nothing. */
  visitor?: string
  /** A secret made by the tag, shared between tabs until the first 2xx. It stays with the batches made under it. */
  candidate?: string
  consent: WireConsent
  /** By the sender's clock; optional with a key. */
  sent_at?: string
  events: WireEvent[]
}

/** Why one event of an accepted request was not kept. */
export type RejectCode =
  | 'invalid_event'
  | 'event_too_large'
  | 'no_consent'
  | 'too_old'
  | 'in_future'
  | 'blocked_identifier'
  | 'invalid_token'

/** One refused event, by its index in the request. */
export type WireRejection = { index: number; code: RejectCode; message: string }

/** The body of a 202. `visitor` is null if there is none: a bot, or a request without consent. */
export type WireReply = {
  visitor: string | null
  accepted: number
  duplicate: number
  rejected: WireRejection[]
}
