/**
 * The register of tables: how each one is distributed, what deletes its rows, and how it is copied and rebuilt. Citus, the
 * copy, rebuilds, withdrawal, erasure and retention follow from it, so a new table needs an entry in its family's file, a
 * row here and a migration. A table that does not say what erases its rows does not compile.
 *
 * The order of the rows matters: a transaction that deletes from several tables does so in this order, so that two such
 * transactions cannot deadlock. New tables go to the end of their group.
 */
import type { Kept, TableEntry, TableName } from './table-entry.ts'

const visitor = { group: 'visitor', column: 'visitor_id' } as const
const person = { group: 'person', column: 'person_id' } as const
const contact = { group: 'contact', column: 'contact_id' } as const
const own = <C extends string>(column: C) => ({ group: 'own', column }) as const

const NOBODY = { kept: 'holds nothing about visitors or contacts' } as const
const HASHES = { kept: 'holds only keyed hashes and times, so that erased and withdrawn ids cannot come back' } as const
const OF_DEVICE = { kept: 'on a shared device it concerns the others too' } as const
const OF_CONTACT = { kept: 'concerns a contact, and does not depend on a browser’s consent' } as const
const OF_CRM = { kept: 'the shop’s CRM decides how long it keeps a contact' } as const

const fact = { distributedBy: visitor, onWithdrawal: 'deleted', copied: 'yes', rebuilt: null } as const
const derived = { onWithdrawal: 'derived', onErasure: 'derived', onExpiry: 'derived', copied: 'yes' } as const
const ofVisitor = { family: 'derived', distributedBy: visitor, ...derived } as const
const ofPerson = { family: 'derived', distributedBy: person, ...derived, rebuilt: { of: 'persons' } } as const
const ofPart = { family: 'behaviour', distributedBy: person, ...derived } as const
const marks = {
  family: 'work',
  onWithdrawal: 'worked off',
  onErasure: 'worked off',
  onExpiry: 'worked off',
  copied: 'yes',
  rebuilt: null,
} as const
const kept = (why: Kept) =>
  ({ onWithdrawal: why, onErasure: why, onExpiry: why, copied: 'yes', rebuilt: null }) as const

