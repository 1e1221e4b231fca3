/**
 * The settings of a site: one list, which defines their types, defaults and checks, and the texts that describe them.
 */

import { TAG_CONSENT_SOURCES, type TagConsentSource } from '../../tag/wire.ts'
import { cartHostsOf } from './commerce/addresses.ts'
import type { CartPolicy } from './commerce/cart.ts'

const DAY_MS = 24 * 3600_000

/** The value of `datalayer` that reads none. */
export const NO_DATALAYER = 'off'

/** How a setting is written and checked. */
export type SettingRule =
  | { kind: 'integer'; min: number; max: number }
  | { kind: 'boolean' }
  | { kind: 'choice'; of: readonly string[] }
  | { kind: 'text'; pattern: RegExp; must: string }
  | { kind: 'list'; must: string; pattern: RegExp }
  | { kind: 'zone' }

/** One setting: its rule, its default and a sentence for the person who changes it. */
export type Setting<T> = { rule: SettingRule; default: T; about: string }

/** A site's settings. */
export type SiteSettings = {
  consent_source: TagConsentSource
  consent_map: string[]
  trust_unsigned_login: boolean
  identity_public_key: string
  email_click_backstitch: 'session' | 'window'
  form_email_confirms: boolean
  shared_from: number
  backstitch_days: number
  login_days: number
  click_days: number
  link_param: string
  form_selectors: string[]
  frames: boolean
  redirect_hosts: string[]
  kept_query: string[]
  cookie_name: string
  session_minutes: number
  cart_idle_minutes: number
  currency: string
  timezone: string
  cart_url: string
  retention_months: number
  image_hosts: string[]
  mail_typed_carts: boolean
  attribution_days: number
  datalayer: string
}

