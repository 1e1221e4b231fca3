/**
 * Advances the guide. A step counts as done if this tab has done it; progress is kept under `shop.guide` in session
 * storage from the first step on. The guide only watches the shop: it asks Couture nothing and sends it nothing.
 */
import { count } from './cart.js'

const KEY = 'shop.guide'

/** After this long without a purchase the demo calls a cart abandoned. */
const LEAVE_MS = 60_000

let choiceMade = null
let timer

function state() {
  return JSON.parse(sessionStorage.getItem(KEY) ?? '{}')
}

function save(more) {
  sessionStorage.setItem(KEY, JSON.stringify({ ...state(), ...more }))
}

/** The next step, from 1 to 6, or `refused`, `anonymous` or `end`. */
function current() {
  const { viewed, added, mailed, done } = state()
  if (done) return 'end'
  if (choiceMade === 'refused' || choiceMade === 'anonymous') return choiceMade
  if (mailed) return 6
  if (added || count() > 0) return Date.now() - (added ?? 0) < LEAVE_MS ? 4 : 5
  if (choiceMade === null) return 1
  return viewed ? 3 : 2
}

function draw() {
  const bar = document.querySelector('[data-guide]')
  const { hidden, added } = state()
  bar.hidden = Boolean(hidden)
  const now = current()
  const number = now === 'end' ? 7 : typeof now === 'number' ? now : 1
  for (const step of bar.querySelectorAll('[data-step]')) {
    const at = Number(step.dataset.step)
    step.toggleAttribute('data-done', at < number)
    if (at === number) step.setAttribute('aria-current', 'step')
    else step.removeAttribute('aria-current')
  }
  for (const hint of bar.querySelectorAll('[data-hint]')) hint.hidden = hint.dataset.hint !== String(now)
  clearTimeout(timer)
  if (now !== 4) return
  const seconds = Math.ceil((added + LEAVE_MS - Date.now()) / 1000)
  bar.querySelector('[data-countdown]').textContent = `: ${seconds} s to go`
  timer = setTimeout(draw, 1000)
}

/** Records a step of the story: `viewed`, `added`, `mailed` or `done`. */
export function note(what) {
  save({ [what]: state()[what] ?? Date.now() })
  draw()
}

/** Tells the guide the visitor's choice: `granted`, `anonymous` (measured, not recognised) or `refused`. */
export function choice(made) {
  choiceMade = made
  draw()
}

/** Gives a button something to do, and only then lets it be clicked: it is served disabled. */
function bind(button, act) {
  button.addEventListener('click', act)
  button.disabled = false
}

/** Makes the guide of this page work. */
export function start() {
  const bar = document.querySelector('[data-guide]')
  bind(bar.querySelector('[data-guide-hide]'), () => {
    save({ hidden: true })
    draw()
  })
  const show = document.querySelector('[data-guide-show]')
  if (show) {
    bind(show, () => {
      save({ hidden: false })
      draw()
      bar.scrollIntoView({ block: 'nearest' })
    })
  }
  bar.querySelector('[data-guide-done]').addEventListener('click', () => save({ done: Date.now() }))
  draw()
}
