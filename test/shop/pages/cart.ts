/** The cart's page. The cart lives in the browser; the server supplies the items with their prices. */
import { html } from 'hono/html'
import type { WireItem } from '../../../tag/wire.ts'
import type { Html, PageData } from './layout.ts'

/** The view of the cart. */
export function cartPage(base: string, items: WireItem[]): { title: string; data: PageData; main: Html } {
  const main = html`<h1>Your cart</h1>
<div class="cart" data-cart hidden>
  <ul class="lines" data-lines></ul>
  <div class="sum">
    <p class="total"><span>Total</span> <strong data-total></strong></p>
    <p class="small">Delivery by hand in Lyon, insured elsewhere, included.</p>
    <a class="button" href="${base}/checkout" data-testid="checkout">Check out</a>
    <p class="small"><a href="${base}">Continue shopping</a></p>
  </div>
</div>
<div class="empty" data-empty hidden>
  <p>Your cart is empty.</p>
  <p><a class="button" href="${base}">See the collection</a></p>
</div>
<noscript><p>The cart is kept by your browser and needs JavaScript.</p></noscript>
<template id="line">
  <li class="line">
    <img alt="" width="400" height="400">
    <div class="line-words"><a class="card-name"></a><span class="price"></span></div>
    <label class="quantity"><span class="visually-hidden"></span><input type="number" min="1" max="9" inputmode="numeric"></label>
    <span class="line-sum"></span>
    <button class="link" type="button">Remove</button>
  </li>
</template>`
  return { title: 'Your cart', data: { page: 'cart', items }, main }
}
