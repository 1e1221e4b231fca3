/**
 * The presets: segments that ship with a release. Each start adds new presets and updates changed ones, unless the shop has
 * edited them. A preset that the shop deleted stays deleted, and one that no longer ships stays until the shop deletes it,
 * because it may be in use.
 */
import type { Kysely } from 'kysely'
import { transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'
import { lockName } from '../store/work/locks.ts'
import { listSegments, listVersions, save } from './definitions.ts'
import { PRESETS } from './preset-definitions.ts'

/** The actor of changes that a release makes. */
const RELEASE = 'preset'

/** Updates an installation's presets to this release. Safe to run from several processes. */
export async function updatePresets(db: Kysely<Database>, now: number): Promise<void> {
  if ((await outdated(db)).length === 0) return
  await transact(db, async (trx) => {
    await lockName(trx, 'segments')
    for (const { preset, before } of await outdated(trx)) {
      const { version: presetVersion, ...definition } = preset
      const next = { ...definition, origin: 'preset' as const, presetVersion, editedAt: null }
      await save(trx, before, next, { actor: RELEASE, at: now })
    }
  })
}

/** The presets that an installation lacks or has in an older version, each with its current definition. */
async function outdated(db: Kysely<Database>) {
  const segments = new Map((await listSegments(db)).map((segment) => [segment.id, segment]))
  const found = []
  for (const preset of PRESETS) {
    const before = segments.get(preset.id) ?? null
    // A preset that was installed before and is missing was deleted by the shop.
    const wanted =
      before === null
        ? !(await listVersions(db, preset.id)).some(({ actor }) => actor === RELEASE)
        : before.origin === 'preset' && before.editedAt === null && (before.presetVersion ?? 0) < preset.version
    if (wanted) found.push({ preset, before })
  }
  return found
}
