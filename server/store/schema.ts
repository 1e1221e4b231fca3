/**
 * All tables, for every engine, by family. Facts are what was reported, and no rule changes them; derived tables can be
 * recomputed from them; feed tables record what was published and are never recomputed. The register (`tables`) says
 * how each table is distributed and what deletes its rows.
 *
 * Each primary key contains the table's distribution column. Times are integer milliseconds, flags are 0 or 1, money is
 * in minor units, JSON is text: the same on SQLite and PostgreSQL. The key columns come first in each type.
 */
import type { BehaviourTables } from './schema/behaviour.ts'
import type { ConfigurationTables } from './schema/configuration.ts'
import type { ContactsTables } from './schema/contacts.ts'
import type { DerivedTables } from './schema/derived.ts'
import type { ErasureTables } from './schema/erasure.ts'
import type { FeedTables } from './schema/feed.ts'
import type { LandingTables } from './schema/landing.ts'
import type { QualityTables } from './schema/quality.ts'
import type { VisitorsTables } from './schema/visitors.ts'
import type { WorkTables } from './schema/work.ts'

/** The tables of each family: the file in `schema/` that describes them. */
export type Families = {
  configuration: ConfigurationTables
  contacts: ContactsTables
  visitors: VisitorsTables
  erasure: ErasureTables
  landing: LandingTables
  quality: QualityTables
  derived: DerivedTables
  behaviour: BehaviourTables
  feed: FeedTables
  work: WorkTables
}

/** The rows of all tables by name. */
export type Database = Families['configuration'] &
  Families['contacts'] &
  Families['visitors'] &
  Families['erasure'] &
  Families['landing'] &
  Families['quality'] &
  Families['derived'] &
  Families['behaviour'] &
  Families['feed'] &
  Families['work']
