/**
 * The content of a cart: the first three items with their pictures, and the number of the others. Names are text; links
 * and pictures appear only if their address is safe, and a picture that does not load is removed with its frame.
 */
import { useState } from 'hono/jsx/dom'
import type { Cart, Item } from '../api.ts'
import type { Ui } from '../texts/format.ts'
import { safeLink, safePicture } from './safe-url.ts'

const ITEMS_SHOWN = 3

/** The items of a cart. */
export function CartItems({ ui: { t, f }, cart }: { ui: Ui; cart: Cart }) {
  const rest = cart.items.length - ITEMS_SHOWN
  if (cart.items.length === 0) return <p class="masked">{t.cartUnknown}</p>
  return (
    <ul class="items">
      {cart.items.slice(0, ITEMS_SHOWN).map((item) => (
        <li key={item.item_id}>
          <Picture key={item.image_url} source={safePicture(item.image_url, cart.url)} />
          <span class="item-name">
            <ItemName ui={{ t, f }} item={item} base={cart.url} />
            {item.quantity !== undefined && item.quantity !== 1 ? (
              <span class="quantity"> × {f.count(item.quantity)}</span>
            ) : null}
          </span>
        </li>
      ))}
      {rest > 0 ? (
        <li key=" rest" class="hint">
          {t.itemsMore(rest, f.count)}
        </li>
      ) : null}
    </ul>
  )
}

function ItemName({ ui: { t }, item, base }: { ui: Ui; item: Item; base: string | null }) {
  const name = item.item_name?.trim() || item.item_id
  const href = safeLink(item.url, base)
  if (href === null) return <bdi>{name}</bdi>
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      <bdi>{name}</bdi>
      <span class="unseen"> {t.newTab}</span>
    </a>
  )
}

function Picture({ source }: { source: string | null }) {
  const [broken, setBroken] = useState(false)
  if (source === null || broken) return null
  return (
    <img
      src={source}
      alt=""
      width="40"
      height="40"
      loading="lazy"
      decoding="async"
      referrerpolicy="no-referrer"
      onError={() => setBroken(true)}
    />
  )
}
