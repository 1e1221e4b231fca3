/**
 * `GET /api/v1/reports/rfm` and `/churn`: customers by recency, frequency and money, and whether they still are customers, as
 * figures or as a file with a row a contact; and `POST /api/v1/reports/scores`, which has the scores published anew.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { toMajor, UNKNOWN_CURRENCY } from '../domain/money.ts'
import { type ChurnFit, FIT_NEEDS, fitIn, type NoFit } from '../domain/scores/churn-fit.ts'
import { RFM_GROUPS } from '../domain/scores/rfm-groups.ts'
import { MUST_BE_WINDOW, readWindow, windowText } from '../domain/scores/window.ts'
import { dayNumberIn } from '../domain/zone.ts'
import { readShop } from '../segments/rules.ts'
import { writeAudit } from '../store/audit.ts'
import {
  answerChurn,
  answerRfm,
  type CustomerSums,
  createChurnReader,
  createRfmReader,
  type ModelledCustomer,
  type RfmAnswer,
  rfmFigures,
  type ScoredCustomer,
  type ScoreQuestion,
} from '../store/score-reports.ts'
import { requestScores } from '../store/score-versions.ts'
import { allow, checkExport } from './auth.ts'
import { csvQuery, layoutOf } from './csv-layout.ts'
import { DAY_MS, dayText } from './days.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { fileResponse, jsonOrFile, type Page } from './exports.ts'
import { iso, json, refusals } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const query = {
  as_of: z
    .union([z.iso.date(), z.iso.datetime({ offset: true })], 'must be a day such as 2026-03-01')
    .optional()
    .openapi({
      description: 'The day to look at, in the zone of the first site; today by default. It counts as a whole.',
    }),
  format: z.enum(['json', 'csv'], 'must be json or csv').default('json'),
  ...csvQuery,
}

const sums = { people: z.number(), mailable: z.number(), value: z.number() }
const cuts = z.array(z.number())

const rfmSchema = z
  .object({
    as_of: z.string(),
    version: z.number().nullable().openapi({
      description: 'The version of the published bounds; null if the bounds were computed for this question.',
    }),
    window: z.string(),
    money: z.enum(['mean', 'total']),
    currency: z
      .string()
      .nullable()
      .openapi({ description: 'The currency of most orders, the only one that money counts.' }),
    bounds: z
      .object({ r: cuts, f: cuts, m: cuts })
      .openapi({
        description:
          'The lower bounds of the second to fifth bin: of days since the last order (a fewer has the higher score), of ' +
          'orders, and of money.',
      })
      .nullable(),
    groups: z.array(z.object({ group: z.enum(RFM_GROUPS as [string, ...string[]]), ...sums })),
    grid: z.array(z.object({ r: z.number(), f: z.number(), ...sums })),
  })
  .openapi('RfmReport')

/** Why there is no fit, in words. */
const LACKS: Record<NoFit, string> = {
  too_few_customers: `too few orders for a fit to mean anything: it needs at least ${FIT_NEEDS.customers} customers`,
  too_few_repeat_customers: `too few orders for a fit to mean anything: it needs at least ${FIT_NEEDS.repeatCustomers} customers who came back`,
  too_short: `too few orders for a fit to mean anything: they must go back at least ${FIT_NEEDS.days} days`,
}

const churnSchema = z
  .object({
    as_of: z.string(),
    version: z.number().nullable().openapi({
      description: 'The version of the published fit; null if the fit was computed for this question.',
    }),
    unit: z.enum(['day', 'week']),
    fit: z
      .object({
        ...{ r: z.number(), alpha: z.number(), a: z.number(), b: z.number() },
        ...{ log_likelihood: z.number(), customers: z.number() },
      })
      .nullable()
      .openapi({
        description: 'The parameters of the BG/NBD model. Null if there are too few orders, see `why_no_fit`.',
      }),
    why_no_fit: z.string().optional(),
    detail: z.string().optional(),
  })
  .openapi('ChurnReport')

const UNITS = { day: 1, week: 7 }

