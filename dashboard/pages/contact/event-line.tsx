/** One event of a timeline: its time, its type in plain words, and its products, page or order. All of it is text. */
import type { Child } from 'hono/jsx/dom'
import type { TimelineEvent } from '../../api.ts'
import { safeLink } from '../../parts/safe-url.ts'
import type { Ui } from '../../texts/format.ts'
import { wordFor } from '../../texts/words.ts'
import { detailsOf, type Product } from './event-props.ts'

/** Events that move a sale or link a browser to a customer; they stand out from mere browsing. */
const WEIGHTY = new Set(['add_to_cart', 'begin_checkout', 'purchase', 'refund', 'identify', 'sign_up', 'login'])

/** Types for which the page says what was viewed if there is no product. */
const OF_A_PAGE = new Set(['page', 'view_item', 'view_item_list', 'engagement'])

/** The event; `children` are added at its end. */
export function EventLine({ ui, event, children }: { ui: Ui; event: TimelineEvent; children?: Child }) {
  const { t, f } = ui
  const word = wordFor(t.contact.event, event.type)
  const { products, value, order, term, rest } = detailsOf(event, word === null)
  const showsPage = products.length === 0 && (OF_A_PAGE.has(event.type) || word === null)
  // A single product is part of the sentence, and a single amount comes last on the line.
  const only = products.length === 1 ? (products[0] ?? null) : null
  const sum = value ?? (only?.price ? { ...only.price, value: only.price.value * only.quantity } : null)
  return (
    <li class={WEIGHTY.has(event.type) ? 'event weighty' : 'event'} data-testid="event" data-type={event.type}>
      <time datetime={event.at} title={f.moment(event.at)}>
        {f.clock(event.at)}
      </time>
      <div class="event-body">
        <p class="event-head">
          <span>
            <span class="event-word">{wordOf(ui, event) ?? word ?? <code>{event.type}</code>}</span>
            {term === null ? null : <bdi> {t.contact.searched(term)}</bdi>}
            {only === null ? null : <ProductName ui={ui} product={only} />}
            {showsPage ? <PageName event={event} /> : null}
            {order === null ? null : <span class="hint"> {t.contact.order(order)}</span>}
          </span>
          {sum === null ? null : <span class="amount">{f.money(sum)}</span>}
        </p>
        {products.length < 2 ? null : (
          <ul class="products">
            {products.map((product, index) => (
              <li key={index}>
                <span>
                  <ProductName ui={ui} product={product} />
                </span>
                {product.price === null ? null : <span class="amount">{f.money(product.price)}</span>}
              </li>
            ))}
          </ul>
        )}
        {rest.length === 0 ? null : (
          <dl class="rest">
            {rest.map(([name, told]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{told}</dd>
              </div>
            ))}
          </dl>
        )}
        {children}
      </div>
    </li>
  )
}

function ProductName({ ui: { f }, product }: { ui: Ui; product: Product }) {
  return (
    <>
      {' '}
      <bdi>{product.name}</bdi>
      {product.quantity === 1 ? null : <span class="quantity"> × {f.count(product.quantity)}</span>}
    </>
  )
}

/** A claim is described by its kind. */
function wordOf({ t }: Ui, { type, props }: TimelineEvent): string | null {
  return type === 'identify' && typeof props.kind === 'string' ? wordFor(t.contact.identify, props.kind) : null
}

/** The page's title or path, as a link if its address is safe. */
function PageName({ event: { title, url } }: { event: TimelineEvent }) {
  const href = safeLink(url)
  const name = title?.trim() || (href === null ? null : new URL(href).pathname)
  if (!name) return null
  return (
    <>
      {' '}
      {href === null ? (
        <bdi>{name}</bdi>
      ) : (
        <a class="page-name" href={href} target="_blank" rel="noopener noreferrer">
          <bdi>{name}</bdi>
        </a>
      )}
    </>
  )
}
