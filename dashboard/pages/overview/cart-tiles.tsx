/** The carts of the period by state, each with its count and its value in every currency that occurs. */
import type { Carts, Row } from '../../api.ts'
import type { Route } from '../../hooks/route.ts'
import { RouteLink } from '../../parts/route-link.tsx'
import type { Ui } from '../../texts/format.ts'

type TileProps = { ui: Ui; name: 'open' | 'abandoned' | 'recovered'; label: string; hint: string; carts: Carts }

/** Open, abandoned, recovered; the abandoned tile links to the people behind it. */
export function CartTiles({ ui, carts, onGo }: { ui: Ui; carts: Row['carts']; onGo: (place: Route) => void }) {
  const { t } = ui
  return (
    <section aria-labelledby="carts-title">
      <h2 id="carts-title">{t.carts}</h2>
      <div class="tiles">
        <div class="card tile tile-abandoned">
          <Tile ui={ui} name="abandoned" label={t.cartsAbandoned} hint={t.cartsAbandonedHint} carts={carts.abandoned} />
          <RouteLink to={{ page: 'carts' }} onGo={onGo} class="onward">
            {t.seeWho}
          </RouteLink>
        </div>
        <div class="card tile">
          <Tile ui={ui} name="open" label={t.cartsOpen} hint={t.cartsOpenHint} carts={carts.open} />
        </div>
        <div class="card tile">
          <Tile ui={ui} name="recovered" label={t.cartsRecovered} hint={t.cartsRecoveredHint} carts={carts.recovered} />
        </div>
      </div>
    </section>
  )
}

function Tile({ ui: { t, f }, name, label, hint, carts }: TileProps) {
  return (
    <>
      <h3>
        {label} <span class="hint">{hint}</span>
      </h3>
      <p class="figure" data-testid={`${name}-count`}>
        {f.count(carts.count)}
      </p>
      <ul class="amounts" data-testid={`${name}-value`}>
        {carts.values.length === 0 ? <li key="none">{t.none}</li> : null}
        {carts.values.map((money) => (
          <li key={money.currency}>{f.money(money)}</li>
        ))}
      </ul>
    </>
  )
}
