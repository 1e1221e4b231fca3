/**
 * A log of who enters and leaves segments, and the changes that are not in it yet. Those who are members now begin it, so
 * that it adds up to the members.
 */
import { type CreateTableBuilder, type Kysely, sql } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  const create = (name: string, texts: string[], numbers: string[]) => {
    let table = db.schema.createTable(name) as CreateTableBuilder<string, string>
    for (const column of texts) table = table.addColumn(column, text, (each) => each.notNull())
    for (const column of numbers) table = table.addColumn(column, 'bigint', (each) => each.notNull())
    return table
  }
  await create('pending_memberships', ['person_id', 'segment_id', 'change', 'reason'], ['n', 'at', 'entered_at'])
    .addPrimaryKeyConstraint('pending_memberships_pk', ['person_id', 'n'])
    .execute()
  await create(
    'segment_changes',
    ['id', 'segment_id', 'person_id', 'change', 'reason'],
    ['seq', 'at', 'entered_at', 'published_at'],
  )
    .addColumn('visitor', text)
    .addColumn('sealed', text)
    .addColumn('entry_seq', 'bigint')
    .addPrimaryKeyConstraint('segment_changes_pk', ['seq'])
    .execute()
  const index = (name: string, columns: string[]) =>
    db.schema.createIndex(`segment_changes_${name}`).on('segment_changes').columns(columns).execute()
  await index('by_segment', ['segment_id', 'seq'])
  await index('by_person', ['person_id'])
  await index('by_visitor', ['visitor'])
  await index('by_time', ['change', 'published_at'])
  await db.schema
    .createIndex('segment_changes_sealed')
    .on('segment_changes')
    .column('sealed')
    .where('sealed', 'is not', null)
    .execute()
  await sql`
    insert into pending_memberships (person_id, n, segment_id, change, reason, at, entered_at)
    select person_id, row_number() over (partition by person_id order by segment_id), segment_id, 'entered', reason,
      entered_at, entered_at
    from segment_members`.execute(db)
}
