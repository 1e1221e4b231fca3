/** Explains why a person is or is not a member: evaluates a condition part by part, with the values that each part reads. */
import type { Kysely } from 'kysely'
import type { PersonRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { judge, verdictQuery } from './compile.ts'
import { readNode } from './grammar.ts'
import type { SegmentNode } from './nodes/node.ts'

/** The result of one part of a condition for a person. Times are in milliseconds; `since` is null unless the part holds. */
export type Explained = {
  /** The path in the definition, such as `all[0].cart`. */
  path: string
  holds: boolean
  since: number | null
  /** When it may next change without a new event. */
  changesAt: number | null
  /** The person's columns that it reads, with their current values. */
  values: Partial<PersonRow>
  parts: Explained[]
}

/** Evaluates each part of a segment's condition for one person at `now`. */
export function explain(db: Kysely<Database>, node: SegmentNode, person: PersonRow, now: number): Promise<Explained> {
  const explainNode = async (each: SegmentNode, prefix: string): Promise<Explained> => {
    const [verdict] = await judge(db, each, now, [person.person_id])
    const path = `${prefix}${Object.keys(each)[0]}`
    const parts: Explained[] = []
    const children = readNode(each, (kind, value) => kind.children?.(value) ?? [])
    for (const [i, child] of children.entries()) parts.push(await explainNode(child, `${path}[${i}].`))
    const member = verdict?.member ? verdict : null
    return {
      path,
      holds: member !== null,
      since: member?.enteredAt ?? null,
      changesAt: verdict?.edge ?? null,
      values: parts.length > 0 ? {} : columnsOf(db, each, person, now),
      parts,
    }
  }
  return explainNode(node, '')
}

/** The columns of the person that the compiled condition names. */
function columnsOf(db: Kysely<Database>, node: SegmentNode, person: PersonRow, now: number): Partial<PersonRow> {
  const { sql } = verdictQuery(db, node, now, [person.person_id]).compile()
  const named = new Set([...sql.matchAll(/"(\w+)"/g)].flatMap(([, name]) => name ?? []))
  return Object.fromEntries(Object.entries(person).filter(([name]) => name !== 'person_id' && named.has(name)))
}
