/**
 * The parameters of scores as they were published: the bounds of recency, frequency and money, and the fit of the model of
 * churn. A version is never changed, so a score of the past can be computed again.
 */
import type { Kysely, Transaction } from 'kysely'
import type { NoFit } from '../domain/scores/churn-fit.ts'
import type { ScoreVersion } from '../domain/scores/person-scores.ts'
import { isNumber, isObjectOf, readMeta, readMetaJson, writeMeta } from './meta.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { ScoreVersionRow } from './schema/configuration.ts'
import type { Database } from './schema.ts'

/** A version as it was published, and what the fit lacked. */
export type PublishedVersion = ScoreVersion & { lack: NoFit | null }

function versionOf(row: ScoreVersionRow): PublishedVersion {
  return {
    ...{ version: row.version, at: row.at, zone: row.zone, currency: row.currency, windowDays: row.window_days },
    ...{ money: row.money, lack: row.lack },
    bounds: row.bounds && decodeJson(row.bounds),
    fit: row.fit && decodeJson(row.fit),
  }
}

/** All versions, oldest first. */
export async function listScoreVersions(db: Kysely<Database>): Promise<PublishedVersion[]> {
  return (await db.selectFrom('score_versions').selectAll().orderBy('version').execute()).map(versionOf)
}

/** Which version is the newest; null if there is none. */
export async function newestVersion(db: Kysely<Database>): Promise<Pick<ScoreVersion, 'version' | 'at'> | null> {
  const newest = db.selectFrom('score_versions').select(['version', 'at']).orderBy('version', 'desc').limit(1)
  return (await newest.executeTakeFirst()) ?? null
}

/** The latest version, or null. */
export async function latestScoreVersion(db: Kysely<Database>): Promise<PublishedVersion | null> {
  const row = await db.selectFrom('score_versions').selectAll().orderBy('version', 'desc').limit(1).executeTakeFirst()
  return row ? versionOf(row) : null
}

/** Publishes a version. */
export async function addScoreVersion(trx: Transaction<Database>, version: PublishedVersion): Promise<void> {
  const { version: number, at, zone, currency, windowDays, money, bounds, fit, lack } = version
  await trx
    .insertInto('score_versions')
    .values({
      ...{ version: number, at, zone, currency, window_days: windowDays, money, lack },
      bounds: bounds && encodeJson(bounds),
      fit: fit && encodeJson(fit),
    })
    .execute()
}

/**
 * What was done last: when parameters were computed, on which of the shop's days and from how many customers, and by which
 * version on which day everybody's scores were looked at (0 and 0 if they never were).
 */
export type ScoreWork = { at: number; day: number; customers: number; judgedVersion: number; judgedDay: number }

const isWork = isObjectOf<ScoreWork>({
  ...{ at: isNumber, day: isNumber, customers: isNumber, judgedVersion: isNumber, judgedDay: isNumber },
})

/** What was done last, or null. */
export function readScoreWork(db: Kysely<Database>): Promise<ScoreWork | null> {
  return readMetaJson(db, 'scores', isWork)
}

/** Notes what was done. */
export function noteScoreWork(trx: Transaction<Database>, work: ScoreWork): Promise<void> {
  return writeMeta(trx, 'scores', JSON.stringify(work))
}

/** Asks for new parameters, without waiting for the next day. */
export function requestScores(db: Kysely<Database>, at: number): Promise<void> {
  return writeMeta(db, 'scores_wanted', String(at))
}

/** When new parameters were last asked for; 0 if they never were. */
export async function scoresRequestedAt(db: Kysely<Database>): Promise<number> {
  return Number((await readMeta(db, 'scores_wanted')) ?? 0)
}
