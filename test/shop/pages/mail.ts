/**
 * The mailbox: it plays a customer's e-mail program and shares the shop's origin only because this is a demo. So it
 * loads neither the tag nor the consent banner, and its links behave like links in a mail.
 */
import { html } from 'hono/html'
import { CUSTOMERS, type Customer, nameOf } from '../customers.ts'
import type { MailLink } from '../newsletter.ts'
import { priceText } from '../products.ts'
import { guideBar } from './guide.ts'
import type { Html } from './layout.ts'

/** The content of the inbox: the newsletter, nothing because its owner has not agreed to mail, or an error. */
type Inbox = { kind: 'newsletter'; links: MailLink[] } | { kind: 'nothing' } | { kind: 'failed'; message: string }

const SUBJECT = 'The white-gold bracelet is still waiting / New this week'

function letter(base: string, owner: Customer, links: MailLink[]): Html {
  const [first, ...rest] = links
  const piece = ({ product, url }: MailLink) =>
    html`<li><a href="${url}" rel="noreferrer"><img src="${base}/img/${product.id}.svg" alt="" width="400" height="400"><span>${product.name}</span> <span class="price">${priceText(product.price)}</span></a></li>`
  return html`<article class="letter" aria-labelledby="subject">
  <header>
    <h1 id="subject">${SUBJECT}</h1>
    <p class="addresses"><b>Maison Aurèle</b> &lt;letters@maison-aurele.example&gt;<br>to ${nameOf(owner)} &lt;${owner.email}&gt;</p>
  </header>
  <div class="paper">
    <p class="paper-brand">Maison Aurèle</p>
    <p>Dear ${owner.attributes.first_name},</p>
    <p>The white-gold bracelet is still waiting: one is in the case, and we have stopped pretending not to polish it.</p>
    <a class="paper-piece" href="${first!.url}" rel="noreferrer" data-testid="mail-link">
      <img src="${base}/img/${first!.product.id}.svg" alt="" width="400" height="400">
      <span class="paper-button">See the white-gold bracelet, ${priceText(first!.product.price)}</span>
    </a>
    <h2>New this week</h2>
    <ul class="paper-more">${rest.map(piece)}</ul>
    <p class="paper-foot">You receive this letter because you signed up for it in our shop.</p>
  </div>
</article>`
}

/** The mail program with one inbox open. */
export function mailPage(base: string, owner: Customer, inbox: Inbox): Html {
  const content = () => {
    switch (inbox.kind) {
      case 'newsletter':
        return letter(base, owner, inbox.links)
      case 'nothing':
        return html`<div class="no-mail"><h1>Nothing from Maison Aurèle</h1><p>${owner.attributes.first_name} has not agreed to receive mail, so the shop sends none. Couture marks such people as not mailable.</p></div>`
      case 'failed':
        return html`<div class="no-mail"><h1>The letter could not be created</h1><p>Couture returned no links for it: ${inbox.message}</p></div>`
    }
  }
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inbox of ${nameOf(owner)}</title>
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="${base}/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${base}/assets/base.css">
<link rel="stylesheet" href="${base}/assets/guide.css">
<link rel="stylesheet" href="${base}/assets/mail.css">
<script type="module" src="${base}/assets/mail.js"></script>
</head>
<body data-base="${base}">
${guideBar(base)}
<div class="mail">
  <header class="mail-head"><p class="mail-name">Mail</p><p>A stand-in for the customer’s own e-mail program. <a href="${base}">Back to the shop</a></p></header>
  <nav class="inboxes" aria-label="Whose inbox">
    ${CUSTOMERS.map(
      (
        one,
      ) => html`<a href="${base}/mail?inbox=${one.id}" data-testid="mail-${one.id}"${one === owner ? html` aria-current="page"` : ''}>
      <span class="face" aria-hidden="true">${one.attributes.first_name[0]}${one.attributes.last_name[0]}</span>
      <span>${nameOf(one)}<small>${one.mail_consent ? '1 new letter' : 'no letters'}</small></span></a>`,
    )}
  </nav>
  <main class="open">${content()}</main>
</div>
</body>
</html>`
}