/** Every setting by its name. */
export const SETTINGS: { [K in keyof SiteSettings]: Setting<SiteSettings[K]> } = {
  consent_source: {
    rule: { kind: 'choice', of: TAG_CONSENT_SOURCES },
    default: 'manual',
    about:
      "Where the tag reads the visitor's choice: `manual` is the shop's own call of couture('consent', …), `auto` the consent platform that the page has, any other that platform.",
  },
  consent_map: {
    rule: {
      kind: 'list',
      pattern: /^[^=,]{1,64}=(analytics|identity|marketing)$/,
      must: 'CATEGORY=PURPOSE, separated by commas, where PURPOSE is analytics, identity or marketing',
    },
    default: [
      ...['analytics=analytics', 'statistics=analytics', 'performance=analytics', 'C0002=analytics'],
      ...['identity=identity', 'functional=identity', 'preferences=identity', 'C0003=identity'],
      ...['marketing=marketing', 'advertising=marketing', 'targeting=marketing', 'C0004=marketing'],
    ],
    about:
      'Which purpose each category of a consent platform or SDK grants, whatever its case; a purpose needs at least one yes and no no. The categories that a platform defines itself need no entry. `*` is what a server with a secret key vouches for when it sends no preferences.',
  },
  trust_unsigned_login: {
    rule: { kind: 'boolean' },
    default: false,
    about:
      'Lets a login without a signature link a visitor: then anybody can claim to be any customer from a browser console.',
  },
  identity_public_key: {
    rule: {
      kind: 'text',
      pattern: /^(-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*)?$/,
      must: 'a public key in PEM (SPKI, "BEGIN PUBLIC KEY"), @FILE that holds one, or nothing',
    },
    default: '',
    about:
      'Checks logins that the shop signs with its private key: Ed25519 (EdDSA), or RSA of at least 2048 bits (RS256).',
  },
  email_click_backstitch: {
    rule: { kind: 'choice', of: ['session', 'window'] },
    default: 'session',
    about:
      "How far back a contact's first mail click reaches: its session and the open cart, or the whole window of backstitch_days.",
  },
  form_email_confirms: {
    rule: { kind: 'boolean' },
    default: false,
    about:
      'Lets an address typed into a form prolong the link of the same contact as a mail click would, where a login or a click has proven them. It never makes a link.',
  },
  shared_from: {
    rule: { kind: 'integer', min: 2, max: 100 },
    default: 2,
    about: 'How many contacts with good evidence within 30 days make a device count as shared.',
  },
  backstitch_days: {
    rule: { kind: 'integer', min: 0, max: 365 },
    default: 30,
    about: 'How many days a link may reach back before its first proof.',
  },
  login_days: {
    rule: { kind: 'integer', min: 1, max: 365 },
    default: 90,
    about: 'For how many days after a signed login the browser still counts as the contact’s.',
  },
  click_days: {
    rule: { kind: 'integer', min: 1, max: 365 },
    default: 90,
    about: 'For how many days after a mail click the browser still counts as the contact’s.',
  },
  link_param: {
    rule: { kind: 'text', pattern: /^(#[a-z]{2,16}|[a-z][a-z0-9_]{1,30})$/, must: 'a name after #, or a query name' },
    default: '#cl',
    about:
      'Where a mail link carries its token: `#cl` is the fragment, which no server sees; otherwise a query parameter.',
  },
  form_selectors: {
    rule: {
      kind: 'list',
      // Only what every browser can parse, without commas.
      pattern: /^(form)?([#.][A-Za-z_][\w-]{0,99}|\[[a-z][a-z-]{0,99}(=[A-Za-z_][\w-]{0,99})?\]){1,9}$/,
      must: 'selectors such as #checkout, form.newsletter or form[name=guest], separated by commas: no spaces, no quotes',
    },
    default: [],
    about:
      'Forms whose e-mail address becomes evidence on submit, each as #id, .class or [attribute=name], such as form.newsletter; empty means none. The address is hashed in the browser, and only read with consent to identity.',
  },
  frames: {
    rule: { kind: 'boolean' },
    default: false,
    about:
      'Lets the tag run in frames, too: for shops that are shown in a frame. Elsewhere a frame would count as a view of its own.',
  },
  redirect_hosts: {
    rule: { kind: 'list', pattern: /^[a-z0-9.-]+(:\d{1,5})?$/, must: 'host names, separated by commas' },
    default: [],
    about: "Hosts that a mail link may lead to; empty means the site's own origins.",
  },
  kept_query: {
    rule: { kind: 'list', pattern: /^[A-Za-z0-9_.[\]-]+\*?$/, must: 'query names, a * at the end for a prefix' },
    default: ['utm_*'],
    about: 'Query parameters of page addresses to keep; all others are removed before anything is stored.',
  },
  cookie_name: {
    rule: {
      kind: 'text',
      // The session of the dashboard has a cookie of its own.
      pattern: /^(?!couture_session$)[A-Za-z0-9_-]{1,32}$/,
      must: '1 to 32 letters, digits, _ or -, other than couture_session',
    },
    default: 'cv',
    about: "The visitor cookie's name; `__Host-` is prepended on https.",
  },
  session_minutes: {
    rule: { kind: 'integer', min: 1, max: 1440 },
    default: 30,
    about: 'A pause this long ends a session.',
  },
  cart_idle_minutes: {
    rule: { kind: 'integer', min: 1, max: 10_080 },
    default: 60,
    about: 'A cart untouched for this long is abandoned.',
  },
  currency: {
    rule: { kind: 'text', pattern: /^([A-Z]{3})?$/, must: 'an ISO 4217 code such as EUR, or nothing' },
    default: '',
    about: 'The currency of amounts for which the shop sends none.',
  },
  timezone: {
    rule: { kind: 'zone' },
    default: '',
    about: 'The time zone of orders whose times name none, such as Europe/Paris; without it they are in UTC.',
  },
  cart_url: {
    rule: {
      kind: 'text',
      pattern: /^(https?:\/\/[A-Za-z0-9.:-]{1,255}(\/[\w.~!$&'()*+,;=:@%/?{}#-]{0,1500})?)?$/,
      must: 'an address such as https://shop.example/cart?restore={cart_id}, or nothing',
    },
    default: '',
    about:
      "Where a customer finds the cart again, for mails; `{cart_id}` stands for the shop's id of the cart. What an event says of its cart comes first.",
  },
  retention_months: {
    rule: { kind: 'integer', min: 1, max: 120 },
    default: 25,
    about:
      'Events older than this many months (of 30.44 days) are deleted, together with everything derived from them.',
  },
  image_hosts: {
    rule: { kind: 'list', pattern: /^[a-z0-9.-]+(:\d{1,5})?$/, must: 'host names, separated by commas' },
    default: [],
    about:
      "Hosts besides the site's own that pictures of carts may come from, such as that of a CDN. Others are left out of lists and mails.",
  },
  mail_typed_carts: {
    rule: { kind: 'boolean' },
    default: false,
    about:
      'Tells e-mail tools of carts that carry a contact’s address as somebody typed it into a form, marked as typed, if the contact may be mailed. Guest checkouts need it; anybody can type anybody’s address.',
  },
  attribution_days: {
    rule: { kind: 'integer', min: 1, max: 365 },
    default: 5,
    about:
      'For how many days after a mail’s link was followed the purchase of a cart that had been left behind counts as recovered by that link.',
  },
  datalayer: {
    rule: {
      kind: 'text',
      pattern: /^[A-Za-z_$][\w$]{0,63}$/,
      must: 'off, or the name of the page’s data layer such as dataLayer',
    },
    default: NO_DATALAYER,
    about:
      'The data layer that the tag reads carts, orders and the like from, such as `dataLayer` or `ElevarDataLayer`; `off` reads none.',
  },
}

/** The settings of a new site. */
export function defaultSettings(): SiteSettings {
  return Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => [name, setting.default]),
  ) as unknown as SiteSettings
}

/** A site as the collector and the rules see it. */
export type Site = {
  id: string
  /** Exact origins, scheme and port included. */
  origins: string[]
  write_key: string
  /** Signs logins with HS256; empty if only the public key counts. */
  identity_secret: string
  link_secret: string
  /** Earlier secrets, if any: their tokens prove nothing any more, but the links they made stand. */
  retired_link_secrets?: string[]
  settings: SiteSettings
}

/** The policy for carts in the units of the rules. Kept for each site, since its hosts take long to read. */
export function cartPolicyOf(site: Pick<Site, 'origins' | 'settings'>): CartPolicy {
  const {
    redirect_hosts: redirectHosts,
    image_hosts: imageHosts,
    cart_url,
    currency,
    cart_idle_minutes,
  } = site.settings
  const cartUrl = cart_url || null
  const hosts = cartHosts.get(site) ?? cartHostsOf({ origins: site.origins, redirectHosts, imageHosts, cartUrl })
  cartHosts.set(site, hosts)
  return { abandonedAfterMs: cart_idle_minutes * 60_000, currency: currency || null, cartUrl, hosts }
}

const cartHosts = new WeakMap<Pick<Site, 'origins' | 'settings'>, CartPolicy['hosts']>()

/** The identity policy in the units of the rules. */
export function policyOf(settings: SiteSettings) {
  return {
    sessionMs: settings.session_minutes * 60_000,
    backstitchMs: settings.backstitch_days * DAY_MS,
    loginMs: settings.login_days * DAY_MS,
    clickMs: settings.click_days * DAY_MS,
    firstClick: settings.email_click_backstitch,
    trustUnsigned: settings.trust_unsigned_login,
    formConfirms: settings.form_email_confirms,
    sharedFrom: settings.shared_from,
  }
}
