/** The customer's carts that orders have closed, newest first, and what brought back those that had been abandoned. */
import type { Contact, PastCart } from '../../api.ts'
import type { Ui } from '../../texts/format.ts'
import { Fact } from './contact-facts.tsx'

/** One line a cart; nothing if there is none, or if the customer may not be mailed about them. */
export function PastCarts({ ui, contact: { past_carts: carts, mailable } }: { ui: Ui; contact: Contact }) {
  const { t, f } = ui
  if (carts.length === 0 || !mailable) return null
  return (
    <Fact name="past-carts" title={t.contact.pastCarts}>
      <ul class="rows">
        {carts.toReversed().map((cart) => (
          <li key={`${cart.closed_at} ${cart.id}`}>
            <span>
              {t.contact.cartState[cart.state]}
              <time class="aside" datetime={cart.closed_at}>
                {f.localDate(cart.closed_at)}
              </time>
              {cart.recovered_by === null ? null : <span class="aside">{whatRecovered(ui, cart)}</span>}
            </span>
            <span class="amount">{f.money(cart)}</span>
          </li>
        ))}
      </ul>
    </Fact>
  )
}

function whatRecovered({ t, f }: Ui, { recovered_by: by, recovered_value: value, currency }: PastCart): string {
  const how = by?.kind === 'link' ? t.contact.recoveredByLink(by.message) : t.contact.boughtAnyway
  return value === null ? how : `${t.contact.recoveredValue(f.money({ value, currency }))}, ${how}`
}
