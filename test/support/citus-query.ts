/** Queries compiled for PostgreSQL but never run, for testing the check of query shapes. */
import { type Compilable, DummyDriver, Kysely, PostgresAdapter, PostgresQueryCompiler } from 'kysely'
import type { Database } from '../../server/store/schema.ts'

/** A store without a connection. */
export const db = new Kysely<Database>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: () => {
      throw new Error('nothing is looked up here')
    },
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** A query, built or raw. */
export type Query = Compilable | { compile(db: Kysely<Database>): ReturnType<Compilable['compile']> }
/** A query's nodes, and the SQL and values that they become on PostgreSQL. */
export const compiled = (query: Query) =>
  (query as { compile(on: unknown): ReturnType<Compilable['compile']> }).compile(db)
/** A mark as it is written. */
export const mark = { key: 'v', bucket: 1, generation: 1 }
