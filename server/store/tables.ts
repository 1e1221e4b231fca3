/**
 * The register of tables: for each one, where its rows lie, what makes them go, and what else happens to all of them.
 * Citus, the copy, rebuilding, withdrawal, erasure and retention follow from it, so a new table is its family's file, a
 * row here and a migration. A table that does not say what erases it does not compile.
 *
 * The order of the rows matters: a transaction that deletes from several tables does so in this order, so that two of
 * them wait for each other at the first table they share and never in a circle. New tables go to the end of their group.
 */
import type { Database, Families } from './schema.ts'

/** A table by its name. */
export type TableName = keyof Database

type Column<T extends TableName> = keyof Database[T] & string

/** The family whose file in `schema/` describes a table. */
type FamilyOf<T extends TableName> = {
  [F in keyof Families]: T extends keyof Families[F] ? F : never
}[keyof Families]

/**
 * Where rows lie on Citus. Tables of one group lie on the same node for the same key, and only they may be joined;
 * `own` joins with nothing. `column` decides, and every key of the table contains it. A `reference` table is whole on
 * every node: small, rarely written, of use everywhere. A `local` one is on the coordinator only.
 */
export type Place<C extends string = string> =
  | { group: 'visitor' | 'contact' | 'person' | 'own'; column: C }
  | 'reference'
  | 'local'

/** Nothing happens to the rows, and why that is right. */
type Kept = { kept: string }

/** Code for this table alone sees to it: what it does, and where. */
type Special = { special: string }

/** The rows are derived, and follow from what is left. */
type Derived = 'derived'

/** The rows are notes of work to be done, and go when it is done. */
type WorkedOff = 'worked off'

/** A visitor withdraws the consent to be measured, or is erased with the one contact who used it. */
type OnWithdrawal<T extends TableName> = Database[T] extends { visitor_id: string | null }
  ? // All rows of the visitor are deleted when it is derived next.
    'deleted' | Derived
  : Derived | WorkedOff | Kept | Special

/**
 * A contact is erased. Visitors that were used by nobody else are withdrawn; this says what else goes: on devices that
 * others used too, and of what the shop told of the contact.
 */
type OnErasure<T extends TableName> =
  // On a shared device: rows of the contact's events and claims, which `moments` names by their ids.
  | { moments: Column<T> }
  // Rows whose `contact` is the contact.
  | { contact: Column<T> }
  | { moments: Column<T>; contact: Column<T> }
  | Derived
  | WorkedOff
  | Special
  | (Database[T] extends { contact_id: string | null } ? never : Kept)

/** The retention of a site is over. */
type OnExpiry<T extends TableName> =
  // Rows of events that are too old, which `events` names by their ids.
  | { events: Column<T> }
  // Rows of a visitor of whom no event is left.
  | 'departed'
  // Both.
  | { events: Column<T>; also: 'departed' }
  // Rows of a departed visitor once its proofs of consent have been kept for long enough.
  | 'proof is over'
  | Derived
  | WorkedOff
  | Kept
  | Special

/** What the register says of a table. */
export type TableEntry<T extends TableName> = {
  family: FamilyOf<T>
  distributedBy: Place<Column<T>>
  onWithdrawal: OnWithdrawal<T>
  onErasure: OnErasure<T>
  onExpiry: OnExpiry<T>
  /**
   * Whether a copy of the store has its rows: `last` is after all others, for it says how much of them there is.
   * `exceptPrefix`: but for rows whose key begins so.
   */
  copied: 'yes' | 'last' | 'no' | { exceptPrefix: string }
  /**
   * What a rebuild makes its rows of, or null: they are not derived. `second` is the column that completes the key of a
   * visitor's row; null where a visitor has one row.
   */
  rebuilt: { of: 'visitors'; second: Column<T> | null } | { of: 'persons' } | null
}

const visitor = { group: 'visitor', column: 'visitor_id' } as const
const person = { group: 'person', column: 'person_id' } as const
const contact = { group: 'contact', column: 'contact_id' } as const
const own = <C extends string>(column: C) => ({ group: 'own', column }) as const

