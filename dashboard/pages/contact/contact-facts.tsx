/** What the CRM and the shop know about a customer: mail permission, cart, orders, segments, attributes. */
import type { Child } from 'hono/jsx/dom'
import type { Contact } from '../../api.ts'
import { CartItems } from '../../parts/cart-items.tsx'
import { Sign } from '../../parts/mark.tsx'
import type { Ui } from '../../texts/format.ts'

/** A card with a heading; `name` identifies it. */
export function Fact({ name, title, children }: { name: string; title: string; children?: Child }) {
  return (
    <section class="card fact" aria-labelledby={`fact-${name}`} data-testid={`fact-${name}`}>
      <h2 id={`fact-${name}`}>{title}</h2>
      {children}
    </section>
  )
}

/** Whether the customer may be mailed according to the CRM, since when, and whether about what they did. */
export function MailPermission({ ui: { t, f }, contact }: { ui: Ui; contact: Contact }) {
  const { mail_consent: allowed, mail_consent_at: at, why_not_mailable: why } = contact
  return (
    <Fact name="mail" title={t.contact.mail}>
      <p class={allowed ? 'mail yes' : 'mail no'}>
        <Sign yes={allowed === true} />
        <span>{allowed === null ? t.contact.mailUnknown : allowed ? t.contact.mailYes : t.contact.mailNo}</span>
      </p>
      {allowed === null ? null : (
        <p class="hint">{at === null ? t.contact.mailNoDate : t.contact.mailSince(f.localDate(at))}</p>
      )}
      <p class="hint" data-testid="mailable">
        {why === undefined ? t.contact.mailAboutVisits : t.contact.noMailAboutVisits(t.contact.whyNoMail[why])}
      </p>
    </Fact>
  )
}

/** The current content of the cart. As in lists, it is hidden if the customer may not be mailed about it. */
export function CartFact({ ui, contact, nowMs }: { ui: Ui; contact: Contact; nowMs: number }) {
  const { t, f } = ui
  const { cart, why_not_mailable: why } = contact
  return (
    <Fact name="cart" title={t.contact.cart}>
      {cart === null ? (
        <p key="none" class="hint">
          {t.contact.noCart}
        </p>
      ) : why !== undefined ? (
        <p key="hidden" class="masked">
          {t.cartHidden[why]}
        </p>
      ) : (
        <div key="cart">
          <p class="cart-line">
            <span class={`state state-${cart.state}`}>{t.contact.cartState[cart.state]}</span>
            <span class="amount">{f.money(cart)}</span>
          </p>
          <CartItems ui={ui} cart={cart} />
          <p class="hint touched">{t.contact.lastTouched(f.ago(cart.updated_at, nowMs))}</p>
        </div>
      )}
    </Fact>
  )
}

/** All orders, newest first. */
export function Orders({ ui: { t, f }, contact: { orders } }: { ui: Ui; contact: Contact }) {
  return (
    <Fact name="orders" title={t.contact.orders}>
      {orders.length === 0 ? <p class="hint">{t.contact.noOrders}</p> : null}
      <ul class="rows">
        {orders.toReversed().map((order) => (
          <li key={order.order_id}>
            <span>
              <bdi>{t.contact.orderId(order.order_id)}</bdi>
              <time class="aside" datetime={order.at}>
                {f.localDate(order.at)}
              </time>
            </span>
            <span class="amount">{f.money({ value: order.total, currency: order.currency })}</span>
          </li>
        ))}
      </ul>
    </Fact>
  )
}

/** The customer's segments. */
export function Segments({ ui: { t, f }, contact: { segments } }: { ui: Ui; contact: Contact }) {
  return (
    <Fact name="segments" title={t.contact.segments}>
      {segments.length === 0 ? <p class="hint">{t.contact.noSegments}</p> : null}
      <ul class="rows">
        {segments.map((segment) => (
          <li key={segment.id}>
            <span>
              <bdi>{segment.name}</bdi>
              <span class="aside">{t.contact.since(f.localDate(segment.entered_at))}</span>
            </span>
          </li>
        ))}
      </ul>
    </Fact>
  )
}

/** The CRM's attributes under the CRM's own names. */
export function Attributes({ ui, contact }: { ui: Ui; contact: Contact }) {
  const { t } = ui
  const entries = Object.entries(contact.attributes).filter(([, value]) => value !== null && value !== '')
  const lines: [string, string][] = entries.map(([name, value]) => [name, attributeText(ui, value)])
  if (contact.phone !== null) lines.unshift([t.contact.phone, contact.phone])
  return (
    <Fact name="attributes" title={t.contact.attributes}>
      {lines.length === 0 ? <p class="hint">{t.contact.noAttributes}</p> : null}
      <dl class="attributes">
        {lines.map(([name, value]) => (
          <div key={name}>
            <dt>
              <bdi>{name}</bdi>
            </dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </Fact>
  )
}

function attributeText({ t, f }: Ui, value: unknown): string {
  if (typeof value === 'boolean') return value ? t.contact.yes : t.contact.no
  if (typeof value === 'number') return f.count(value)
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object')) return value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