/** The register. */
export const TABLES = {
  sites: { family: 'configuration', distributedBy: 'reference', ...kept(NOBODY) },
  api_keys: { family: 'configuration', distributedBy: 'reference', ...kept(NOBODY) },
  // The notes of a copy belong to one store only.
  meta: { family: 'configuration', distributedBy: 'reference', ...kept(NOBODY), copied: { exceptPrefix: 'copy:' } },
  segments: { family: 'configuration', distributedBy: 'reference', ...kept(NOBODY) },
  segment_versions: { family: 'configuration', distributedBy: 'reference', ...kept(NOBODY) },
  revocations: { family: 'configuration', distributedBy: 'reference', ...kept(HASHES) },
  score_versions: { family: 'configuration', distributedBy: 'reference', ...kept(NOBODY) },
  audit: {
    family: 'configuration',
    distributedBy: own('id'),
    ...kept({ kept: 'holds operators and counts, and of contacts only keyed hashes' }),
  },
  users: { family: 'configuration', distributedBy: 'local', ...kept(NOBODY) },
  sessions: { family: 'configuration', distributedBy: 'local', ...kept(NOBODY) },
  contacts: {
    ...{ family: 'contacts', distributedBy: contact, copied: 'yes', rebuilt: null },
    ...{ onWithdrawal: OF_CONTACT, onErasure: { contact: 'contact_id' }, onExpiry: OF_CRM },
  },
  contact_keys: {
    ...{ family: 'contacts', distributedBy: own('key_hash'), copied: 'yes', rebuilt: null },
    ...{ onWithdrawal: OF_CONTACT, onErasure: { contact: 'contact_id' }, onExpiry: OF_CRM },
  },
  imports: {
    ...{ family: 'contacts', distributedBy: own('id') },
    ...kept({ kept: 'holds counts and the lines of rejected rows, and no value of a row' }),
  },
  attributes: { family: 'contacts', distributedBy: 'reference', ...kept(NOBODY) },
  import_changes: {
    ...{ family: 'contacts', distributedBy: own('item_id'), copied: 'yes', rebuilt: null },
    ...{ onWithdrawal: OF_CONTACT, onErasure: { contact: 'contact_id' } },
    onExpiry: { special: 'deleted 30 days after the import, which can no longer be undone then (`imports`)' },
  },

  // Facts about visitors, in the order in which landing writes them.
  events: { family: 'visitors', ...fact, onErasure: { moments: 'id' }, onExpiry: { events: 'id' } },
  claims: { family: 'visitors', ...fact, onErasure: { moments: 'id' }, onExpiry: 'departed' },
  token_uses: {
    ...{ family: 'visitors', ...fact, distributedBy: own('token_hash') },
    onErasure: { kept: 'a keyed hash: the first use of a token decides what the others’ claims are worth' },
    onExpiry: {
      special:
        'deleted once no visitor with events has used the token (`retention`), that of a gone visitor with the events of its age',
    },
  },
  claim_keys: {
    ...{ family: 'visitors', ...fact, distributedBy: own('key_hash') },
    onErasure: { special: 'rows of the contact’s identifiers are deleted from shared devices (`shared-device`)' },
    onExpiry: 'departed',
  },
  devices: { family: 'visitors', ...fact, onErasure: OF_DEVICE, onExpiry: 'departed' },
  orders: {
    ...{ family: 'contacts', ...fact, distributedBy: own('order_id') },
    ...{
      onErasure: { moments: 'event_id', contact: 'contact_id' },
      onExpiry: { events: 'event_id', also: 'departed' },
    },
  },
  consents: { family: 'visitors', ...fact, onErasure: OF_DEVICE, onExpiry: 'proof is over' },
  aged_moments: { family: 'visitors', ...fact, onErasure: { moments: 'id' }, onExpiry: 'departed' },
  link_acts: { family: 'visitors', ...fact, onErasure: { moments: 'claim_id' }, onExpiry: 'departed' },
  departed_visitors: {
    ...{ family: 'visitors', ...fact, onErasure: { kept: 'nothing links the visitor to a contact any more' } },
    onExpiry: { special: 'deleted when the proofs of consent expire, even if the visitor has come back (`retention`)' },
  },
  dead_letters: {
    ...{ family: 'landing', ...fact, distributedBy: 'local' },
    onErasure: { special: 'the contact’s part of a shared device’s letters is cut out (`shared-device`)' },
    onExpiry: { special: 'deleted when no site keeps events of its age (`retention`)' },
  },

  tombstones: { family: 'erasure', distributedBy: own('hash'), ...kept(HASHES) },
  withdrawals: { family: 'erasure', distributedBy: own('visitor_hash'), ...kept(HASHES) },
  erasures: { family: 'erasure', distributedBy: 'reference', ...kept(HASHES) },
  erased_spans: { family: 'erasure', distributedBy: own('visitor_hash'), ...kept(HASHES) },
  forgotten: { family: 'erasure', distributedBy: 'local', ...kept(NOBODY) },
  ended_users: { family: 'erasure', distributedBy: own('key_hash'), ...kept(HASHES) },
  // Written by every process all the time, so they are on the coordinator, where rows are locked in order.
  quality_counts: {
    ...{ family: 'quality', distributedBy: 'local', copied: 'yes', rebuilt: null },
    onWithdrawal: { special: 'the examples of the visitor are blanked; the counts name nobody (`quality`)' },
    onErasure: { special: 'the examples of the contact’s visitors are blanked (`quality`)' },
    onExpiry: { special: 'examples are blanked after 30 days, and rows deleted after 400 (`quality`)' },
  },
  arrivals: {
    ...{ family: 'quality', distributedBy: 'local', copied: 'yes', rebuilt: null },
    ...{ onWithdrawal: NOBODY, onErasure: NOBODY, onExpiry: { special: 'deleted after two days (`quality`)' } },
  },
  cursors: { family: 'landing', distributedBy: 'local', ...kept(NOBODY), copied: 'last' },

  visitors: { ...ofVisitor, rebuilt: { of: 'visitors', second: null } },
  epochs: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'n' } },
  links: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'id' } },
  visitor_persons: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'person_id' } },
  visitor_days: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'day' } },
  carts: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'id' } },
  purchases: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'event_id' } },
  persons: ofPerson,
  person_carts: ofPerson,
  cart_closings: { family: 'derived', distributedBy: own('order_hash'), ...kept(NOBODY) },
  segment_members: ofPerson,
  person_orders: ofPerson,
  person_days: { ...ofPart, rebuilt: { of: 'parts of visitors', key: ['day', 'type', 'n'] } },
  visits: { ...ofPart, rebuilt: { of: 'parts of visitors', key: ['began_at'] } },
  person_scores: ofPerson,

  feed_state: {
    ...{ family: 'feed', distributedBy: contact, copied: 'yes', rebuilt: null },
    ...{ onWithdrawal: 'derived', onErasure: 'derived', onExpiry: 'derived' },
  },
  match_changes: {
    ...{ family: 'feed', distributedBy: own('seq'), copied: 'yes', rebuilt: null, onWithdrawal: OF_CONTACT },
    onErasure: { special: 'the contact’s id is blanked; the last change keeps it for 30 days (`erasure-notices`)' },
    onExpiry: { kept: 'readers may follow the feed from the beginning' },
  },
  pending_memberships: { ...marks, family: 'feed', distributedBy: person },
  segment_changes: {
    ...{ family: 'feed', distributedBy: own('seq'), copied: 'yes', rebuilt: null },
    onWithdrawal: {
      special: 'the visitor is blanked; the last change keeps it encrypted for 30 days (`membership-log`)',
    },
    onErasure: { special: 'the contact is blanked in the same way (`membership-log`)' },
    onExpiry: { special: 'deleted 90 days after they left again, with the entry (`membership-log`)' },
  },
  segment_sizes: { family: 'feed', distributedBy: own('segment_id'), ...kept(NOBODY) },
  farewells: {
    ...{ family: 'erasure', distributedBy: contact, copied: 'yes', rebuilt: null, onWithdrawal: OF_CONTACT },
    onErasure: { special: 'inserted at the erasure, and deleted 30 days later (`erasure-notices`)' },
    onExpiry: { kept: 'deleted 30 days after the erasure, whatever the site’s retention' },
  },

  dirty_visitors: { ...marks, distributedBy: { group: 'visitor', column: 'key' } },
  dirty_persons: { ...marks, distributedBy: { group: 'person', column: 'key' } },
  dirty_contacts: { ...marks, distributedBy: { group: 'contact', column: 'key' } },
  derive_failures: {
    ...{ ...marks, distributedBy: 'local' },
    onErasure: { special: 'the contact’s rows are deleted (`erase`)' },
  },
  segment_judging: { ...marks, distributedBy: 'local' },
  // These coordinate the processes of one store and hold no data of its own.
  locks: { family: 'work', distributedBy: 'local', ...kept(NOBODY), copied: 'no' },
  leases: { family: 'work', distributedBy: 'local', ...kept(NOBODY), copied: 'no' },
  processes: { family: 'work', distributedBy: 'local', ...kept(NOBODY), copied: 'no' },
} as const satisfies { [T in TableName]: TableEntry<T> }

