/** The definitions of segments: reading them. */
import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import type { SegmentNode } from './nodes/node.ts'

/** A saved definition. */
export type SegmentDefinition = { id: string; name: string; node: SegmentNode }

/** All definitions. */
export async function listSegments(db: Kysely<Database>): Promise<SegmentDefinition[]> {
  const rows = await db.selectFrom('segments').selectAll().orderBy('id').execute()
  return rows.map((row) => ({ id: row.id, name: row.name, node: JSON.parse(row.node) as SegmentNode }))
}

/** One definition, or null. */
export async function findSegment(db: Kysely<Database>, id: string): Promise<SegmentDefinition | null> {
  const row = await db.selectFrom('segments').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? { id: row.id, name: row.name, node: JSON.parse(row.node) as SegmentNode } : null
}
