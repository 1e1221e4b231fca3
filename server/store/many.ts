/**
 * Statements about many rows or keys. Building and compiling a query costs more than the engine takes to run it, and a
 * text that the engine has not seen has to be prepared as well. So a list is cut into parts of a few fixed sizes, and
 * for each size a query is compiled once and then run with other values.
 */
import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Database } from './schema.ts'

type Db = Kysely<Database>

/** Sizes of parts, largest first. With the widest table that is far below what an engine takes as parameters. */
const SIZES = [256, 64, 16, 4, 1]

/** Stands for a value while a query is compiled: `of` of the part's item at `index`, or an argument. */
class Slot {
  readonly index: number
  readonly of: string | null
  constructor(index: number, of: string | null) {
    this.index = index
    this.of = of
  }
}

/** The item index of arguments, which are no items. */
const ARGUMENT = -1

type Plan<R> = { compiled: CompiledQuery<R>; slots: unknown[] }

/** Plans by engine (its adapter is one object a store) and by what else the text depends on. */
function createPlans<R>() {
  const byEngine = new WeakMap<object, Map<string, Plan<R>>>()
  return (db: Db, key: string, build: () => Compilable<R>): Plan<R> => {
    const { adapter } = db.getExecutor()
    const plans = byEngine.get(adapter) ?? new Map<string, Plan<R>>()
    byEngine.set(adapter, plans)
    let plan = plans.get(key)
    if (!plan) {
      const compiled = build().compile()
      plan = { compiled, slots: [...compiled.parameters] }
      plans.set(key, plan)
    }
    return plan
  }
}

/**
 * A statement with one `values` row a given row, an upsert for instance. Every row must have the same columns. The rows
 * of one call are cut in order, and what the statements return is joined.
 */
export function ofRows<Row extends object, R>(
  build: (db: Db, rows: Row[]) => Compilable<R>,
): (db: Db, rows: readonly Row[]) => Promise<R[]> {
  const planOf = createPlans<R>()
  return async (db, rows) => {
    const results: R[] = []
    if (rows.length === 0) return results
    const columns = Object.keys(rows[0]!)
    for (let from = 0; from < rows.length; ) {
      const size = SIZES.find((each) => each <= rows.length - from)!
      const plan = planOf(db, `${size} ${columns}`, () => build(db, rowsOfSlots<Row>(size, columns)))
      const parameters = plan.slots.map((slot) =>
        slot instanceof Slot ? rows[from + slot.index]![slot.of as keyof Row] : slot,
      )
      const result = await db.executeQuery<R>({ ...plan.compiled, parameters })
      if (result.rows.length > 0) results.push(...result.rows)
      from += size
    }
    return results
  }
}

function rowsOfSlots<Row>(size: number, columns: string[]): Row[] {
  return Array.from({ length: size }, (_, index) => {
    return Object.fromEntries(columns.map((column) => [column, new Slot(index, column)])) as Row
  })
}

/**
 * A statement with a list of keys in `in (…)`, and further arguments that are values of it. A part that does not fill
 * its size repeats its last key, so the statement must not mind a key that is there twice.
 */
export function ofKeys<Arguments extends (string | number | null)[], R>(
  build: (db: Db, keys: string[], ...rest: Arguments) => Compilable<R>,
): (db: Db, keys: readonly string[], ...rest: Arguments) => Promise<R[]> {
  const planOf = createPlans<R>()
  return async (db, keys, ...rest) => {
    const results: R[] = []
    for (let from = 0; from < keys.length; from += SIZES[0]!) {
      const left = keys.length - from
      const size = SIZES.findLast((each) => each >= left) ?? SIZES[0]!
      const plan = planOf(db, String(size), () => {
        const slots = Array.from({ length: size }, (_, index) => new Slot(index, null))
        const given = rest.map((_, index) => new Slot(ARGUMENT, String(index)))
        return build(db, slots as unknown as string[], ...(given as unknown as Arguments))
      })
      const parameters = plan.slots.map((slot) => {
        if (!(slot instanceof Slot)) return slot
        return slot.index === ARGUMENT ? rest[Number(slot.of)] : keys[Math.min(from + slot.index, keys.length - 1)]
      })
      const result = await db.executeQuery<R>({ ...plan.compiled, parameters })
      if (result.rows.length > 0) results.push(...result.rows)
    }
    return results
  }
}

/** The most parameters that a statement may have, on any engine. */
const MAX_PARAMETERS = 30_000

/** Cuts rows so that each part fits a multi-row `values`. */
export function chunksOf<T extends object>(rows: readonly T[]): T[][] {
  const width = rows[0] ? Object.keys(rows[0]).length : 1
  return chunks(rows, Math.max(1, Math.min(500, Math.floor(MAX_PARAMETERS / width))))
}

/** Cuts a list into parts of at most `size`. */
export function chunks<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < list.length; i += size) parts.push(list.slice(i, i + size))
  return parts
}
