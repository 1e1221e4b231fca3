/**
 * The overview: who came, who was recognised, and the carts, for the last 7, 30 or 90 days (UTC, including today). The
 * period is part of the address, so that it survives a reload.
 */
import { useState } from 'hono/jsx/dom'
import type { Client, Overview } from '../../api.ts'
import { usePoll } from '../../hooks/poll.ts'
import type { Route } from '../../hooks/route.ts'
import { Choice } from '../../parts/choice.tsx'
import { Freshness } from '../../parts/freshness.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Loading, Trouble } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'
import { Audience, MatchCard } from './audience.tsx'
import { CartTiles } from './cart-tiles.tsx'
import { DayChart } from './day-chart.tsx'
import { MissingConsent } from './missing-consent.tsx'

const PERIODS = ['7', '30', '90'] as const
type Period = (typeof PERIODS)[number]
const DAY_MS = 86_400_000

const utcDate = (ms: number) => new Date(ms).toISOString().slice(0, 10)

function periodOfAddress(): Period {
  const asked = new URLSearchParams(location.search).get('days')
  return PERIODS.find((period) => period === asked) ?? '30'
}

/** The first page after signing in. */
export function OverviewPage({ ui, client, onGo }: { ui: Ui; client: Client; onGo: (place: Route) => void }) {
  const { t, f } = ui
  const [period, setPeriod] = useState<Period>(periodOfAddress)
  const { data, key, at, error, reload } = usePoll<Overview>(period, (signal) => {
    const today = Date.now()
    return client.overview(utcDate(today - (Number(period) - 1) * DAY_MS), utcDate(today), signal)
  })

  return (
    <>
      <PageHead title={t.overview} lead={data ? t.between(f.dayLong(data.from), f.dayLong(data.to)) : '\u00a0'}>
        <Choice
          name="period"
          legend={t.period}
          value={period}
          options={PERIODS.map((value) => ({ value, label: t.periodDays(Number(value), f.count) }))}
          onChoose={(next) => {
            history.replaceState(null, '', `?days=${next}`)
            setPeriod(next)
          }}
        />
        <Freshness ui={ui} at={at} failing={error !== null} />
      </PageHead>
      {data ? (
        <div key="figures" class={key === period ? 'figures' : 'figures waiting'} aria-busy={key !== period && 'true'}>
          <MissingConsent ui={ui} missing={data.missing_consent} />
          <div class="lead-cards">
            <MatchCard ui={ui} rate={data.total.matched} />
            <Audience ui={ui} row={data.total} />
          </div>
          <CartTiles ui={ui} carts={data.total.carts} onGo={onGo} />
          <DayChart ui={ui} overview={data} />
        </div>
      ) : error ? (
        <Trouble key="trouble" ui={ui} error={error} onRetry={reload} />
      ) : (
        <Loading key="loading" ui={ui} />
      )}
    </>
  )
}
