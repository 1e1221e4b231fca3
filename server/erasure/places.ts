/**
 * Where visitors are named in the journal, so that a withdrawal reads the rows that name its visitor and not all of them:
 * anybody can withdraw, and a journal holds a day.
 *
 * It follows landing and lives in memory: for each visitor of a row the row's number and 32 bits of the visitor's keyed
 * hash, 12 bytes in all. Two visitors with the same bits only make a row be read for nothing. After a start it reads what
 * the journal held before, some rows at a time.
 */

/** The part of the journal that is used: rows after an id, with about `maxEvents` events. */
type Rows = { read(after: number, maxEvents: number): { id: number; body: string }[] }

/** The places of visitors in the journal. */
export type Places = {
  /** Reads on, at most to row `landed`. Returns whether there is more to read. */
  follow(landed: number, oldest: number): boolean
  /** The last row that was read. */
  position(): number
  /** The rows that may name visitors with these keyed hashes, in order. */
  rowsOf(hashes: Iterable<string>): number[]
}

/** Events that are read at once, which takes some ten milliseconds. */
const EVENTS = 2000

/** Places in one block. A block goes when the journal has removed all its rows. */
const BLOCK = 65_536

const VISITOR = /"visitor":"([^"\\]{1,128})"/g

type Block = { rows: Float64Array; marks: Uint32Array; length: number }

/** Creates the places. `tombstone` is the keyed hash of a visitor. */
export function createPlaces(journal: Rows, tombstone: (visitorId: string) => string): Places {
  let position = 0
  let blocks: Block[] = []

  const add = (row: number, mark: number) => {
    let block = blocks.at(-1)
    if (block === undefined || block.length === BLOCK) {
      block = { rows: new Float64Array(BLOCK), marks: new Uint32Array(BLOCK), length: 0 }
      blocks.push(block)
    }
    block.rows[block.length] = row
    block.marks[block.length] = mark
    block.length++
  }

  return {
    position: () => position,
    follow(landed, oldest) {
      blocks = blocks.filter(({ rows, length }) => length < BLOCK || (rows[length - 1] ?? 0) >= oldest)
      if (position >= landed) return false
      const rows = journal.read(position, EVENTS).filter(({ id }) => id <= landed)
      for (const { id, body } of rows) {
        const visitors = new Set<string>()
        for (const [, visitor = ''] of body.matchAll(VISITOR)) visitors.add(visitor)
        for (const visitor of visitors) add(id, markOf(tombstone(visitor)))
      }
      position = rows.at(-1)?.id ?? landed
      return position < landed
    },
    rowsOf(hashes) {
      const wanted = new Set([...hashes].map(markOf))
      const found = new Set<number>()
      for (const { rows, marks, length } of blocks) {
        for (let i = 0; i < length; i++) if (wanted.has(marks[i] ?? 0)) found.add(rows[i] ?? 0)
      }
      return [...found].sort((a, b) => a - b)
    },
  }
}

function markOf(hash: string): number {
  return Buffer.from(hash.slice(0, 8), 'base64url').readUInt32LE(0)
}
