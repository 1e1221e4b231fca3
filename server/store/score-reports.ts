/**
 * The scores of all customers at a time: by the parameters in force where the question is about now, else by those of the
 * time asked for, which are computed for the answer. Customers are read a page at a time.
 */
import type { Kysely } from 'kysely'
import type { ContactId, PersonId } from '../domain/ids.ts'
import { mailability } from '../domain/mailability.ts'
import { UNKNOWN_CURRENCY } from '../domain/money.ts'
import { type BuyingHistory, expectedOrders, probabilityAlive } from '../domain/scores/churn.ts'
import {
  type AsOf,
  collectBounds,
  collectFit,
  type FitOrLack,
  PUBLISHED_COUNTING,
} from '../domain/scores/parameters.ts'
import { type Counting, createHistory, EXPECTED_DAYS, type OrderHistory } from '../domain/scores/person-scores.ts'
import { type Money, type RfmBounds, type RfmInput, type RfmScore, rfmScore } from '../domain/scores/rfm.ts'
import { RFM_GROUPS, type RfmGroup } from '../domain/scores/rfm-groups.ts'
import { dayNumberIn, dayStartIn } from '../domain/zone.ts'
import { createCustomerReader, mainCurrency } from './customers.ts'
import { ofKeys } from './engine/many.ts'
import { nextTurn } from './engine/turns.ts'
import type { Database } from './schema.ts'
import { latestScoreVersion } from './score-versions.ts'

/** Orders read at a time, and evaluations of a customer's likelihood before other work has its turn. */
const ORDERS = 5000
const EVALUATIONS = 20_000

/** What is asked: a day of the shop (null: today), and how orders count, where it is not as the published scores do. */
export type ScoreQuestion = { zone: string; now: number; day: number | null; windowDays?: number | null; money?: Money }

type Resolved = { asOf: AsOf; counting: Counting }

/** A question about RFM with its bounds; `version` is null if they were computed for it. */
export type RfmAnswer = Resolved & { bounds: RfmBounds | null; version: number | null }

/** A question about churn with its fit. */
export type ChurnAnswer = Resolved & FitOrLack & { version: number | null }

function asOfDay({ zone, now, day }: ScoreQuestion): AsOf {
  const today = dayNumberIn(zone, now)
  if (day === null || day === today) return { at: now, day: today }
  return { at: dayStartIn(zone, day + 1) - 1, day }
}

/** The parameters in force, if a question is about today and counts as they do; else how orders count. */
async function resolve(db: Kysely<Database>, question: ScoreQuestion) {
  const { zone, windowDays, money, now } = question
  const asOf = asOfDay(question)
  const published = await latestScoreVersion(db)
  const counts = {
    windowDays: windowDays === undefined ? PUBLISHED_COUNTING.windowDays : windowDays,
    money: money ?? PUBLISHED_COUNTING.money,
  }
  const isPublished =
    published !== null &&
    asOf.at === now &&
    published.zone === zone &&
    published.windowDays === counts.windowDays &&
    published.money === counts.money
  if (isPublished) return { asOf, counting: published, published }
  const currency = (await mainCurrency(db)) ?? UNKNOWN_CURRENCY
  return { asOf, counting: { zone, currency, ...counts }, published: null }
}

/** Calls a function with each customer's history. */
async function eachCustomer(
  db: Kysely<Database>,
  counting: Counting,
  use: (id: string, history: OrderHistory) => void,
): Promise<void> {
  const reader = createCustomerReader(db)
  for (let page = await reader.next(ORDERS); page !== null; page = await reader.next(ORDERS)) {
    for (const { personId, orders } of page) use(personId, createHistory(orders, counting))
  }
}

/** Finds the bounds that a question is answered by. */
export async function answerRfm(db: Kysely<Database>, question: ScoreQuestion): Promise<RfmAnswer> {
  const { asOf, counting, published } = await resolve(db, question)
  if (published) return { asOf, counting, bounds: published.bounds, version: published.version }
  const collected = collectBounds(counting.currency)
  await eachCustomer(db, counting, (_, history) => {
    const input = history.rfmAt(asOf.at, asOf.day)
    if (input !== null) collected.add(input)
  })
  while (!collected.step()) await nextTurn()
  return { asOf, counting, bounds: collected.bounds(), version: null }
}

