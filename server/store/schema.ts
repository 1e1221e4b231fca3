/**
 * All tables, for every engine, by family. Facts are what was told and are never changed by a rule; derived tables can
 * be made again from them; told tables record what readers were told and are never made again. What fills, spreads and
 * empties each is in the register (`tables`).
 *
 * Each primary key contains the column that the table is distributed by. Times are integer milliseconds, flags are 0
 * or 1, money is minor units, JSON is text: the same on SQLite and PostgreSQL. The key parts come first in each type.
 */
import type { ConfigurationTables } from './schema/configuration.ts'
import type { ContactsTables } from './schema/contacts.ts'
import type { DerivedTables } from './schema/derived.ts'
import type { ErasureTables } from './schema/erasure.ts'
import type { FeedTables } from './schema/feed.ts'
import type { LandingTables } from './schema/landing.ts'
import type { VisitorsTables } from './schema/visitors.ts'
import type { WorkTables } from './schema/work.ts'

/** The tables of each family: the file in `schema/` that describes them. */
export type Families = {
  configuration: ConfigurationTables
  contacts: ContactsTables
  visitors: VisitorsTables
  erasure: ErasureTables
  landing: LandingTables
  derived: DerivedTables
  feed: FeedTables
  work: WorkTables
}

/** The rows of all tables by name. */
export type Database = Families['configuration'] &
  Families['contacts'] &
  Families['visitors'] &
  Families['erasure'] &
  Families['landing'] &
  Families['derived'] &
  Families['feed'] &
  Families['work']
