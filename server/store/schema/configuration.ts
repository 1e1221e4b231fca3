/** What operators configure, and what they did: sites, API keys, users, segments, revocations and the audit log. */
import type { SegmentName } from '../../domain/membership.ts'
import type { Role } from '../../domain/roles.ts'
import type { ChurnFit, NoFit } from '../../domain/scores/churn-fit.ts'
import type { Money, RfmBounds } from '../../domain/scores/rfm.ts'
import type { SiteSettings } from '../../domain/settings.ts'
import type { Json } from './columns.ts'

export type SiteRow = {
  id: string
  origins: Json<string[]>
  write_key: string
  identity_secret: string
  link_secret: string
  settings: Json<Partial<SiteSettings>>
  created_at: number
}

/** `last_used_at` is exact to a minute or so. */
export type ApiKeyRow = {
  id: string
  hash: string
  name: string | null
  scopes: Json<string[]>
  created_at: number
  expires_at: number | null
  last_used_at: number | null
}

/** Values by name, such as `config_version`, which counts every change of sites and keys. */
export type MetaRow = { name: string; value: string }

/**
 * A segment's current definition. `origin` says whether it ships with Couture or the shop created it; `preset_version` is the
 * preset's version; `edited_at` is when the shop edited a preset, which releases no longer update from then on.
 */
export type SegmentRow = {
  id: string
  name: Json<SegmentName>
  node: Json<object>
  /** Of the amounts in it; null for the shop's. */
  currency: string | null
  version: number
  updated_at: number
  origin: 'preset' | 'shop'
  preset_version: number | null
  edited_at: number | null
}

/** A version of a segment's definition from `at` on; null `name` and `node` mean that it was deleted. */
export type SegmentVersionRow = {
  segment_id: string
  version: number
  at: number
  actor: string
  name: Json<SegmentName> | null
  node: Json<object> | null
  currency: string | null
}

/**
 * Link tokens that are no longer evidence from `at` on. `value` is the token's keyed hash, `SITE MESSAGE`, or the keyed
 * hash that a contact's tokens carry.
 */
export type RevocationRow = { kind: 'token' | 'message' | 'contact'; value: string; at: number }

/**
 * Parameters of scores, in force from `at` on until the next version. `bounds` are null without customers, and `fit` where
 * there are too few orders (`lack`). It says how orders were counted: in whose days, in which money, and how far back.
 */
export type ScoreVersionRow = {
  version: number
  at: number
  zone: string
  currency: string
  window_days: number | null
  money: Money
  bounds: Json<RfmBounds> | null
  fit: Json<ChurnFit> | null
  lack: NoFit | null
}

export type AuditRow = { id: string; at: number; actor: string; action: string; detail: Json<Record<string, unknown>> }

/** Somebody who signs in to the dashboard. `id` is the name as it is compared, `password` a salted hash. */
export type UserRow = {
  id: string
  name: string
  email: string | null
  role: Role
  password: string
  created_at: number
  signed_in_at: number | null
}

/**
 * A user's session. The browser holds the token, the store only its hash; `id` is how the session is called in lists, and
 * `network` the address it was opened from, truncated to /24 or /48.
 */
export type SessionRow = {
  token_hash: string
  id: string
  user_id: string
  since: number
  used_at: number
  network: string | null
  browser: string | null
  os: string | null
}

/** The tables of this family by name. */
export type ConfigurationTables = {
  sites: SiteRow
  api_keys: ApiKeyRow
  meta: MetaRow
  segments: SegmentRow
  segment_versions: SegmentVersionRow
  revocations: RevocationRow
  score_versions: ScoreVersionRow
  audit: AuditRow
  users: UserRow
  sessions: SessionRow
}
