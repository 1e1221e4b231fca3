/** The first schema. Plain DDL that both SQLite and PostgreSQL accept; `integer` on SQLite is `bigint` on PostgreSQL. */
import type { CreateTableBuilder, Kysely } from 'kysely'
import { textType } from './text-type.ts'

type Table = CreateTableBuilder<string, string>

/** Adds columns: `name` for text that may be absent, `name!` for text, `name:n` and `name:n!` for whole numbers. */
function columns(table: Table, names: string, text: ReturnType<typeof textType>): Table {
  return names
    .split(/\s+/)
    .filter(Boolean)
    .reduce((builder, spec) => {
      const required = spec.endsWith('!')
      const [name, kind] = spec.replace('!', '').split(':')
      return builder.addColumn(name!, kind === 'n' ? 'bigint' : text, (column) =>
        required ? column.notNull() : column,
      )
    }, table)
}

const TABLES: [name: string, columns: string, key: string[]][] = [
  ['sites', 'id! origins! write_key! identity_secret! link_secret! settings! created_at:n!', ['id']],
  ['api_keys', 'id! hash! scopes! created_at:n!', ['id']],
  ['meta', 'name! value!', ['name']],
  [
    'events',
    'visitor_id! id! site_id! type! at:n! received_at:n! identity:n! marketing:n! url referrer title props person_id',
    ['visitor_id', 'id'],
  ],
  [
    'consents',
    'visitor_id! id! analytics:n! identity:n! marketing:n! site_id! source! policy gpc:n first_at:n! last_at:n!',
    ['visitor_id', 'id', 'analytics', 'identity', 'marketing'],
  ],
  [
    'claims',
    'visitor_id! id! site_id! request_id! at:n! received_at:n! evidence! key_hash! token_hash message issued_at:n kid iat:n exp:n',
    ['visitor_id', 'id'],
  ],
  ['token_uses', 'token_hash! visitor_id! at:n!', ['token_hash', 'visitor_id']],
  ['claim_keys', 'key_hash! visitor_id!', ['key_hash', 'visitor_id']],
  ['devices', 'visitor_id! site_id! device! browser os received_at:n!', ['visitor_id']],
  [
    'contacts',
    'contact_id! email email_sha256 phone mail_consent:n mail_consent_at:n minor:n! merged_into attributes! updated_at:n! field_times! imported_at:n! erased_at:n',
    ['contact_id'],
  ],
  ['contact_keys', 'key_hash! contact_id!', ['key_hash', 'contact_id']],
  [
    'orders',
    'order_id! source! visitor_id! event_id contact_id at:n! received_at:n! total:n! currency! items! channel',
    ['order_id', 'source', 'visitor_id'],
  ],
  ['tombstones', 'hash! kind! at:n!', ['hash']],
  ['withdrawals', 'visitor_hash! site_id! consent_id! at:n!', ['visitor_hash', 'consent_id']],
  ['cursors', 'journal_id! position:n!', ['journal_id']],
  ['dead_letters', 'journal_id! entry_id:n! part:n! error! body! at:n!', ['journal_id', 'entry_id', 'part']],
  ['audit', 'id! at:n! actor! action! detail!', ['id']],
  [
    'visitors',
    'visitor_id! site_id! first_seen:n! last_seen:n! events:n! identity:n! marketing:n! marketing_since:n shared:n! linked:n!',
    ['visitor_id'],
  ],
  ['epochs', 'visitor_id! n:n! person_id! contact_id from_at:n! to_at:n', ['visitor_id', 'n']],
  [
    'links',
    'visitor_id! id! contact_id evidence! strength! state! reason! end_reason at:n! valid_from:n valid_to:n backfill_from:n expires_at:n proofs!',
    ['visitor_id', 'id'],
  ],
  ['visitor_persons', 'visitor_id! person_id! first_at:n! last_at:n! events:n!', ['visitor_id', 'person_id']],
  ['visitor_days', 'visitor_id! day:n! withdrawals:n!', ['visitor_id', 'day']],
  [
    'carts',
    'visitor_id! id! person_id! site_id! epoch:n! state! currency! value:n! items! url created_at:n! updated_at:n! idle_at:n! closed_at:n checkout_at:n abandoned_at:n',
    ['visitor_id', 'id'],
  ],
  [
    'purchases',
    'visitor_id! event_id! person_id! order_id! at:n! total:n! currency! item_ids!',
    ['visitor_id', 'event_id'],
  ],
  [
    'persons',
    'person_id! contact_id first_seen:n! last_seen:n! visitors:n! strength evidence! matched_at:n identity:n! marketing:n! marketing_since:n mail_consent:n mail_consent_since:n minor:n! cart_visitor_id cart_id cart_updated_at:n cart_idle_at:n purchases:n! edge_at:n',
    ['person_id'],
  ],
  ['segment_members', 'segment_id! person_id! entered_at:n!', ['segment_id', 'person_id']],
  ['dirty_visitors', 'key! generation:n!', ['key']],
  ['dirty_persons', 'key! generation:n!', ['key']],
  ['dirty_contacts', 'key! generation:n!', ['key']],
  ['segments', 'id! name! node! version:n! updated_at:n!', ['id']],
  ['match_changes', 'seq:n! contact_id! change! reason segments! entered! left_segments! at:n!', ['seq']],
  ['feed_state', 'contact_id! digest! segments!', ['contact_id']],
]

const INDEXES: [name: string, table: string, columns: string[]][] = [
  ['orders_by_visitor', 'orders', ['visitor_id']],
  ['orders_by_contact', 'orders', ['contact_id']],
  ['contact_keys_by_contact', 'contact_keys', ['contact_id']],
  ['links_by_contact', 'links', ['contact_id']],
  ['visitor_persons_by_person', 'visitor_persons', ['person_id']],
  ['carts_by_person', 'carts', ['person_id']],
  ['purchases_by_person', 'purchases', ['person_id']],
  ['visitor_days_by_day', 'visitor_days', ['day']],
  ['carts_by_change', 'carts', ['state', 'updated_at']],
  ['persons_by_edge', 'persons', ['edge_at']],
  ['members_by_entry', 'segment_members', ['segment_id', 'entered_at']],
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [name, spec, key] of TABLES) {
    await columns(db.schema.createTable(name), spec, textType(db))
      .addPrimaryKeyConstraint(`${name}_pk`, key as never)
      .execute()
  }
  for (const [name, table, cols] of INDEXES) await db.schema.createIndex(name).on(table).columns(cols).execute()
}