type Register = typeof TABLES
type Field = keyof TableEntry<TableName>

/** All tables, in the order of the register. */
export const TABLE_NAMES = Object.keys(TABLES) as TableName[]

/** Whether this is the name of a table. */
export function isTable(name: string): name is TableName {
  return Object.hasOwn(TABLES, name)
}

/** The tables whose entry has the value `V` in the field `F`. */
type TablesWhere<F extends Field, V> = { [T in TableName]: Register[T][F] extends V ? T : never }[TableName]

/** A field of an entry, as read: a string, or strings by name. */
type Rule = string | { readonly [name: string]: string | readonly string[] | null }
const RULES: { [T in TableName]: { [F in Field]: F extends 'rebuilt' ? Rule | null : Rule } } = TABLES

/** The tables whose entry has this value in that field, alone or as one of several. */
function tablesWhere<F extends Field, V extends string, P extends object = never>(field: F, value: V) {
  return TABLE_NAMES.filter((name): name is TablesWhere<F, V | P> => {
    const rule: Rule | null = RULES[name][field]
    return rule === value || (rule !== null && typeof rule === 'object' && Object.values(rule).includes(value))
  })
}

/** Tables from which all rows of a visitor are deleted when it withdraws. */
export const DELETED_WITH_VISITOR = tablesWhere('onWithdrawal', 'deleted')

/** Tables from which a visitor's rows are deleted when it has no events left. */
export const DELETED_AT_DEPARTURE = tablesWhere<'onExpiry', 'departed', { also: 'departed' }>('onExpiry', 'departed')

/** Tables from which a departed visitor's rows are deleted when its proofs of consent expire. */
export const DELETED_WITH_PROOF = tablesWhere('onExpiry', 'proof is over')

/** A table whose rows are derived from visitors. */
export type VisitorTable = TablesWhere<'rebuilt', { of: 'visitors' }>

/** The tables whose rows are derived from visitors. */
export const VISITOR_TABLES = TABLE_NAMES.filter(
  (name): name is VisitorTable => TABLES[name].rebuilt?.of === 'visitors',
)

/** A table whose rows are derived from visitors and kept with persons. */
export type PartTable = TablesWhere<'rebuilt', { of: 'parts of visitors' }>

/** The tables whose rows are derived from visitors and kept with persons. */
export const PART_TABLES = TABLE_NAMES.filter(
  (name): name is PartTable => TABLES[name].rebuilt?.of === 'parts of visitors',
)

/** The tables that a rebuild recomputes. */
export const DERIVED_TABLES = TABLE_NAMES.filter(
  (name): name is TablesWhere<'rebuilt', object> => TABLES[name].rebuilt !== null,
)

/** A table and one of its columns. */
export type TableColumn = { table: TableName; column: string }

/** The columns that entries name in a field under a given name, in the order of the register. */
function columnsOf(field: 'onErasure' | 'onExpiry', name: 'moments' | 'contact' | 'events'): TableColumn[] {
  return TABLE_NAMES.flatMap((table) => {
    const rule = RULES[table][field]
    const column = typeof rule === 'string' ? null : rule[name]
    return typeof column === 'string' ? { table, column } : []
  })
}

/** Columns with ids of events or claims: on a shared device, an erased contact's rows are deleted by them. */
export const MOMENT_COLUMNS = columnsOf('onErasure', 'moments')

/** Columns with the id of the contact that the row concerns. */
export const CONTACT_COLUMNS = columnsOf('onErasure', 'contact')

/** Columns with the id of the event with which the row expires. */
export const EXPIRING_COLUMNS = columnsOf('onExpiry', 'events')
