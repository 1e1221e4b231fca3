/** Grades: their order, and the grade of each session of a link by the proofs in it, before it and after it. */
import { describe, expect, test } from 'vitest'
import { attribute, type VisitorEvent } from '../../server/domain/epochs.ts'
import { byTimeThenId, type Evidence } from '../../server/domain/event.ts'
import { bestOf, GRADES, gradeAt, gradesFrom, reaches, weakestOf } from '../../server/domain/grade.ts'
import { linkVisitor } from '../../server/domain/identity.ts'
import type { Claim } from '../../server/domain/identity-evidence.ts'
import { personOf, visitorId } from '../../server/domain/ids.ts'
import { cartPolicyOf, defaultSettings, policyOf } from '../../server/domain/settings.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const POLICY = policyOf(defaultSettings())
const EVIDENCE: Record<string, Evidence> = { signed: 'login_verified', click: 'email_click', unsigned: 'login_claimed' }
const ITEMS = { currency: 'EUR', items: [{ item_id: 'ring', price: 100 }] }

/** `d1 click anna mail-2`: the day, what happens there, a minute after the line before it, and whose it is. */
function play(story: string[], policy: Partial<typeof POLICY> = {}) {
  const events: VisitorEvent[] = []
  const claims: Claim[] = []
  for (const [n, line] of story.entries()) {
    const [day, what, contact, message = 'mail-1'] = line.split(' ') as [string, string, string?, string?]
    const id = `e${String(n).padStart(2, '0')}`
    const at = Number(day.slice(1)) * DAY + n * MINUTE
    const evidence = EVIDENCE[what]
    const type = evidence ? 'identify' : what
    events.push({ id, at, type, reset: what === 'reset', identity: true, props: ITEMS, url: null })
    if (evidence === undefined || contact === undefined) continue
    const isClick = evidence === 'email_click'
    const flags = { importedAt: -DAY, erased: false, minor: false, mailConsent: true }
    claims.push({
      ...{ id, at, receivedAt: at, request: id, evidence, byServer: false },
      holder: { kind: 'contact', id: contact, ...flags },
      ...{ message: isClick ? message : null, issuedAt: isClick ? at : null, usedBefore: false, users: 1 },
      ...{ sharedAddress: false, revoked: false, crowded: false, act: null, cart: null, order: null },
    })
  }
  const rules = { ...POLICY, ...policy }
  const linked = linkVisitor(events.sort(byTimeThenId), claims, null, rules)
  const options = {
    cartWindowMs: rules.backstitchMs,
    cart: cartPolicyOf({ origins: [], settings: defaultSettings() }),
    mailTyped: false,
  }
  const { personOf: persons, carts } = attribute(visitorId('visitor'), events, linked, options)
  const grades = events.map((event, i) => {
    const owner = personOf(persons[i]!)
    if (owner.kind === 'visitor') return '.'
    const own = linked.stretches.filter(({ link }) => link?.contact === owner.id)
    const stretch = own.findLast(({ from }) => from <= i) ?? own[0]
    return gradeAt(stretch!.link!.grades, event.at) ?? 'none'
  })
  return { grades: grades.join(' '), carts: carts.map((cart) => cart.grade) }
}

describe('the grade of each event', () => {
  test.each<[string, string[], string, Partial<typeof POLICY>?]>([
    [
      'a signed login: proven, remembered in later visits, before in earlier ones',
      ['d0 page', 'd1 page', 'd1 signed anna', 'd1 page', 'd3 page'],
      'before proven proven proven remembered',
    ],
    [
      'a single click: clicked, and after_click in later visits',
      ['d0 page', 'd1 page', 'd1 click anna', 'd3 page'],
      '. clicked clicked after_click',
    ],
    [
      'two messages: both sessions proven, remembered after both, before between and ahead of them',
      ['d0 page', 'd1 click anna mail-1', 'd2 page', 'd3 click anna mail-2', 'd4 page'],
      'before proven before proven remembered',
    ],
    [
      'a click and a later login: proven here, so both sessions are',
      ['d1 click anna', 'd2 page', 'd3 signed anna', 'd4 page'],
      'proven before proven remembered',
    ],
    [
      'a login before a logout proves the contact for the click after it',
      ['d0 signed anna', 'd0 reset', 'd1 page', 'd2 click anna', 'd3 page'],
      'proven proven before proven remembered',
    ],
    [
      'a second click on the same mail is no second proof',
      ['d1 click anna', 'd2 click anna', 'd3 page'],
      'clicked clicked after_click',
    ],
    [
      'the cart that a click brought along',
      ['d0 add_to_cart', 'd0 page', 'd2 click anna', 'd3 page'],
      'cart . clicked after_click',
    ],
    [
      'on a shared device every session is shared',
      ['d0 page', 'd1 signed anna', 'd2 page', 'd3 signed ben', 'd4 click anna'],
      '. shared . shared shared',
    ],
    [
      'one click on a device that others share by clicks is a click',
      ['d0 click anna mail-1', 'd1 click anna mail-2', 'd2 click ben mail-1', 'd3 click ben mail-2', 'd4 click carl'],
      'shared shared shared shared clicked',
    ],
    [
      'an unsigned login gives nothing, and a trusted one is worth a click',
      ['d0 page', 'd1 unsigned anna', 'd2 page'],
      '. clicked after_click',
      { trustUnsigned: true },
    ],
    [
      'with email_click_backstitch=window the earlier visits are no better than the later ones',
      ['d0 page', 'd1 click anna', 'd2 page'],
      'after_click clicked after_click',
      { firstClick: 'window' },
    ],
  ])('%s', (_, story, grades, policy) => expect(play(story, policy).grades).toBe(grades))
})

describe('the grade of a cart is that of its weakest event', () => {
  test.each<[string, string[], (string | null)[]]>([
    ['one filled while signed in', ['d0 signed anna', 'd0 add_to_cart'], ['proven']],
    ['one that a click brought along', ['d0 add_to_cart', 'd1 click anna', 'd1 add_to_cart'], ['cart']],
    ['one begun after a click and continued', ['d0 click anna', 'd0 add_to_cart', 'd2 add_to_cart'], ['after_click']],
    ['one of nobody', ['d0 add_to_cart'], [null]],
  ])('%s', (_, story, grades) => expect(play(story).carts).toEqual(grades))
})

test('grades are ordered as they are listed, best first', () => {
  for (const [i, grade] of GRADES.entries()) {
    expect(GRADES.map((floor) => reaches(grade, floor))).toEqual(GRADES.map((_, j) => i <= j))
    expect(gradesFrom(grade)).toEqual(GRADES.slice(0, i + 1))
  }
  expect(reaches(null, 'cart')).toBe(false)
})

test('the best and the weakest of some grades', () => {
  expect(bestOf(['clicked', 'proven', 'cart'])).toBe('proven')
  expect(bestOf([])).toBeNull()
  expect(weakestOf(['clicked', 'proven', 'after_click'])).toBe('after_click')
  expect(weakestOf(['proven', null])).toBeNull()
  expect(weakestOf([])).toBeNull()
})
