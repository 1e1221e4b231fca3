/**
 * The two pages that show the cart. Each is drawn from storage, and again when the browser restores it from its
 * history, because the cart may have been paid for meanwhile.
 */
import * as cart from './cart.js'

export const CURRENCY = 'EUR'

const $ = (selector) => document.querySelector(selector)
const money = new Intl.NumberFormat('en-GB', { style: 'currency', currency: CURRENCY, maximumFractionDigits: 0 })

function showOrEmpty(items) {
  $('[data-cart]').hidden = items.length === 0
  $('[data-empty]').hidden = items.length > 0
  $('[data-total]').textContent = money.format(cart.worth(items))
}

function whenBroughtBack(draw) {
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) draw()
  })
}

/** The cart: quantities can be changed and lines removed, and each change is sent as an addition or a removal. */
export function initCartPage(catalogue, { track, announce, showCount }) {
  const lines = $('[data-lines]')

  const change = (item, by) => {
    const changed = cart.change(item.item_id, by)
    if (changed !== 0)
      track(changed > 0 ? 'add_to_cart' : 'remove_from_cart', [{ ...item, quantity: Math.abs(changed) }])
    showCount()
    draw()
    announce(`The cart holds ${cart.count()} pieces.`)
  }

  const lineOf = (item) => {
    const line = $('#line').content.cloneNode(true)
    const path = new URL(item.url).pathname
    line.querySelector('img').src = new URL(item.image_url).pathname
    const name = line.querySelector('.card-name')
    name.textContent = item.item_name
    name.href = path
    line.querySelector('.price').textContent = money.format(item.price)
    line.querySelector('label span').textContent = `Quantity of ${item.item_name}`
    line.querySelector('.line-sum').textContent = money.format(item.price * item.quantity)
    const input = line.querySelector('input')
    input.value = String(item.quantity)
    input.id = `quantity-${item.item_id}`
    input.addEventListener('change', () => {
      if (!input.checkValidity() || input.value === '') input.value = String(item.quantity)
      change(item, Number(input.value) - item.quantity)
      document.getElementById(input.id)?.focus()
    })
    const remove = line.querySelector('button')
    remove.setAttribute('aria-label', `Remove ${item.item_name}`)
    remove.addEventListener('click', () => change(item, -item.quantity))
    return line
  }

  const draw = () => {
    const items = cart.contents(catalogue)
    lines.replaceChildren(...items.map(lineOf))
    showOrEmpty(items)
    return items
  }

  const items = draw()
  if (items.length > 0) track('view_cart', items)
  whenBroughtBack(draw)
}

/** The checkout: pays, sends the purchase, empties the cart and goes to the thank-you page. */
export function initCheckout(catalogue, { track, base }) {
  const form = $('[data-pay]')
  const pay = form.querySelector('button')

  const draw = () => {
    const items = cart.contents(catalogue)
    $('[data-order]').replaceChildren(
      ...items.map((item) => {
        const line = document.createElement('li')
        line.append(`${item.quantity} × ${item.item_name}`, document.createElement('span'))
        line.lastChild.textContent = money.format(item.price * item.quantity)
        return line
      }),
    )
    showOrEmpty(items)
    pay.disabled = items.length === 0
    pay.textContent = `Pay ${money.format(cart.worth(items))}`
    return items
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const items = cart.contents(catalogue)
    if (items.length === 0 || pay.disabled) return
    pay.disabled = true
    const order = `MA-${crypto
      .getRandomValues(new Uint32Array(2))
      .reduce((text, part) => text + part.toString(36), '')
      .toUpperCase()
      .slice(0, 9)}`
    track('purchase', items, { transaction_id: order })
    cart.clear()
    location.assign(`${base}/thanks?order=${order}`)
  })

  const items = draw()
  if (items.length > 0) track('begin_checkout', items)
  whenBroughtBack(draw)
}
