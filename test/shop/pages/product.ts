/** A product's page: picture, text, quantity, cart and wishlist. `assets/shop.js` sends the events to Couture. */
import { html } from 'hono/html'
import type { WireItem } from '../../../tag/wire.ts'
import { CATEGORIES, PRODUCTS, type Product, priceText } from '../products.ts'
import type { Html, PageData } from './layout.ts'

/** The view of a product's page. */
export function productPage(
  base: string,
  product: Product,
  item: WireItem,
): { title: string; description: string; data: PageData; main: Html } {
  const section = CATEGORIES.find(({ id }) => id === product.category)!
  const others = PRODUCTS.filter((other) => other.drawing.velvet === product.drawing.velvet && other !== product)
  const main = html`<nav class="crumbs" aria-label="You are here"><a href="${base}">Maison Aurèle</a> <span aria-hidden="true">/</span> <a href="${base}#${section.id}">${section.name}</a></nav>
<article class="product">
  <img class="product-picture" src="${base}/img/${product.id}.svg" alt="${product.name}, ${product.details[0]}" width="400" height="400" fetchpriority="high">
  <div class="product-words">
    <p class="card-french" lang="fr">${product.french}</p>
    <h1>${product.name}</h1>
    <p class="price">${priceText(product.price)}</p>
    <p class="lead">${product.description}</p>
    <form class="buy" data-buy>
      <label class="quantity">Quantity
        <input type="number" name="quantity" value="1" min="1" max="9" inputmode="numeric" required>
      </label>
      <button class="button" data-testid="add-to-cart" disabled>Add to cart</button>
      <button class="button quiet wish" type="button" data-wish aria-pressed="false" disabled><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 20.5C5 15.5 3 12 3 8.8A4.8 4.8 0 0 1 12 6.6a4.8 4.8 0 0 1 9 2.2C21 12 19 15.5 12 20.5z"/></svg><span>Wishlist</span></button>
    </form>
    <p class="added" data-added hidden>In your cart. <a href="${base}/cart">See the cart</a></p>
    <ul class="details">${product.details.map((detail) => html`<li>${detail}</li>`)}</ul>
  </div>
</article>
<section class="section others" aria-labelledby="others">
  <header><h2 id="others">From the same case</h2></header>
  <ul class="cards">
    ${others.map((other) => html`<li class="card"><a href="${base}/products/${other.id}"><img src="${base}/img/${other.id}.svg" alt="" width="400" height="400" loading="lazy"><span class="card-name">${other.name}</span><span class="price">${priceText(other.price)}</span></a></li>`)}
  </ul>
</section>`
  return { title: product.name, description: product.description, data: { page: 'product', item }, main }
}
