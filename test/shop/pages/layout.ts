/**
 * The common parts of the shop's pages: head, guide, header and footer. The order in the head matters: the line that
 * starts Couture's queue comes before anything that may call it. The data of a page's script (its items, a login's
 * token) are JSON on the body, so that no page has inline code of its own.
 */
import { html, raw } from 'hono/html'
import type { WireItem } from '../../../tag/wire.ts'
import type { Customer } from '../customers.ts'
import { SNIPPET } from '../policy.ts'
import { CATEGORIES } from '../products.ts'
import { guideBar } from './guide.ts'

/** Data for a page's script. `identify` and `reset` are present on the first page after a login or logout. */
export type PageData = {
  page: 'home' | 'product' | 'cart' | 'checkout' | 'thanks' | 'login' | 'missing'
  item?: WireItem
  items?: WireItem[]
  identify?: string
  reset?: true
}

/** A piece of a page. */
export type Html = ReturnType<typeof html>

type Shell = {
  base: string
  site: string
  tagPath: string
  title: string
  description?: string
  customer?: Customer
  data: PageData
  main: Html
}

/** The house's mark: a small brilliant, in outline. */
const mark = html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path d="M7 4h10l5 6-10 11L2 10z M2 10h20 M7 4l5 6 5-6 M8.5 10L12 21l3.5-11"/></svg>`

/** A whole page of the shop. */
export function shopPage({ base, site, tagPath, title, description, customer, data, main }: Shell): Html {
  const account = customer
    ? html`<span class="who"><span class="who-label">Logged in as </span>${customer.attributes.first_name}</span>
        <form method="post" action="${base}/logout"><button class="link" data-testid="logout">Log out</button></form>`
    : html`<a href="${base}/login">Log in</a>`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Maison Aurèle</title>
<meta name="description" content="${description ?? 'Fine jewellery, made in Lyon. A demo shop.'}">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<script>${raw(SNIPPET)}</script>
<script async src="${tagPath}?site=${site}"></script>
<link rel="icon" href="${base}/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${base}/assets/choices-library.css">
<link rel="stylesheet" href="${base}/assets/choices.css">
<link rel="stylesheet" href="${base}/assets/base.css">
<link rel="stylesheet" href="${base}/assets/guide.css">
<link rel="stylesheet" href="${base}/assets/shop.css">
<link rel="modulepreload" href="${base}/assets/choices.js">
<link rel="modulepreload" href="${base}/assets/choices-library.js">
<script type="module" src="${base}/assets/shop.js"></script>
</head>
<body data-base="${base}" data-page="${JSON.stringify(data)}">
<a class="skip" href="#main">Skip to content</a>
${guideBar(base)}
<header class="head">
  <a class="brand" href="${base}">${mark}<span>Maison Aurèle</span></a>
  <nav class="sections" aria-label="Collection">
    ${CATEGORIES.map(({ id, name }) => html`<a href="${base}#${id}">${name}</a>`)}
  </nav>
  <div class="account">
    ${account}
    <a class="bag" href="${base}/cart">Cart<span class="count" data-testid="cart-count" data-cart-count>0</span></a>
  </div>
</header>
<main id="main" class="page page-${data.page}">${main}</main>
<footer class="foot">
  <p>Maison Aurèle is a fictional shop for a demo. Nothing is for sale, and no payment is taken.</p>
  <p class="foot-links">
    <button class="link" type="button" data-choices disabled>Cookie choices</button>
    <button class="link" type="button" data-guide-show disabled>The story</button>
    <a href="${base}/mail">Mail</a>
    <a href="/dashboard/">Dashboard</a>
  </p>
</footer>
<p class="visually-hidden" role="status" data-status></p>
</body>
</html>`
}
