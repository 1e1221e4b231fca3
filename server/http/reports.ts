/** `GET /api/v1/reports/overview`: the figures of the dashboard's first page. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { toMajor } from '../domain/money.ts'
import { DOORS, lacksConsent } from '../domain/quality.ts'
import { type CartFigures, type OverviewFigures, overview } from '../store/overview.ts'
import { arrivedLately } from '../store/quality.ts'
import { allow } from './auth.ts'
import { DAY_MS, dayQuery, daysOf } from './days.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { json, refusals } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const rate = z.object({ count: z.number(), of: z.number(), rate: z.number().nullable() })
const carts = z.object({
  count: z.number(),
  values: z.array(z.object({ currency: z.string(), value: z.number() })),
})
const figures = z.object({
  visitors: z.number(),
  matched: rate.openapi({ description: 'Linked visitors, as a share of those with `identity` consent.' }),
  identity: rate.openapi({
    description: 'Visitors with `identity` consent, as a share of those that consented to anything.',
  }),
  marketing: rate,
  withdrawals: z.number(),
  carts: z.object({ open: carts, abandoned: carts, recovered: carts }),
})
const overviewSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    total: figures,
    days: z.array(figures.extend({ date: z.string() })),
    missing_consent: z
      .array(z.object({ site: z.string(), door: z.enum(DOORS), events: z.number(), without_consent: z.number() }))
      .openapi({ description: 'Where most events of the last hour came without consent to analytics.' }),
  })
  .openapi('Overview')

/** The reports' routes. */
export function reportRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'get',
      path: '/reports/overview',
      ...operation('Reports', 'getOverview'),
      summary: 'Get visitors, match rate and carts by day',
      middleware: [allow(deps, 'people:read', 'segments:read')] as const,
      request: { query: z.object(dayQuery) },
      responses: { 200: json('The figures, by UTC day and in total', overviewSchema), ...refusals },
    }),
    async (c) => {
      const now = deps.now()
      const { from, to } = daysOf(c.req.valid('query'), now)
      const { total, days } = await overview(deps.db, from, to, now)
      return c.json(
        {
          from: dayOf(from),
          to: dayOf(to),
          total: render(total),
          days: [...days].map(([day, row]) => ({ date: dayOf(day), ...render(row) })),
          missing_consent: (await arrivedLately(deps.db, now)).filter(lacksConsent),
        },
        200,
      )
    },
  )
}

function dayOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

function render(row: OverviewFigures): z.infer<typeof figures> {
  const share = (count: number, of: number) => ({ count, of, rate: of === 0 ? null : count / of })
  const sums = (each: CartFigures) => ({
    count: each.count,
    values: each.values.map(({ currency, value }) => ({ currency, value: toMajor(value, currency) })),
  })
  return {
    visitors: row.visitors,
    matched: share(row.matched, row.withIdentity),
    identity: share(row.withIdentity, row.visitors),
    marketing: share(row.withMarketing, row.visitors),
    withdrawals: row.withdrawals,
    carts: { open: sums(row.open), abandoned: sums(row.abandoned), recovered: sums(row.recovered) },
  }
}
