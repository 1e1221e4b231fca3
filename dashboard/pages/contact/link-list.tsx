/**
 * Why visits are attributed to a customer: active links first, then ended ones, newest first. Claims that never made a
 * link are kept apart, because an attacker may have produced many of them.
 */
import type { Client, ContactLink, Visitor } from '../../api.ts'
import { LinkCard } from '../../parts/link-card.tsx'
import type { Ui } from '../../texts/format.ts'

const SHOWN_AT_ONCE = 5

const IDLE = new Set(['refused', 'void'])

type Props = { ui: Ui; client: Client; links: ContactLink[]; visitors: Visitor[]; onDecided: () => void }

/** The cards, in order. */
export function LinkList({ ui, client, links, visitors, onDecided }: Props) {
  const { t, f } = ui
  const sorted = [...links].sort((a, b) => rank(a) - rank(b) || Date.parse(b.at) - Date.parse(a.at))
  const live = sorted.filter((link) => !IDLE.has(link.state))
  const older = live.slice(SHOWN_AT_ONCE)
  const idle = sorted.filter((link) => IDLE.has(link.state))
  const cards = (some: ContactLink[]) => (
    <ul class="links">
      {some.map((link) => (
        <LinkCard
          key={link.id}
          ui={ui}
          client={client}
          link={link}
          visitor={visitors.find(({ id }) => id === link.visitor)}
          onDecided={onDecided}
        />
      ))}
    </ul>
  )
  return (
    <>
      {live.length > 0 ? (
        <div key="live">{cards(live.slice(0, SHOWN_AT_ONCE))}</div>
      ) : (
        <div key="none" class="card quiet-empty">
          <p>{t.links.none}</p>
          <p class="hint">{t.links.noneHint}</p>
        </div>
      )}
      {older.length === 0 ? null : (
        <details key="older" class="more-links">
          <summary>{t.links.older(older.length, f.count)}</summary>
          {cards(older)}
        </details>
      )}
      {idle.length === 0 ? null : (
        <details key="idle" class="more-links" data-testid="idle-links">
          <summary>{t.links.without(idle.length, f.count)}</summary>
          {cards(idle)}
        </details>
      )}
    </>
  )
}

/** Anybody can type anybody's address, so what is proven stands before it. */
const rank = ({ state, strength }: ContactLink) =>
  strength === 'typed' ? 3 : state === 'open' ? 0 : state === 'closed' ? 2 : 1