const NOBODY = { kept: 'holds nothing about visitors or contacts' } as const
const HASHES = { kept: 'holds keyed hashes and times only, so that who is gone stays gone' } as const
const OF_DEVICE = { kept: 'on a shared device it is about the others too' } as const
const OF_CONTACT = { kept: 'is about a contact, whatever a browser allows' } as const
const OF_CRM = { kept: 'the shop’s CRM decides how long it keeps a contact' } as const

const fact = { distributedBy: visitor, onWithdrawal: 'deleted', copied: 'yes', rebuilt: null } as const
const derived = { onWithdrawal: 'derived', onErasure: 'derived', onExpiry: 'derived', copied: 'yes' } as const
const ofVisitor = { family: 'derived', distributedBy: visitor, ...derived } as const
const ofPerson = { family: 'derived', distributedBy: person, ...derived, rebuilt: { of: 'persons' } } as const
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
  // The notes of a copy are of one side only.
  meta: { family: 'configuration', distributedBy: 'reference', ...kept(NOBODY), copied: { exceptPrefix: 'copy:' } },
  segments: { family: 'configuration', distributedBy: 'reference', ...kept(NOBODY) },
  segment_versions: { family: 'configuration', distributedBy: 'reference', ...kept(NOBODY) },
  revocations: { family: 'configuration', distributedBy: 'reference', ...kept(HASHES) },
  audit: {
    family: 'configuration',
    distributedBy: own('id'),
    ...kept({ kept: 'names operators and counts; of a contact only the keyed hash' }),
  },
  contacts: {
    ...{ family: 'contacts', distributedBy: contact, copied: 'yes', rebuilt: null },
    ...{ onWithdrawal: OF_CONTACT, onErasure: { contact: 'contact_id' }, onExpiry: OF_CRM },
  },
  contact_keys: {
    ...{ family: 'contacts', distributedBy: own('key_hash'), copied: 'yes', rebuilt: null },
    ...{ onWithdrawal: OF_CONTACT, onErasure: { contact: 'contact_id' }, onExpiry: OF_CRM },
  },

  // Facts about visitors, in the order in which landing writes them.
  events: { family: 'visitors', ...fact, onErasure: { moments: 'id' }, onExpiry: { events: 'id' } },
  claims: { family: 'visitors', ...fact, onErasure: { moments: 'id' }, onExpiry: 'departed' },
  token_uses: {
    ...{ family: 'visitors', ...fact, distributedBy: own('token_hash') },
    onErasure: { kept: 'a keyed hash: who used a token first decides what the others’ claims are worth' },
    onExpiry: { special: 'goes once no visitor with events has used the token (`retention`)' },
  },
  claim_keys: {
    ...{ family: 'visitors', ...fact, distributedBy: own('key_hash') },
    onErasure: { special: 'rows of the contact’s identifiers go from shared devices (`shared-device`)' },
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
    onExpiry: { special: 'goes with the proofs of consent, also if the visitor has come back (`retention`)' },
  },
  dead_letters: {
    ...{ family: 'landing', ...fact, distributedBy: 'local' },
    onErasure: { special: 'the contact’s stretches are cut out of a shared device’s letters (`shared-device`)' },
    onExpiry: { special: 'goes when no site keeps events of its age (`retention`)' },
  },

  tombstones: { family: 'erasure', distributedBy: own('hash'), ...kept(HASHES) },
  withdrawals: { family: 'erasure', distributedBy: own('visitor_hash'), ...kept(HASHES) },
  erasures: { family: 'erasure', distributedBy: 'reference', ...kept(HASHES) },
  erased_spans: { family: 'erasure', distributedBy: own('visitor_hash'), ...kept(HASHES) },
  forgotten: { family: 'erasure', distributedBy: 'local', ...kept(NOBODY) },
  cursors: { family: 'landing', distributedBy: 'local', ...kept(NOBODY), copied: 'last' },

  visitors: { ...ofVisitor, rebuilt: { of: 'visitors', second: null } },
  epochs: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'n' } },
  links: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'id' } },
  visitor_persons: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'person_id' } },
  visitor_days: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'day' } },
  carts: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'id' } },
  purchases: { ...ofVisitor, rebuilt: { of: 'visitors', second: 'event_id' } },
  persons: ofPerson,
  segment_members: ofPerson,

  feed_state: {
    ...{ family: 'feed', distributedBy: contact, copied: 'yes', rebuilt: null },
    ...{ onWithdrawal: 'derived', onErasure: 'derived', onExpiry: 'derived' },
  },
  match_changes: {
    ...{ family: 'feed', distributedBy: own('seq'), copied: 'yes', rebuilt: null, onWithdrawal: OF_CONTACT },
    onErasure: { special: 'the contact’s id is blanked; the last change keeps it for 30 days (`erasure-notices`)' },
    onExpiry: { kept: 'readers may follow the feed from its beginning' },
  },
  farewells: {
    ...{ family: 'erasure', distributedBy: contact, copied: 'yes', rebuilt: null, onWithdrawal: OF_CONTACT },
    onErasure: { special: 'written then, and deleted 30 days later (`erasure-notices`)' },
    onExpiry: { kept: 'goes 30 days after the erasure, whatever a site keeps' },
  },

  dirty_visitors: { ...marks, distributedBy: { group: 'visitor', column: 'key' } },
  dirty_persons: { ...marks, distributedBy: { group: 'person', column: 'key' } },
  dirty_contacts: { ...marks, distributedBy: { group: 'contact', column: 'key' } },
  derive_failures: {
    ...{ ...marks, distributedBy: 'local' },
    onErasure: { special: 'the contact’s rows are deleted (`erase`)' },
  },
  segment_judging: { ...marks, distributedBy: 'local' },
  // Of the processes of one store, and not of what it keeps.
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

