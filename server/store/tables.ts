/** Lists of tables that several parts go by. */
import type { Database } from './schema.ts'

/** What is derived of visitors. */
export const VISITOR_TABLES = [
  'visitors',
  'epochs',
  'links',
  'visitor_persons',
  'visitor_days',
  'carts',
  'purchases',
] as const satisfies (keyof Database)[]

/** Everything that a rebuild makes again. */
export const DERIVED_TABLES = [...VISITOR_TABLES, 'persons', 'segment_members'] as const satisfies (keyof Database)[]
