/** The page for unknown addresses. */
import { html } from 'hono/html'
import type { Html, PageData } from './layout.ts'

/** The view of the page for unknown addresses. */
export function missingPage(base: string): { title: string; data: PageData; main: Html } {
  const main = html`<div class="empty"><h1>Not in the case</h1><p>This page or piece does not exist.</p><p><a class="button" href="${base}">See the collection</a></p></div>`
  return { title: 'Not found', data: { page: 'missing' }, main }
}