/** The tables whose entry says `V` in the field `F`. */
type TablesWhere<F extends Field, V> = { [T in TableName]: Register[T][F] extends V ? T : never }[TableName]

/** An entry as it is read: words, or words by name. */
type Rule = string | { readonly [name: string]: string | null }
const RULES: { [T in TableName]: { [F in Field]: F extends 'rebuilt' ? Rule | null : Rule } } = TABLES

/** The tables whose entry has this value in that field, by itself or as one of its parts. */
function tablesWhere<F extends Field, V extends string, P extends object = never>(field: F, value: V) {
  return TABLE_NAMES.filter((name): name is TablesWhere<F, V | P> => {
    const rule: Rule | null = RULES[name][field]
    return rule === value || (rule !== null && typeof rule === 'object' && Object.values(rule).includes(value))
  })
}

/** Tables all of whose rows of a visitor go when it withdraws. */
export const DELETED_WITH_VISITOR = tablesWhere('onWithdrawal', 'deleted')

/** Tables whose rows of a visitor go when no event of it is left. */
export const DELETED_AT_DEPARTURE = tablesWhere<'onExpiry', 'departed', { also: 'departed' }>('onExpiry', 'departed')

/** Tables whose rows of a departed visitor go when its proofs of consent have been kept for long enough. */
export const DELETED_WITH_PROOF = tablesWhere('onExpiry', 'proof is over')

/** A table whose rows are derived of visitors. */
export type VisitorTable = TablesWhere<'rebuilt', { of: 'visitors' }>

/** The tables that hold what is derived of visitors. */
export const VISITOR_TABLES = TABLE_NAMES.filter(
  (name): name is VisitorTable => TABLES[name].rebuilt?.of === 'visitors',
)

/** Everything that a rebuild makes again. */
export const DERIVED_TABLES = TABLE_NAMES.filter(
  (name): name is TablesWhere<'rebuilt', object> => TABLES[name].rebuilt !== null,
)

/** A table and one of its columns. */
export type TableColumn = { table: TableName; column: string }

/** The columns that the entries of a field give under a name, in the order of the register. */
function columnsOf(field: 'onErasure' | 'onExpiry', name: 'moments' | 'contact' | 'events'): TableColumn[] {
  return TABLE_NAMES.flatMap((table) => {
    const rule = RULES[table][field]
    const column = typeof rule === 'string' ? null : rule[name]
    return typeof column === 'string' ? { table, column } : []
  })
}

/** Where rows hold the ids of a visitor's events or claims, which go from a shared device with the contact they were of. */
export const MOMENT_COLUMNS = columnsOf('onErasure', 'moments')

/** Where rows hold the id of the contact that they are about. */
export const CONTACT_COLUMNS = columnsOf('onErasure', 'contact')

/** Where rows hold the id of the event with which they expire. */
export const EXPIRING_COLUMNS = columnsOf('onExpiry', 'events')
