/** The segments that every installation has from its first start. */
import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import type { SegmentDefinition } from './definitions.ts'

/** The presets that ship. */
export const PRESETS: SegmentDefinition[] = [
  {
    id: 'cart_abandoned',
    name: 'Cart abandoned',
    node: { cart: { state: 'abandoned', idle: { max: '7d' } } },
  },
]

/** Adds the presets that are not there yet. */
export async function seedPresets(db: Kysely<Database>, now: number): Promise<void> {
  await db
    .insertInto('segments')
    .values(
      PRESETS.map((preset) => ({
        id: preset.id,
        name: preset.name,
        node: JSON.stringify(preset.node),
        version: 1,
        updated_at: now,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
