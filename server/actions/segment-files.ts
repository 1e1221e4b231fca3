/**
 * Definitions of segments as files in a repository: reads them, says how they differ from what an installation has, and
 * applies them together or not at all. Applying the same files again changes nothing; segments that no file names stay.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Kysely, Transaction } from 'kysely'
import { firstProblem } from '../domain/problem.ts'
import { type Difference, diffOf } from '../segments/definition-diff.ts'
import { segmentFile } from '../segments/definition-schema.ts'
import {
  type By,
  changeSegment,
  createSegment,
  listSegments,
  MAX_SEGMENTS,
  type Segment,
  type SegmentDefinition,
} from '../segments/definitions.ts'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'

/** A definition and where it was read, as messages name it. */
export type FiledDefinition = { place: string; definition: SegmentDefinition }

/** What applying a definition does. */
export type Planned = FiledDefinition & { action: 'add' | 'change' | 'none'; differences: Difference[] }

/** Far more than the definitions of one file need. */
const MAX_BYTES = 4_000_000

const fileSchema = segmentFile()

/**
 * Reads definitions from a JSON file, which holds one or a list, or from all JSON files of a folder and those below it.
 * Throws an error that names the file and the path of what is wrong.
 */
export function readDefinitions(path: string): FiledDefinition[] {
  const found = filesOf(path).flatMap(readFile)
  if (found.length === 0) throw new Error(`there is no definition in ${path}`)
  const places = new Map<string, string>()
  for (const { place, definition } of found) {
    const other = places.get(definition.id)
    if (other !== undefined) throw new Error(`${place}: "${definition.id}" is defined in ${other} already`)
    places.set(definition.id, place)
  }
  return found
}

function filesOf(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw new Error(`there is no file or folder ${path}`)
  if (!stats.isDirectory()) return [path]
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.isDirectory()) return filesOf(join(path, entry.name))
      return entry.name.endsWith('.json') ? [join(path, entry.name)] : []
    })
}

function readFile(file: string): FiledDefinition[] {
  if (statSync(file).size > MAX_BYTES) throw new Error(`${file} must have at most ${MAX_BYTES / 1e6} MB`)
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new Error(`${file} must be JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const given = Array.isArray(json) ? json : [json]
  return given.map((each: unknown, i) => {
    const place = Array.isArray(json) ? `${file}[${i}]` : file
    const checked = fileSchema.safeParse(each)
    if (!checked.success) throw new Error(`${place}: ${firstProblem(checked.error)}`)
    return { place, definition: { ...checked.data, currency: checked.data.currency ?? null } }
  })
}

/** Says what applying definitions would do, in their order. */
export async function planDefinitions(db: Kysely<Database>, given: FiledDefinition[]): Promise<Planned[]> {
  const segments = new Map((await listSegments(db)).map((segment) => [segment.id, segment]))
  return given.map((filed) => {
    const { id, ...wanted } = filed.definition
    const before = segments.get(id)
    if (before === undefined) return { ...filed, action: 'add', differences: diffOf({}, wanted) }
    const differences = diffOf({ name: before.name, node: before.node, currency: before.currency ?? null }, wanted)
    return { ...filed, action: differences.length === 0 ? 'none' : 'change', differences }
  })
}

/**
 * Applies definitions, each after those that it names, all or none. Throws an error that says which one is refused and why.
 * Returns what was done: an installation may have changed since it was planned.
 */
export async function applyDefinitions(
  db: Kysely<Database>,
  given: FiledDefinition[],
  by: By & { newId: () => string },
): Promise<Planned[]> {
  return transact(db, async (trx) => {
    const planned = await planDefinitions(trx, given)
    let open = planned.filter(({ action }) => action !== 'none')
    while (open.length > 0) {
      const refused: { each: Planned; why: string }[] = []
      for (const each of open) {
        const why = await applyOne(trx, each, by)
        if (why !== null) refused.push({ each, why })
      }
      const [first] = refused
      // What names a segment that is not there yet is tried again after it.
      if (first && refused.length === open.length) throw new Error(`${first.each.place}: ${first.why}`)
      open = refused.map(({ each }) => each)
    }
    return planned
  })
}

/** Applies one definition. Returns why it is refused, or null. */
async function applyOne(
  trx: Transaction<Database>,
  { action, definition }: Planned,
  { newId, ...by }: By & { newId: () => string },
): Promise<string | null> {
  const written = action === 'add' ? await createSegment(trx, definition, by) : await changeSegment(trx, definition, by)
  if (written === null || written === 'exists') throw new Error(`"${definition.id}" was changed meanwhile: apply again`)
  if (written === 'too_many') return `there may be at most ${MAX_SEGMENTS} segments`
  if ('refused' in written) return written.refused
  const detail = { segment: definition.id }
  await writeAudit(trx, { id: newId(), ...by, action: action === 'add' ? 'segment.create' : 'segment.update', detail })
  return null
}

/** A segment as its file would hold it. */
export function fileOf({ id, name, node, currency }: Segment): SegmentDefinition {
  return { id, name, node, ...(currency ? { currency } : {}) }
}
