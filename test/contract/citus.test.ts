/**
 * How tables are distributed. Citus itself is not needed: a plain PostgreSQL gets stand-ins for its catalog and
 * functions, which refuse the keys that Citus would refuse and record their calls. If the test server has the
 * extension, the last test uses Citus itself.
 */
import { Client } from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { createPostgresStore } from '../../server/store/engine/postgres.ts'
import { migrate } from '../../server/store/migrate.ts'
import { TABLES } from '../../server/store/tables.ts'
import { ALLOWED } from '../support/citus-allowed.ts'
import { compiled } from '../support/citus-query.ts'
import { createDatabase, dropDatabase } from '../support/store.ts'

const STAND_INS = `
  create schema stand_in;
  create table stand_in.pg_extension (extname text);
  insert into stand_in.pg_extension values ('citus');
  create table stand_in.pg_dist_partition (logicalrelid regclass primary key);
  create table stand_in.calls (n serial, relation text, key text, beside text);
  create function stand_in.create_distributed_table(
    table_name regclass, distribution_column text, distribution_type text default 'hash', colocate_with text default 'default'
  ) returns void language plpgsql as $$
  declare keys int; keys_with_it int;
  begin
    select count(*), count(*) filter (where exists (
      select 1 from pg_attribute a
      where a.attrelid = i.indrelid and a.attname = distribution_column and a.attnum = any (i.indkey)))
    into keys, keys_with_it from pg_index i where i.indrelid = table_name and i.indisunique;
    if keys = 0 or keys <> keys_with_it then
      raise exception 'a key of % does not contain %', table_name, distribution_column;
    end if;
    if colocate_with not in ('none', 'default') and not exists (
      select 1 from stand_in.pg_dist_partition where logicalrelid = colocate_with::regclass) then
      raise exception '% is not distributed', colocate_with;
    end if;
    insert into stand_in.pg_dist_partition values (table_name);
    insert into stand_in.calls (relation, key, beside) values (table_name::text, distribution_column, colocate_with);
  end $$;
  create function stand_in.create_reference_table(table_name regclass) returns void language plpgsql as $$
  begin
    insert into stand_in.pg_dist_partition values (table_name);
    insert into stand_in.calls (relation) values (table_name::text);
  end $$;`

let url: string
afterEach(() => dropDatabase(url))

async function run<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<T>(sql, values.length > 0 ? [...values] : undefined)).rows
  } finally {
    await client.end()
  }
}

async function migrateOnce(): Promise<void> {
  const db = createPostgresStore(url, { connections: 2, name: 'test', statementTimeoutMs: null })
  try {
    await migrate(db)
  } finally {
    await db.destroy()
  }
}

type Call = { relation: string; key: string | null; beside: string | null }
const calls = () => run<Call>('select relation, key, beside from stand_in.calls order by n')

/** A database in which Citus' names resolve to a schema of stand-ins. */
async function withStandIns(): Promise<void> {
  url = await createDatabase()
  await run(STAND_INS)
  const name = new URL(url).pathname.slice(1)
  await run(`alter database ${name} set search_path = public, stand_in, pg_catalog`)
}

describe('with stand-ins for Citus', () => {
  test('every table is distributed once, the first of each group before the tables colocated with it', async () => {
    await withStandIns()
    await migrateOnce()
    const made = await calls()
    const expected = Object.entries(TABLES).filter(([, { distributedBy }]) => distributedBy !== 'local')
    expect(made.map((call) => call.relation).sort()).toEqual(expected.map(([name]) => name).sort())
    for (const { relation, key, beside } of made) {
      const place = TABLES[relation as keyof typeof TABLES].distributedBy
      expect({ relation, key }).toEqual({ relation, key: typeof place === 'string' ? null : place.column })
      const alone =
        typeof place === 'string' || place.group === 'own' || ['events', 'contacts', 'persons'].includes(relation)
      expect({ relation, alone: beside === null || beside === 'none' }).toEqual({ relation, alone })
    }
    await migrateOnce()
    expect(await calls()).toEqual(made)
  })

  test('a table added by a later version is distributed at the next start', async () => {
    await withStandIns()
    await migrateOnce()
    await run("delete from stand_in.pg_dist_partition where logicalrelid = 'links'::regclass; truncate stand_in.calls")
    await migrateOnce()
    expect(await calls()).toEqual([{ relation: 'links', key: 'visitor_id', beside: 'events' }])
  })

  test('servers that start at the same time distribute each table once', async () => {
    await withStandIns()
    await Promise.all([migrateOnce(), migrateOnce(), migrateOnce()])
    const made = (await calls()).map((call) => call.relation)
    expect(made).toHaveLength(new Set(made).size)
    expect(made).toContain('events')
  })
})

test('a real Citus, if the test server has one, has every table in its place and accepts the allowed query shapes', async () => {
  url = await createDatabase()
  await migrateOnce()
  const there = (await run("select 1 from pg_extension where extname = 'citus'")).length > 0
  if (!there) {
    expect(await run("select 1 from pg_class where relname = 'pg_dist_partition'")).toEqual([])
    return
  }
  const rows = await run<{ name: string; type: string; key: string }>(
    'select table_name::text as name, citus_table_type as type, distribution_column as key from citus_tables',
  )
  const places = rows.map(({ name, type, key }) => [name, type === 'reference' ? 'reference' : key])
  const expected = Object.entries(TABLES)
    .map(([name, { distributedBy }]) => [name, distributedBy] as const)
    .filter(([, place]) => place !== 'local')
    .map(([name, place]) => [name, typeof place === 'string' ? place : place.column])
  expect(Object.fromEntries(places)).toEqual(Object.fromEntries(expected))
  for (const [what, query] of ALLOWED) {
    const { sql, parameters } = compiled(query)
    expect([what, await run(sql, parameters).then(() => 'taken', String)]).toEqual([what, 'taken'])
  }
})
