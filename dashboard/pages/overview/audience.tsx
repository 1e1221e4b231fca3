/** Who came and who was recognised: the match rate with its base, and the consents behind it. */
import type { Rate, Row } from '../../api.ts'
import { Seam } from '../../parts/seam.tsx'
import type { Ui } from '../../texts/format.ts'

/** The product's headline figure, spelled out. */
export function MatchCard({ ui: { t, f }, rate }: { ui: Ui; rate: Rate }) {
  return (
    <section class="card match" aria-labelledby="match-title" data-testid="match-rate">
      <h2 id="match-title">{t.matchRate}</h2>
      <p class="figure">{f.percent(rate.rate)}</p>
      <Seam share={rate.rate} />
      <p class="sentence">{t.matchSentence(rate, f.count)}</p>
    </section>
  )
}

/** Visitors, the two consents and the withdrawals. */
export function Audience({ ui, row }: { ui: Ui; row: Row }) {
  const { t, f } = ui
  return (
    <section class="card audience" aria-labelledby="audience-title">
      <h2 id="audience-title">{t.audience}</h2>
      <dl>
        <div class="line">
          <dt>{t.visitors}</dt>
          <dd class="hint">{t.visitorsHint}</dd>
          <dd class="amount" data-testid="visitors">
            {f.count(row.visitors)}
          </dd>
        </div>
        <RateLine ui={ui} label={t.identityRate} rate={row.identity} />
        <RateLine ui={ui} label={t.marketingRate} rate={row.marketing} />
        <div class="line">
          <dt>{t.withdrawals}</dt>
          <dd class="amount">{f.count(row.withdrawals)}</dd>
        </div>
      </dl>
    </section>
  )
}

function RateLine({ ui: { t, f }, label, rate }: { ui: Ui; label: string; rate: Rate }) {
  return (
    <div class="line">
      <dt>{label}</dt>
      <dd class="hint">{t.ofVisitors(rate, f.count)}</dd>
      <dd class="amount">{f.percent(rate.rate)}</dd>
      <dd class="line-seam">
        <Seam share={rate.rate} stitches={30} />
      </dd>
    </div>
  )
}
