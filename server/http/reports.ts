/** `GET /api/v1/reports/overview`: the figures of the dashboard's first page. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { CONSENT_SOURCES } from '../../tag/wire.ts'
import { toMajor } from '../domain/money.ts'
import { DOORS, lacksConsent } from '../domain/quality.ts'
import { type CartFigures, sumOf } from '../store/cart-figures.ts'
import { choiceSources } from '../store/consents.ts'
import { type OverviewFigures, overview } from '../store/overview.ts'
import { arrivedLately } from '../store/quality.ts'
import { allow } from './auth.ts'
import { DAY_MS, dayQuery, daysOf, dayText } from './days.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { iso, json, refusals } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const rate = z.object({ count: z.number(), of: z.number(), rate: z.number().nullable() })
const carts = z.object({
  count: z.number(),
  values: z.array(z.object({ currency: z.string(), value: z.number() })),
  unknown: z
    .number()
    .optional()
    .openapi({ description: 'How many of them are worth nobody knows what, if there are any; no sum holds them.' }),
})
const figures = z.object({
  visitors: z.number(),
  matched: rate.openapi({ description: 'Linked visitors, as a share of those with `identity` consent.' }),
  identity: rate.openapi({
    description: 'Visitors with `identity` consent, as a share of those that consented to anything.',
  }),
  marketing: rate,
  withdrawals: z.number(),
  carts: z.object({
    open: carts.openapi({ description: 'Carts that are being filled, by the day of the last change.' }),
    abandoned: carts.openapi({
      description: 'What the segment `cart_abandoned` holds now, by the day of the last change.',
    }),
    mailable: carts.openapi({ description: 'Those of the abandoned ones whose people can be mailed now.' }),
    recovered: carts
      .extend({
        by_link: carts.openapi({ description: 'A mail’s link had brought the customer back.' }),
        anyway: carts.openapi({ description: 'The customer bought without one.' }),
      })
      .openapi({
        description:
          'Carts that were bought after they had been abandoned, by the day of the order. Only what was in them and was bought counts.',
      }),
  }),
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
    consent_sources: z
      .array(z.object({ site: z.string(), source: z.enum(CONSENT_SOURCES), choices: z.number(), last_at: z.string() }))
      .openapi({
        description:
          'Where the newest choices of these days were made, 1,000 at most: with `consent_source=auto`, the platform that the tag has recognised.',
      }),
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
      const sources = await choiceSources(deps.db, from * DAY_MS, (to + 1) * DAY_MS)
      return c.json(
        {
          from: dayText(from),
          to: dayText(to),
          total: render(total),
          days: [...days].map(([day, row]) => ({ date: dayText(day), ...render(row) })),
          missing_consent: (await arrivedLately(deps.db, now)).filter(lacksConsent),
          consent_sources: sources.map(({ lastAt, ...rest }) => ({ ...rest, last_at: iso(lastAt) })),
        },
        200,
      )
    },
  )
}

function render(row: OverviewFigures): z.infer<typeof figures> {
  const share = (count: number, of: number) => ({ count, of, rate: of === 0 ? null : count / of })
  const sums = ({ count, values, unknown }: CartFigures) => ({
    count,
    values: values.map(({ currency, value }) => ({ currency, value: toMajor(value, currency) })),
    ...(unknown === 0 ? {} : { unknown }),
  })
  const { open, abandoned, mailable, link, anyway } = row.carts
  return {
    visitors: row.visitors,
    matched: share(row.matched, row.withIdentity),
    identity: share(row.withIdentity, row.visitors),
    marketing: share(row.withMarketing, row.visitors),
    withdrawals: row.withdrawals,
    carts: {
      open: sums(open),
      abandoned: sums(abandoned),
      mailable: sums(mailable),
      recovered: { ...sums(sumOf(link, anyway)), by_link: sums(link), anyway: sums(anyway) },
    },
  }
}