/** The routes of scores. */
export function scoreReportRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  const read = allow(deps, 'people:read', 'segments:read')
  const ask = async (asOf: string | undefined): Promise<ScoreQuestion> => {
    const { zone } = await readShop(deps.db)
    const day =
      asOf === undefined ? null : asOf.length === 10 ? Date.parse(asOf) / DAY_MS : dayNumberIn(zone, Date.parse(asOf))
    return { zone, now: deps.now(), day }
  }
  const audit = (actor: string, action: string, detail: Record<string, unknown>) =>
    writeAudit(deps.db, { id: deps.newId(), at: deps.now(), actor, action, detail })

  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/reports/rfm',
        ...operation('Reports', 'getRfm'),
        summary: 'Get customers by recency, frequency and money',
        description:
          'The scores that segments use where the question is about today and says nothing else; otherwise the bounds are ' +
          'computed for the question. docs/scores.md has the rules.',
        middleware: [read] as const,
        request: {
          query: z.object({
            ...query,
            window: z
              .string()
              .max(20, MUST_BE_WINDOW)
              .refine((text) => readWindow(text) !== undefined, MUST_BE_WINDOW)
              .optional()
              .openapi({ description: 'How far back orders count: `24m` by default, `730d`, `2y` or `all`.' }),
            money: z
              .enum(['mean', 'total'], 'must be mean or total')
              .optional()
              .openapi({ description: 'The mean value of an order, or what all orders of the window come to.' }),
          }),
        },
        responses: { 200: jsonOrFile('The figures, or a row a contact as CSV', rfmSchema), ...refusals },
      }),
      async (c) => {
        const { as_of, window, money, format } = c.req.valid('query')
        const question = {
          ...(await ask(as_of)),
          ...(window === undefined ? {} : { windowDays: readWindow(window) ?? null }),
          ...(money === undefined ? {} : { money }),
        }
        if (format === 'csv') {
          checkExport(c.get('caller'))
          await audit(c.get('caller').actor, 'rfm.read', { as_of: as_of ?? null, format })
          const answer = await answerRfm(deps.db, question)
          return fileResponse({
            ...{ format, layout: layoutOf(c.req.valid('query')), name: 'rfm', columns: RFM_COLUMNS },
            next: fileOf(createRfmReader(deps.db, answer)),
            cells: rfmCells(answer),
          })
        }
        const answer = await answerRfm(deps.db, question)
        return c.json(await renderRfm(deps, answer), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/reports/churn',
        ...operation('Reports', 'getChurn'),
        summary: 'Get who still is a customer, by the model of churn',
        description:
          'The BG/NBD model of Fader, Hardie and Lee (2005), fitted to the orders of all contacts: the published fit where ' +
          'the question is about today, else one computed for it. docs/scores.md has the formulas.',
        middleware: [read] as const,
        request: {
          query: z.object({
            ...query,
            unit: z.enum(['day', 'week'], 'must be day or week').default('day').openapi({
              description: 'The unit of `alpha`, and of `recency` and `T` in the CSV.',
            }),
          }),
        },
        responses: { 200: jsonOrFile('The fit, or a row a contact as CSV', churnSchema), ...refusals },
      }),
      async (c) => {
        const { as_of, unit, format } = c.req.valid('query')
        const question = await ask(as_of)
        if (format === 'csv') {
          checkExport(c.get('caller'))
          await audit(c.get('caller').actor, 'churn.read', { as_of: as_of ?? null, format })
          const answer = await answerChurn(deps.db, question)
          return fileResponse({
            ...{ format, layout: layoutOf(c.req.valid('query')), name: 'churn', columns: CHURN_COLUMNS },
            next: fileOf(createChurnReader(deps.db, answer)),
            cells: churnCells(UNITS[unit]),
          })
        }
        const { asOf, version, fit, lack } = await answerChurn(deps.db, question)
        return c.json(
          {
            ...{ as_of: dayText(asOf.day), version, unit },
            fit: fit && renderFit(fitIn(fit, UNITS[unit])),
            ...(lack === null ? {} : { why_no_fit: lack, detail: LACKS[lack] }),
          },
          200,
        )
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/reports/scores',
        ...operation('Reports', 'publishScores'),
        summary: 'Have the bounds of scores and the fit of churn published anew',
        description: 'They are published each day. After a large import, this need not be waited for.',
        middleware: [allow(deps, 'segments:write')] as const,
        responses: { 202: json('It will be done in a moment', z.object({ requested_at: z.string() })), ...refusals },
      }),
      async (c) => {
        const at = deps.now()
        await requestScores(deps.db, at)
        await audit(c.get('caller').actor, 'scores.request', {})
        deps.wake()
        return c.json({ requested_at: iso(at) }, 202)
      },
    )
}

/** The pages of a file. */
function fileOf<T>(read: () => Promise<T[] | null>) {
  return async (): Promise<Page<T>> => {
    const rows = await read()
    return { rows: rows ?? [], more: rows !== null }
  }
}

async function renderRfm(deps: HttpDeps, answer: RfmAnswer): Promise<z.infer<typeof rfmSchema>> {
  const { asOf, counting, bounds, version } = answer
  const { windowDays, money, currency } = counting
  const { groups, grid } = await rfmFigures(deps.db, answer)
  const render = ({ people, mailable, value }: CustomerSums) => ({ people, mailable, value: toMajor(value, currency) })
  return {
    ...{ as_of: dayText(asOf.day), version, window: windowText(windowDays), money },
    currency: currency === UNKNOWN_CURRENCY ? null : currency,
    bounds: bounds && { ...bounds, m: bounds.m.map((each) => toMajor(each, currency)) },
    groups: [...groups].map(([group, own]) => ({ group, ...render(own) })),
    grid: [...grid.values()].map(({ r, f, ...own }) => ({ r, f, ...render(own) })),
  }
}

const RFM_COLUMNS = ['contact', 'recency_days', 'frequency', 'money', 'r', 'f', 'm', 'group']

function rfmCells({ counting: { currency } }: RfmAnswer) {
  return ({ contactId, input, score }: ScoredCustomer) => ({
    ...{ contact: contactId, recency_days: input.recency, frequency: input.frequency },
    money: input.money === null ? null : toMajor(input.money, currency),
    ...score,
  })
}

const CHURN_COLUMNS = ['contact', 'frequency', 'recency', 'T', 'alive', 'expected_orders_90d']

function churnCells(unit: number) {
  return ({ contactId, buying, alive, expected }: ModelledCustomer) => ({
    ...{ contact: contactId, frequency: buying.frequency, recency: buying.recency / unit, T: buying.age / unit },
    ...{ alive, expected_orders_90d: expected },
  })
}

function renderFit({ r, alpha, a, b, logLikelihood, customers }: ChurnFit) {
  return { r, alpha, a, b, log_likelihood: logLikelihood, customers }
}
