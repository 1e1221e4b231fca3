/** The home page: the bracelet of the story on its own, then the collection by section. */
import { html } from 'hono/html'
import { CATEGORIES, PRODUCTS, type Product, priceText, STORY_PRODUCT } from '../products.ts'
import type { Html, PageData } from './layout.ts'

const card = (base: string, product: Product): Html => html`<li class="card">
  <a href="${base}/products/${product.id}" data-testid="product-${product.id}">
    <img src="${base}/img/${product.id}.svg" alt="" width="400" height="400" loading="lazy" decoding="async">
    <span class="card-french" lang="fr">${product.french}</span>
    <span class="card-name">${product.name}</span>
    <span class="price">${priceText(product.price)}</span>
  </a>
</li>`

/** The view of the home page. */
export function homePage(base: string): { title: string; data: PageData; main: Html } {
  const story = PRODUCTS.find((product) => product.id === STORY_PRODUCT)!
  const main = html`<section class="hero" aria-labelledby="hero-title">
  <div class="hero-words">
    <h1 id="hero-title">Small lights,<br>worn close.</h1>
    <p>Thirteen pieces, made by four pairs of hands in a workshop above the Saône.</p>
    <p><a class="button quiet" href="#bracelets">See the collection</a></p>
  </div>
  <a class="hero-piece" href="${base}/products/${story.id}" data-testid="product-${story.id}">
    <img src="${base}/img/${story.id}.svg" alt="" width="400" height="400" fetchpriority="high">
    <span class="hero-label">
      <span class="card-french" lang="fr">${story.french}</span>
      <span class="card-name">${story.name}</span>
      <span class="price">${priceText(story.price)}</span>
    </span>
  </a>
</section>
${CATEGORIES.map(
  ({ id, name, line }) => html`<section class="section" aria-labelledby="${id}">
  <header><h2 id="${id}">${name}</h2><p class="section-line">${line}</p></header>
  <ul class="cards">
    ${PRODUCTS.filter((product) => product.category === id && product !== story).map((product) => card(base, product))}
  </ul>
</section>`,
)}`
  return { title: 'Fine jewellery', data: { page: 'home' }, main }
}
