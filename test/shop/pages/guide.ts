/**
 * The guide of the demo: the story in six steps, at the top of every page. The server renders it for a newcomer; the
 * page's script advances it (`assets/guide.js`) by what this tab has done.
 */
import { html } from 'hono/html'
import { STORY_PRODUCT } from '../products.ts'

type Step = { name: string; hint: ReturnType<typeof html>; path?: string }

const steps = (base: string): Step[] => [
  {
    name: 'Choose',
    hint: html`Answer the cookie banner. <b>Accept all</b> shows the whole story; if you refuse, nothing is collected.`,
  },
  {
    name: 'Look',
    path: `${base}/products/${STORY_PRODUCT}`,
    hint: html`You are an unknown visitor. <a href="${base}/products/${STORY_PRODUCT}">Look at the white-gold bracelet</a>, more than once if you like.`,
  },
  {
    name: 'Cart',
    path: `${base}/products/${STORY_PRODUCT}`,
    hint: html`<a href="${base}/products/${STORY_PRODUCT}">Put the bracelet in the cart</a>.`,
  },
  {
    name: 'Leave',
    hint: html`Now leave it there, without buying. A cart counts as abandoned after a minute<span data-countdown></span>.`,
  },
  {
    name: 'Mail',
    path: `${base}/mail`,
    hint: html`You are Jean-Pierre at home. <a href="${base}/mail">Open the newsletter in your mailbox</a> and follow its link.`,
  },
  {
    name: 'Recognise',
    path: '/dashboard/',
    hint: html`Scroll or click once: only a person’s gesture counts, never the link alone. Then <a href="/dashboard/" data-guide-done>find Jean-Pierre and his cart in the dashboard</a>.`,
  },
]

/** The guide's bar. Its links work without a script; highlighting the current step does not. */
export function guideBar(base: string): ReturnType<typeof html> {
  const all = steps(base)
  return html`<aside class="guide" aria-label="The story in six steps" data-guide>
  <p class="guide-title">The story in six steps</p>
  <ol class="guide-steps">
    ${all.map(
      ({ name, path }, at) =>
        html`<li data-step="${at + 1}"${at === 0 ? html` aria-current="step"` : ''}>${path ? html`<a href="${path}">${name}</a>` : html`<span>${name}</span>`}</li>`,
    )}
  </ol>
  <div class="guide-hints">
    ${all.map(({ hint }, at) => html`<p data-hint="${at + 1}"${at === 0 ? '' : html` hidden`}>${hint}</p>`)}
    <p data-hint="refused" hidden>You refused, so Couture keeps nothing about you. <button class="link" type="button" data-choices disabled>Change your choice</button> to follow the story.</p>
    <p data-hint="anonymous" hidden>You stay a visitor without a name: Couture measures and recognises nobody. <button class="link" type="button" data-choices disabled>Change your choice</button> to follow the story.</p>
    <p data-hint="end" hidden>That was the story. Go on: <a href="${base}/login">log in as Jean-Pierre</a> for proof, <a href="${base}/checkout">buy the bracelet</a> and see the cart recovered, or look again at <a href="/dashboard/">the dashboard</a>.</p>
  </div>
  <button class="guide-close" type="button" data-guide-hide disabled aria-label="Hide the story">×</button>
</aside>`
}
