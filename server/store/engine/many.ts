/**
 * Statements about many rows or keys. Building and compiling a query takes longer than running it, and the engine has to
 * prepare each SQL text it has not seen before. So a list is split into chunks of a few fixed sizes, and for each size a
 * query is compiled once and then run with different values.
 */
import { type Compilable, type CompiledQuery, expressionBuilder, type Kysely } from 'kysely'
import type { Database } from '../schema.ts'

type Db = Kysely<Database>

/** Chunk sizes, largest first. Even with the widest table they stay far below an engine's parameter limit. */
const LARGEST = 256
const SIZES = [LARGEST, 64, 16, 4, 1]

/** A placeholder for the value with this number while a query is compiled. */
class Slot {
  readonly number: number
  constructor(number: number) {
    this.number = number
  }
}

/**
 * A compiled query. `numbers[i]` is the number of the value for parameter `i`, or -1 if that parameter is constant; null
 * means that parameter `i` takes value `i`.
 */
type Plan<R> = { compiled: CompiledQuery<R>; numbers: number[] | null }

/** Caches plans by engine (each store has its own adapter object) and by whatever else the SQL text depends on. */
function createPlans<R>() {
  const byEngine = new WeakMap<object, Map<string, Plan<R>>>()
  return (db: Db, key: string, build: () => Compilable<R>): Plan<R> => {
    const { adapter } = db.getExecutor()
    const plans = byEngine.get(adapter) ?? new Map<string, Plan<R>>()
    byEngine.set(adapter, plans)
    let plan = plans.get(key)
    if (!plan) {
      const compiled = build().compile()
      const numbers = compiled.parameters.map((value) => (value instanceof Slot ? value.number : -1))
      plan = { compiled, numbers: numbers.every((number, i) => number === i) ? null : numbers }
      plans.set(key, plan)
    }
    return plan
  }
}

/**
 * A statement with one `values` row per given row, such as an upsert. All rows must have the same columns. The rows of a
 * call are split in order, and the results of the statements are concatenated.
 */
export function ofRows<Row extends object, R>(
  build: (db: Db, rows: Row[]) => Compilable<R>,
): (db: Db, rows: readonly Row[]) => Promise<R[]> {
  const planOf = createPlans<R>()
  return async (db, rows) => {
    const results: R[] = []
    const [first] = rows
    if (first === undefined) return results
    const columns = Object.keys(first)
    for (let from = 0; from < rows.length; ) {
      const size = SIZES.find((each) => each <= rows.length - from) ?? 1
      const plan = planOf(db, `${size} ${columns}`, () => build(db, rowsOfSlots<Row>(size, columns)))
      const values: unknown[] = []
      for (const row of rows.slice(from, from + size)) {
        for (const column of columns) values.push(row[column as keyof Row])
      }
      for (const row of await run(db, plan, values)) results.push(row)
      from += size
    }
    return results
  }
}

function rowsOfSlots<Row>(size: number, columns: string[]): Row[] {
  const slot = (row: number, column: number) => new Slot(row * columns.length + column)
  return Array.from({ length: size }, (_, row) => {
    return Object.fromEntries(columns.map((name, column) => [name, slot(row, column)])) as Row
  })
}

async function run<R>(db: Db, { compiled, numbers }: Plan<R>, values: unknown[]): Promise<R[]> {
  const parameters =
    numbers === null ? values : numbers.map((number, i) => (number < 0 ? compiled.parameters[i] : values[number]))
  return (await db.executeQuery<R>({ ...compiled, parameters })).rows
}

/**
 * A statement with a list of keys in `in (…)`, and further arguments as values. A chunk that does not fill its size
 * repeats its last key, so the statement must tolerate duplicate keys.
 */
export function ofKeys<Arguments extends (string | number | null)[], R, Key extends string>(
  build: (db: Db, keys: Key[], ...rest: Arguments) => Compilable<R>,
): (db: Db, keys: readonly Key[], ...rest: Arguments) => Promise<R[]> {
  const planOf = createPlans<R>()
  return async (db, keys, ...rest) => {
    const results: R[] = []
    for (let from = 0; from < keys.length; from += LARGEST) {
      const left = keys.length - from
      const size = SIZES.findLast((each) => each >= left) ?? LARGEST
      const plan = planOf(db, String(size), () => {
        const slots = Array.from({ length: size }, (_, number) => new Slot(number))
        const given = rest.map((_, i) => new Slot(size + i))
        return build(db, slots as unknown as Key[], ...(given as unknown as Arguments))
      })
      const values: unknown[] = keys.slice(from, from + size)
      while (values.length < size) values.push(keys.at(-1))
      values.push(...rest)
      for (const row of await run(db, plan, values)) results.push(row)
    }
    return results
  }
}

/** What an upsert sets: all columns of its rows but these, to the new values. */
export function allBut(rows: readonly object[], ...columns: string[]) {
  const { ref } = expressionBuilder<Database, never>()
  const set = Object.keys(rows[0] ?? {}).filter((column) => !columns.includes(column))
  return Object.fromEntries(set.map((column) => [column, ref(`excluded.${column}` as never)]))
}

/** The maximum number of parameters of a statement on any engine. */
const MAX_PARAMETERS = 30_000

/** Splits rows into chunks that fit a multi-row `values`. */
export function chunksOf<T extends object>(rows: readonly T[]): T[][] {
  const width = rows[0] ? Object.keys(rows[0]).length : 1
  return chunks(rows, Math.max(1, Math.min(500, Math.floor(MAX_PARAMETERS / width))))
}

/** Splits a list into chunks of at most `size`. */
export function chunks<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < list.length; i += size) parts.push(list.slice(i, i + size))
  return parts
}

/** Sorts rows by the two columns of their key, so that concurrent writers lock them in the same order. */
export function inKeyOrder<T, K extends keyof T>(rows: T[], first: K, second: K): T[] {
  const groups = Map.groupBy(rows, (row) => row[first])
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, own]) => own.sort((a, b) => (a[second] < b[second] ? -1 : a[second] > b[second] ? 1 : 0)))
}
