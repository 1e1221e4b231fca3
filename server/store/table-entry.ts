/** What the register of tables says of each table (`tables`). A table that does not say what erases its rows does not compile. */
import type { Database, Families } from './schema.ts'

/** A table by its name. */
export type TableName = keyof Database

type Column<T extends TableName> = keyof Database[T] & string

/** The family whose file in `schema/` describes a table. */
type FamilyOf<T extends TableName> = {
  [F in keyof Families]: T extends keyof Families[F] ? F : never
}[keyof Families]

/**
 * Where rows are stored on Citus. Tables of one group keep the same key on the same node, and only they may be joined;
 * `own` joins with nothing. Rows are distributed by `column`, which is part of every key of the table. A `reference` table
 * is complete on every node: small, rarely written and used everywhere. A `local` one is on the coordinator only.
 */
export type Place<C extends string = string> =
  | { group: 'visitor' | 'contact' | 'person' | 'own'; column: C }
  | 'reference'
  | 'local'

/** The rows stay; the text says why that is right. */
export type Kept = { kept: string }

/** Code specific to this table handles it; the text says what it does, and where. */
type Special = { special: string }

/** The rows are derived again from the remaining facts. */
type Derived = 'derived'

/** The rows are pending work, and are deleted when it is done. */
type WorkedOff = 'worked off'

/** What happens when a visitor withdraws consent to analytics, or is erased with the only contact that used it. */
type OnWithdrawal<T extends TableName> = Database[T] extends { visitor_id: string | null }
  ? // All rows of the visitor are deleted when it is next derived.
    'deleted' | Derived
  : Derived | WorkedOff | Kept | Special

/**
 * What happens when a contact is erased. Visitors that nobody else used are withdrawn; this covers everything else: devices
 * that others used too, and the shop's own data about the contact.
 */
type OnErasure<T extends TableName> =
  // On a shared device: rows whose `moments` column holds the id of one of the contact's events or claims.
  | { moments: Column<T> }
  // Rows whose `contact` column holds the contact's id.
  | { contact: Column<T> }
  | { moments: Column<T>; contact: Column<T> }
  | Derived
  | WorkedOff
  | Special
  | (Database[T] extends { contact_id: string | null } ? never : Kept)

/** What happens when a site's retention ends. */
type OnExpiry<T extends TableName> =
  // Rows whose `events` column holds the id of an expired event.
  | { events: Column<T> }
  // Rows of a visitor that has no events left.
  | 'departed'
  // Both.
  | { events: Column<T>; also: 'departed' }
  // Rows of a departed visitor once its proofs of consent have been kept for long enough.
  | 'proof is over'
  | Derived
  | WorkedOff
  | Kept
  | Special

/** A table's entry in the register. */
export type TableEntry<T extends TableName> = {
  family: FamilyOf<T>
  distributedBy: Place<Column<T>>
  onWithdrawal: OnWithdrawal<T>
  onErasure: OnErasure<T>
  onExpiry: OnExpiry<T>
  /**
   * Whether a copy of the store includes its rows: `last` means after all others, because it records how far they go;
   * `exceptPrefix` excludes rows whose key begins with it.
   */
  copied: 'yes' | 'last' | 'no' | { exceptPrefix: string }
  /**
   * What a rebuild derives its rows from; null if they are not derived. `second` is the column that completes the key of a
   * visitor's row; null if a visitor has one row. Rows of the parts of visitors begin with the person and the visitor, and
   * `key` lists the columns that complete their key.
   */
  rebuilt:
    | { of: 'visitors'; second: Column<T> | null }
    | { of: 'parts of visitors'; key: readonly Column<T>[] }
    | { of: 'persons' }
    | null
}
