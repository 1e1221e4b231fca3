/**
 * The shop's own script: it keeps the cart and sends Couture what a shop sends an analytics tool, under GA4's names. It
 * only uses the public call, `couture(…)`. The order on a page is fixed: the visitor's choice, then a logout or login
 * that has just happened, then the content of the page.
 */
import * as cart from './cart.js'
import { CURRENCY, initCartPage, initCheckout } from './cart-pages.js'
import { startChoices } from './choices.js'
import * as guide from './guide.js'

const couture = (...args) => window.couture(...args)
const page = JSON.parse(document.body.dataset.page)
const base = document.body.dataset.base
const $ = (selector) => document.querySelector(selector)

/** An event about some items, with their total. */
function track(type, items, more = {}) {
  couture('track', type, { ...more, currency: CURRENCY, value: cart.worth(items), items })
}

/** Announces a change to screen readers. */
function announce(text) {
  $('[data-status]').textContent = text
}

function showCount() {
  const badge = $('[data-cart-count]')
  badge.textContent = String(cart.count())
  badge.dataset.full = String(cart.count() > 0)
}

function initProduct(item) {
  track('view_item', [item])
  guide.note('viewed')

  const form = $('[data-buy]')
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const quantity = Number(new FormData(form).get('quantity'))
    const added = cart.change(item.item_id, quantity)
    if (added <= 0) return announce('The cart holds at most nine of a piece.')
    track('add_to_cart', [{ ...item, quantity: added }])
    guide.note('added')
    $('[data-added]').hidden = false
    announce(`${item.item_name} is in your cart.`)
    showCount()
  })

  const wish = $('[data-wish]')
  const show = () => {
    const on = cart.wished(item.item_id)
    wish.setAttribute('aria-pressed', String(on))
    wish.querySelector('span').textContent = on ? 'On your wishlist' : 'Wishlist'
  }
  wish.addEventListener('click', () => {
    if (cart.toggleWish(item.item_id)) track('add_to_wishlist', [item])
    show()
  })
  show()
  // Until here a click would have been lost, or have sent the form by itself.
  for (const button of form.querySelectorAll('button')) button.disabled = false
}

showCount()
window.addEventListener('storage', showCount)
guide.start()

await startChoices({
  tell: (choice) => couture('consent', choice),
  changed: guide.choice,
})

if (page.reset) couture('reset')
if (page.identify) couture('identify', { token: page.identify })

if (page.page === 'product') initProduct(page.item)
if (page.page === 'cart') initCartPage(page.items, { track, announce, showCount })
if (page.page === 'checkout') initCheckout(page.items, { track, base })