/** Finds the fit that a question is answered by. */
export async function answerChurn(db: Kysely<Database>, question: ScoreQuestion): Promise<ChurnAnswer> {
  const { asOf, counting, published } = await resolve(db, question)
  if (published) {
    const { version, fit, lack } = published
    return {
      asOf,
      counting,
      version,
      ...(fit === null ? { fit, lack: lack ?? 'too_few_customers' } : { fit, lack: null }),
    }
  }
  const fitting = collectFit(asOf)
  await eachCustomer(db, counting, (id, history) => fitting.add(id, history))
  while (!fitting.step(EVALUATIONS)) await nextTurn()
  return { asOf, counting, version: null, ...fitting.result() }
}

/** A customer's scores; `total` is what they spent in the window. */
export type ScoredCustomer = {
  personId: PersonId
  contactId: ContactId
  input: RfmInput
  score: RfmScore
  total: number
}

/** Reads the scores of customers with an order in the window, a page at a time; null after the last one. */
export function createRfmReader(db: Kysely<Database>, { asOf, counting, bounds }: RfmAnswer) {
  const reader = createCustomerReader(db)
  return async (): Promise<ScoredCustomer[] | null> => {
    const page = await reader.next(ORDERS)
    if (page === null || bounds === null) return null
    return page.flatMap(({ personId, contactId, orders }) => {
      const history = createHistory(orders, counting)
      const input = history.rfmAt(asOf.at, asOf.day)
      const total = history.windowAt(asOf.at, asOf.day)?.sum ?? 0
      return input === null ? [] : { personId, contactId, input, score: rfmScore(input, bounds), total }
    })
  }
}

/** What the model says of a customer. Without a fit nothing is expected. */
export type ModelledCustomer = {
  contactId: ContactId
  buying: BuyingHistory
  alive: number | null
  expected: number | null
}

/** Reads what the model says of customers, a page at a time; null after the last one. */
export function createChurnReader(db: Kysely<Database>, { asOf, counting, fit }: ChurnAnswer) {
  const reader = createCustomerReader(db)
  return async (): Promise<ModelledCustomer[] | null> => {
    const page = await reader.next(ORDERS)
    return (
      page?.flatMap(({ contactId, orders }) => {
        const buying = createHistory(orders, counting).buyingAt(asOf.at, asOf.day)
        if (buying === null) return []
        const alive = fit && probabilityAlive(fit, buying)
        return { contactId, buying, alive, expected: fit && expectedOrders(fit, buying, EXPECTED_DAYS) }
      }) ?? null
    )
  }
}

/** Customers, those of them who may be mailed, and what they spent in the window. */
export type CustomerSums = { people: number; mailable: number; value: number }

/** The customers of each group, and of each score of recency and frequency. */
export type RfmFigures = {
  groups: Map<RfmGroup, CustomerSums>
  grid: Map<string, { r: number; f: number } & CustomerSums>
}

const selectPermissions = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('persons')
    .select(['person_id', 'mail_consent', 'marketing', 'minor'])
    .where('person_id', 'in', personIds),
)

/** Adds up the scores of all customers. */
export async function rfmFigures(db: Kysely<Database>, answer: RfmAnswer): Promise<RfmFigures> {
  const groups = new Map(RFM_GROUPS.map((group) => [group, { people: 0, mailable: 0, value: 0 }]))
  const grid: RfmFigures['grid'] = new Map()
  for (const r of [5, 4, 3, 2, 1]) {
    for (const f of [1, 2, 3, 4, 5]) grid.set(`${r}${f}`, { r, f, people: 0, mailable: 0, value: 0 })
  }
  const next = createRfmReader(db, answer)
  for (let page = await next(); page !== null; page = await next()) {
    const rows = await selectPermissions(
      db,
      page.map(({ personId }) => personId),
    )
    const mailable = new Set(
      rows
        .filter((row) => {
          const { marketing, minor, mail_consent: mailConsent } = row
          return mailability({ contact: true, mailConsent, marketing: marketing === 1, minor: minor === 1 }).mailable
        })
        .map((row) => row.person_id),
    )
    for (const { personId, score, total } of page) {
      for (const sums of [groups.get(score.group), grid.get(`${score.r}${score.f}`)]) {
        if (sums === undefined) continue
        sums.people++
        sums.mailable += mailable.has(personId) ? 1 : 0
        sums.value += total
      }
    }
  }
  return { groups, grid }
}
