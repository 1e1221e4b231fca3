/** The login: a choice of three customers, because a demo that asked for a password would only give it away. */
import { html } from 'hono/html'
import { CUSTOMERS, type Customer, nameOf } from '../customers.ts'
import type { Html, PageData } from './layout.ts'

/** The view of the login. */
export function loginPage(base: string, customer?: Customer): { title: string; data: PageData; main: Html } {
  const main = html`<div class="login">
  <h1>Who are you today?</h1>
  <p class="lead">This is a demo, so there is no password: pick a customer of the shop.</p>
  ${customer ? html`<p>You are logged in as ${nameOf(customer)}.</p>` : ''}
  <form method="post" action="${base}/login">
    <ul class="people">
      ${CUSTOMERS.map(
        (one) => html`<li><button name="customer" value="${one.id}" data-testid="login-${one.id}">
        <span class="face" aria-hidden="true">${one.attributes.first_name[0]}${one.attributes.last_name[0]}</span>
        <span><span class="card-name">${nameOf(one)}</span><span class="small">${one.attributes.city} · ${one.email}</span></span>
      </button></li>`,
      )}
    </ul>
  </form>
  <p class="small">After you log in, the shop’s server signs a short-lived token that says who you are, and the next page hands it to Couture. That is proof, while a newsletter link is only good evidence.</p>
</div>`
  return { title: 'Log in', data: { page: 'login' }, main }
}
