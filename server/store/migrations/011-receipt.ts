/**
 * Uses of tokens are ordered by receipt, and namings of contacts are counted by kind of claim and by network. Both are
 * made again of the claims that there are; a use whose visitor has departed keeps the time that it had. What was
 * derived by the earlier order is made again by a rebuild, which is asked for here and runs beside the server.
 */
import { type Kysely, sql } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema.alterTable('claims').addColumn('network', text).execute()
  await db.schema.alterTable('token_uses').renameColumn('at', 'received_at').execute()
  await sql`
    insert into token_uses (token_hash, visitor_id, received_at)
    select token_hash, visitor_id, min(received_at) from claims where token_hash is not null
    group by token_hash, visitor_id
    on conflict (token_hash, visitor_id) do update set received_at = excluded.received_at`.execute(db)
  await db.schema.dropTable('claim_keys').execute()
  await db.schema
    .createTable('claim_keys')
    .addColumn('key_hash', text, (column) => column.notNull())
    .addColumn('visitor_id', text, (column) => column.notNull())
    .addColumn('evidence', text, (column) => column.notNull())
    .addColumn('received_at', 'bigint', (column) => column.notNull())
    .addColumn('network', text)
    .addPrimaryKeyConstraint('claim_keys_pk', ['key_hash', 'visitor_id', 'evidence'])
    .execute()
  await sql`
    insert into claim_keys (key_hash, visitor_id, evidence, received_at)
    select key_hash, visitor_id, evidence, min(received_at) from claims
    group by key_hash, visitor_id, evidence`.execute(db)
  await leaveOutVoided(db)
  await db.schema.createIndex('claim_keys_by_visitor').on('claim_keys').columns(['visitor_id']).execute()
  await db.schema
    .createIndex('claim_keys_by_receipt')
    .on('claim_keys')
    .columns(['key_hash', 'evidence', 'received_at', 'visitor_id'])
    .execute()
  await db.schema
    .createIndex('token_uses_by_receipt')
    .on('token_uses')
    .columns(['token_hash', 'received_at', 'visitor_id'])
    .execute()
  await askForRebuild(db)
}

type Act = { visitor_id: string; claim_id: string; act: string }
type Claim = { id: string; key_hash: string; evidence: string; token_hash: string | null; received_at: number }

/** Claims that operators voided count neither as a use nor as a naming. They are few. */
async function leaveOutVoided(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<Act>`select visitor_id, claim_id, act from link_acts order by at`.execute(db)
  const last = new Map(rows.map((row) => [`${row.visitor_id} ${row.claim_id}`, row]))
  const voided = Map.groupBy(
    [...last.values()].filter((row) => row.act === 'void'),
    (row) => row.visitor_id,
  )
  for (const [visitor_id, acts] of voided) {
    const own = await sql<Claim>`select * from claims where visitor_id = ${visitor_id}`.execute(db)
    const ids = new Set(acts.map((row) => row.claim_id))
    await leaveOut(
      db,
      visitor_id,
      own.rows.filter((row) => ids.has(row.id)),
      own.rows.filter((row) => !ids.has(row.id)),
    )
  }
}

async function leaveOut(db: Kysely<unknown>, visitor_id: string, voided: Claim[], left: Claim[]): Promise<void> {
  for (const { key_hash, evidence, token_hash } of voided) {
    const least = (of: typeof left) => Math.min(...of.map((row) => Number(row.received_at)))
    const named = left.filter((row) => row.key_hash === key_hash && row.evidence === evidence)
    await (named.length === 0
      ? sql`delete from claim_keys where key_hash = ${key_hash} and visitor_id = ${visitor_id} and evidence = ${evidence}`
      : sql`update claim_keys set received_at = ${least(named)} where key_hash = ${key_hash} and visitor_id = ${visitor_id} and evidence = ${evidence}`
    ).execute(db)
    if (token_hash === null) continue
    const used = left.filter((row) => row.token_hash === token_hash)
    await (used.length === 0
      ? sql`delete from token_uses where token_hash = ${token_hash} and visitor_id = ${visitor_id}`
      : sql`update token_uses set received_at = ${least(used)} where token_hash = ${token_hash} and visitor_id = ${visitor_id}`
    ).execute(db)
  }
}

async function askForRebuild(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ total: unknown }>`select count(*) as total from visitors`.execute(db)
  const total = Number(rows[0]!.total)
  if (total === 0) return
  const value = JSON.stringify({ phase: 'visitors', after: '', visitors: 0, total })
  // One that an earlier migration asked for does all of it.
  await sql`
    insert into meta (name, value) values ('rebuilding', ${value}) on conflict (name) do nothing`.execute(db)
}
