/** The carts of the period by state, each with its count and its value in every currency that occurs. */
import type { Carts, Row } from '../../api.ts'
import type { Route } from '../../hooks/route.ts'
import { RouteLink } from '../../parts/route-link.tsx'
import type { Ui } from '../../texts/format.ts'

type TileProps = { ui: Ui; name: 'open' | 'abandoned' | 'recovered'; label: string; hint: string; carts: Carts }

/** Open, abandoned, recovered; the abandoned tile says how many can be mailed now, and links to the people behind it. */
export function CartTiles({ ui, carts, onGo }: { ui: Ui; carts: Row['carts']; onGo: (place: Route) => void }) {
  const { t } = ui
  return (
    <section aria-labelledby="carts-title">
      <h2 id="carts-title">{t.carts}</h2>
      <div class="tiles">
        <div class="card tile tile-abandoned">
          <Tile ui={ui} name="abandoned" label={t.cartsAbandoned} hint={t.cartsAbandonedHint} carts={carts.abandoned} />
          <dl class="parts">
            <Part ui={ui} name="mailable" label={t.mailableNow} carts={carts.mailable} />
          </dl>
          <RouteLink to={{ page: 'carts' }} onGo={onGo} class="onward">
            {t.seeWho}
          </RouteLink>
        </div>
        <div class="card tile">
          <Tile ui={ui} name="open" label={t.cartsOpen} hint={t.cartsOpenHint} carts={carts.open} />
        </div>
        <div class="card tile">
          <Tile ui={ui} name="recovered" label={t.cartsRecovered} hint={t.cartsRecoveredHint} carts={carts.recovered} />
          <dl class="parts">
            <Part ui={ui} name="by-link" label={t.recoveredByLink} carts={carts.recovered.by_link} />
            <Part ui={ui} name="anyway" label={t.boughtAnyway} carts={carts.recovered.anyway} />
          </dl>
        </div>
      </div>
    </section>
  )
}

function Tile({ ui, name, label, hint, carts }: TileProps) {
  return (
    <>
      <h3>
        {label} <span class="hint">{hint}</span>
      </h3>
      <p class="figure" data-testid={`${name}-count`}>
        {ui.f.count(carts.count)}
      </p>
      <ul class="amounts" data-testid={`${name}-value`}>
        {amountsOf(ui, carts).map((amount) => (
          <li key={amount}>{amount}</li>
        ))}
      </ul>
    </>
  )
}

/** Some of a tile's carts, with their number and value. */
function Part({ ui, name, label, carts }: { ui: Ui; name: string; label: string; carts: Carts }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd class="amount" data-testid={`${name}-count`}>
        {ui.f.count(carts.count)}
      </dd>
      <dd class="hint" data-testid={`${name}-value`}>
        {amountsOf(ui, carts).join(', ')}
      </dd>
    </div>
  )
}

/** The value of carts in every currency, and how many carts have an unknown value; a dash if there is neither. */
function amountsOf({ t, f }: Ui, { values, unknown = 0 }: Carts): string[] {
  const amounts = values.map((money) => f.money(money))
  if (amounts.length === 0) return [t.none]
  return unknown === 0 ? amounts : [...amounts, t.unknownValue(unknown, f.count)]
}
