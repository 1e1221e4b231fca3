/**
 * Checkout and thank-you page. Name and address stay with the shop: the script sends Couture the order's number and
 * items, and never what is typed here. The purchase is sent when Pay is pressed, so that reloading the last page sends
 * nothing.
 */
import { html } from 'hono/html'
import type { WireItem } from '../../../tag/wire.ts'
import { type Customer, nameOf } from '../customers.ts'
import type { Html, PageData } from './layout.ts'

/** The view of the checkout. */
export function checkoutPage(
  base: string,
  items: WireItem[],
  customer?: Customer,
): { title: string; data: PageData; main: Html } {
  const main = html`<h1>Check out</h1>
<div class="cart" data-cart hidden>
  <form class="form" method="post" data-pay>
    <label>Name<input name="name" autocomplete="name" required value="${customer ? nameOf(customer) : ''}"></label>
    <label>E-mail, for the receipt<input name="email" type="email" autocomplete="email" required value="${customer?.email ?? ''}"></label>
    <p class="small">Both stay with the shop. Couture receives the order, but not the address you type.</p>
    <button class="button" data-testid="pay" disabled>Pay</button>
    <p class="small">This is a demo: no card is needed and nothing is charged.</p>
  </form>
  <div class="sum">
    <ul class="order" data-order></ul>
    <p class="total"><span>Total</span> <strong data-total></strong></p>
  </div>
</div>
<div class="empty" data-empty hidden>
  <p>Your cart is empty, so there is nothing to pay.</p>
  <p><a class="button" href="${base}">See the collection</a></p>
</div>
<noscript><p>The cart is kept by your browser and needs JavaScript.</p></noscript>`
  return { title: 'Check out', data: { page: 'checkout', items }, main }
}

/** The page after the payment. */
export function thanksPage(base: string, order: string): { title: string; data: PageData; main: Html } {
  const main = html`<div class="thanks">
  <h1>Thank you.</h1>
  <p class="lead">Your order <strong data-testid="order-id">${order}</strong> is on the bench.</p>
  <p>In the <a href="/dashboard/">dashboard</a> the cart is now recovered, and the pieces are counted as purchased.</p>
  <p><a class="button quiet" href="${base}">Back to the collection</a></p>
</div>`
  return { title: 'Thank you', data: { page: 'thanks' }, main }
}
