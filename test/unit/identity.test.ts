/**
 * The decision table of identity, cell by cell, and how far a link reaches. A story is a list of moments of one visitor
 * in words; the expected results are the links with their reasons and, for each moment, the owner: `a` is Anna, `b` is
 * Ben, `.` means anonymous.
 */
import { describe, expect, test } from 'vitest'
import { attribute, type VisitorEvent } from '../../server/domain/epochs.ts'
import { byTimeThenId, type Evidence } from '../../server/domain/event.ts'
import { linkVisitor, type Policy } from '../../server/domain/identity.ts'
import type { Claim, Holder } from '../../server/domain/identity-evidence.ts'
import type { IdentityLink } from '../../server/domain/identity-link.ts'
import { type Action, ANOTHER, SAME, type State } from '../../server/domain/identity-table.ts'
import { contactPerson } from '../../server/domain/ids.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
/** An arbitrary day, on which the stories begin as `d0`. */
const START = Date.UTC(2026, 2, 2)

const POLICY: Policy = {
  sessionMs: 30 * MINUTE,
  backstitchMs: 30 * DAY,
  loginMs: 90 * DAY,
  clickMs: 90 * DAY,
  firstClick: 'session',
  trustUnsigned: false,
  sharedFrom: 2,
  formConfirms: false,
}

const EVIDENCE: Record<string, Evidence> = {
  signed: 'login_verified',
  click: 'email_click',
  unsigned: 'login_claimed',
  typed: 'form_email',
}

const DOINGS: Record<string, { type: string; props?: Record<string, unknown> }> = {
  page: { type: 'page' },
  reset: { type: 'reset' },
  withdraws: { type: 'consent' },
  allows: { type: 'grant' },
  'adds ring': { type: 'add_to_cart', props: { currency: 'EUR', items: [{ item_id: 'ring', price: 100 }] } },
  'adds chain': { type: 'add_to_cart', props: { currency: 'EUR', items: [{ item_id: 'chain', price: 50 }] } },
  buys: { type: 'purchase', props: { currency: 'EUR', value: 100, items: [{ item_id: 'ring' }] } },
}

const timeOf = (day: string, clock = '00:00') => {
  const [hours, minutes] = clock.split(':').map(Number)
  return START + Number(day.slice(1)) * DAY + (hours! * 60 + minutes!) * MINUTE
}

/**
 * `d3 10:05 click anna mail-2 (used before)`: day, time, what happens, remarks in parentheses. Moments are `page`,
 * `reset`, `withdraws` and `allows` (identity consent) and the actions above; claims are `signed`, `click` and
 * `unsigned`.
 */
function parse(line: string, index: number): { event: VisitorEvent; claim: Claim | null } {
  const words = /^(d-?\d+) (\d\d:\d\d) ([^(]+?)\s*((?:\([^)]*\)\s*)*)$/.exec(line)
  if (!words) throw new Error(`no such line: ${line}`)
  const [, day, clock, what, remarks] = words as unknown as [string, string, string, string, string]
  const remark = (pattern: RegExp) => pattern.exec(remarks)?.slice(1) ?? null
  const at = timeOf(day, clock)
  const id = `e${String(index).padStart(3, '0')}`
  const [kind, contact, message = 'mail-1'] = what.split(' ') as [string, string, string?]
  const evidence = EVIDENCE[kind]
  const doing = evidence ? { type: 'identify' } : DOINGS[what]
  if (!doing) throw new Error(`nobody knows how to do "${what}"`)
  const event: VisitorEvent = {
    id,
    at,
    type: doing.type,
    reset: doing.type === 'reset',
    identity: doing.type !== 'consent' && !remarks.includes('(without identity consent)'),
    props: doing.props ?? null,
    url: null,
  }
  if (!evidence) return { event, claim: null }
  const imported = remark(/\(imported (d-?\d+)\)/)
  const received = remark(/\(received (d-?\d+)\)/)
  const issued = remark(/\(issued (d-?\d+) ?(\d\d:\d\d)?\)/)
  const holder: Holder = remarks.includes('(not in the CRM)')
    ? { kind: 'unknown' }
    : remarks.includes('(held by two)')
      ? { kind: 'ambiguous' }
      : {
          kind: 'contact',
          id: contact,
          importedAt: imported ? timeOf(imported[0]!) : START - 1000 * DAY,
          erased: remarks.includes('(erased)'),
          minor: remarks.includes('(minor)'),
          mailConsent: !remarks.includes('(may not be mailed)'),
        }
  const users = Number(remark(/\(used by (\d) in all\)/)?.[0] ?? 1)
  const usedBefore = remarks.includes('(used before)')
  const claim: Claim = {
    id,
    at,
    receivedAt: received ? timeOf(received[0]!) : at,
    request: remark(/\(in request (\w+)\)/)?.[0] ?? id,
    evidence,
    byServer: remarks.includes('(by the server)'),
    holder,
    message: evidence === 'email_click' ? message : null,
    issuedAt: evidence === 'email_click' ? (issued ? timeOf(issued[0]!, issued[1]) : at) : null,
    usedBefore,
    users: Math.max(users, usedBefore || remarks.includes('(used elsewhere too)') ? 2 : 1),
    sharedAddress: remarks.includes('(address of two)'),
    revoked: remarks.includes('(token revoked)'),
    crowded: remarks.includes('(after many others)'),
    act: remarks.includes('(voided)') ? 'void' : remarks.includes('(confirmed)') ? 'confirm' : null,
    cart: remark(/\(of cart (\w+)\)/)?.[0] ?? null,
    order: remark(/\(of order (\w+)\)/)?.[0] ?? null,
  }
  return { event, claim }
}

/** Plays a story and returns the result. */
function play(story: string[], policy: Partial<Policy> = {}, mailTyped = false) {
  const lines = story.map(parse)
  const events = lines.map((line) => line.event).sort(byTimeThenId)
  const claims = lines.flatMap((line) => line.claim ?? []).sort(byTimeThenId)
  const withdrawal = events.findLast((event) => event.type === 'consent')
  const grant = events.find((event) => event.type === 'grant' && event.at >= (withdrawal?.at ?? 0))
  const denial = withdrawal ? { at: withdrawal.at, until: grant?.at ?? null } : null
  const rules = { ...POLICY, ...policy }
  const linked = linkVisitor(events, claims, denial, rules)
  const { links, shared } = linked
  const hosts = { links: new Set<string>(), pictures: new Set<string>(), home: null }
  const cart = { abandonedAfterMs: 60 * MINUTE, currency: null, cartUrl: null, hosts }
  const options = { cartWindowMs: rules.backstitchMs, cart, mailTyped }
  const { personOf, carts, epochs } = attribute('visitor', events, linked, options)
  const nameOf = (personId: string) =>
    personId === contactPerson('anna') ? 'a' : personId === contactPerson('ben') ? 'b' : '.'
  return {
    links: [...links].sort(byTimeThenId).map(say),
    raw: [...links].sort(byTimeThenId),
    owners: personOf.map(nameOf).join(' '),
    carts: carts.map(
      (cart) => `${nameOf(cart.personId)}: ${cart.items.map((item) => item.item_id).join(', ')} ${cart.state}`,
    ),
    typed: carts.map((cart) => cart.typedContact ?? '.').join(' '),
    epochs: epochs.length,
    shared,
  }
}

/** `anna verified open signed_login`, and for an ended link `… until REASON`. */
function say(link: IdentityLink): string {
  const end = link.endReason === null ? '' : ` until ${link.endReason}`
  return `${link.contact ?? 'somebody'} ${link.strength} ${link.state} ${link.reason}${end}`
}

/** Makes a test of each `[title, story, links, owners]`. */
function stories(
  rows: [name: string, story: string[], links: string[], owners: string][],
  policy: Partial<Policy> = {},
) {
  test.each(rows)('%s', (_, story, links, owners) => {
    const told = play(story, policy)
    expect({ links: told.links, owners: told.owners }).toEqual({ links, owners })
  })
}

const ways: [word: string, evidence: Evidence][] = [
  ['signed', 'login_verified'],
  ['click', 'email_click'],
  ['unsigned', 'login_claimed'],
  ['typed', 'form_email'],
]

/**
 * Makes a device shared only with two contacts 40 days apart or three contacts, so that the rule does not interfere.
 */
const NOT_SHARED = { sharedFrom: 3 }

describe('the decision table: a claim about Ben', () => {
  /** `last` is the last moment; a click needs a second mail to count beside somebody else’s signed login. */
  type Row = { action: Action; links: string[]; owners: string; last?: string }
  const SECOND_MAIL = 'd40 10:10 click ben mail-2'
  const stateOfAnna: Record<State, { in: string; before: string[] }> = {
    none: { in: 'on an anonymous visitor', before: ['d20 10:00 page', 'd40 10:00 page'] },
    typed: {
      in: 'after Anna’s address was typed',
      before: ['d0 10:00 page', 'd20 10:05 typed anna', 'd40 10:00 page'],
    },
    claimed: {
      in: 'after an unsigned login of Anna',
      before: ['d0 10:00 page', 'd0 10:05 unsigned anna', 'd40 10:00 page'],
    },
    confirmed: {
      in: 'after clicks of Anna in two mails',
      before: ['d0 10:00 page', 'd0 10:05 click anna mail-1', 'd0 10:06 click anna mail-2', 'd40 10:00 page'],
    },
    remembered: {
      in: 'after a signed login of Anna whose session is over',
      before: ['d0 10:00 page', 'd0 10:05 signed anna', 'd40 10:00 page'],
    },
    verified: {
      in: 'while Anna is signed in during a running session',
      before: ['d20 10:00 page', 'd40 10:00 page', 'd40 10:02 signed anna'],
    },
  }
  const expected: Record<State, Record<Evidence, Row>> = {
    none: {
      login_verified: { action: 'link', links: ['ben verified open signed_login'], owners: 'b b b b' },
      email_click: { action: 'link', links: ['ben confirmed open first_click'], owners: '. b b b' },
      login_claimed: { action: 'provisional', links: ['ben claimed open unsigned_login'], owners: '. . . .' },
      form_email: { action: 'cart', links: ['ben typed open typed_in_form'], owners: '. . . .' },
    },
    typed: {
      login_verified: {
        action: 'link',
        links: [
          'anna typed void typed_in_form until signed_login_over_typed',
          'ben verified open signed_login_over_typed',
        ],
        owners: '. b b b b',
      },
      email_click: {
        action: 'supersede',
        links: ['anna typed closed typed_in_form until click_over_typed', 'ben confirmed open click_over_typed'],
        owners: '. . . b b',
      },
      login_claimed: {
        action: 'replace',
        links: ['anna typed closed typed_in_form until claimed_over_typed', 'ben claimed open claimed_over_typed'],
        owners: '. . . . .',
      },
      form_email: {
        action: 'cart',
        links: ['anna typed closed typed_in_form until typed_by_another', 'ben typed open typed_by_another'],
        owners: '. . . . .',
      },
    },
    claimed: {
      login_verified: {
        action: 'supersede',
        links: [
          'anna claimed closed unsigned_login until signed_login_over_claimed',
          'ben verified open signed_login_over_claimed',
        ],
        owners: '. . . b b',
      },
      email_click: {
        action: 'supersede',
        links: ['anna claimed closed unsigned_login until click_over_claimed', 'ben confirmed open click_over_claimed'],
        owners: '. . . b b',
      },
      login_claimed: {
        action: 'replace',
        links: ['anna claimed closed unsigned_login until claimed_by_another', 'ben claimed open claimed_by_another'],
        owners: '. . . . .',
      },
      form_email: {
        action: 'cart',
        links: ['anna claimed open unsigned_login', 'ben typed open typed_in_form'],
        owners: '. . . . .',
      },
    },
    confirmed: {
      login_verified: {
        action: 'supersede',
        links: [
          'anna confirmed closed first_click until signed_login_over_click',
          'ben verified open signed_login_over_click',
        ],
        owners: 'a a a a b b',
      },
      email_click: {
        action: 'supersede',
        links: ['anna confirmed closed first_click until click_of_another', 'ben confirmed open click_of_another'],
        owners: 'a a a a b b',
      },
      login_claimed: {
        action: 'replace',
        links: ['anna confirmed closed first_click until claimed_after_click', 'ben claimed open claimed_after_click'],
        owners: 'a a a a . .',
      },
      form_email: {
        action: 'cart',
        links: ['anna confirmed open first_click', 'ben typed open typed_in_form'],
        owners: 'a a a a a a',
      },
    },
    remembered: {
      login_verified: {
        action: 'supersede',
        links: [
          'anna verified closed signed_login until signed_login_over_remembered',
          'ben verified open signed_login_over_remembered',
        ],
        owners: 'a a a b b',
      },
      email_click: {
        action: 'supersede',
        links: [
          'anna verified closed signed_login until click_over_remembered',
          'ben confirmed open click_over_remembered',
        ],
        owners: 'a a a b b',
        last: SECOND_MAIL,
      },
      login_claimed: {
        action: 'replace',
        links: [
          'anna verified closed signed_login until claimed_after_remembered',
          'ben claimed open claimed_after_remembered',
        ],
        owners: 'a a a . .',
      },
      form_email: {
        action: 'cart',
        links: ['anna verified open signed_login', 'ben typed open typed_in_form'],
        owners: 'a a a a a',
      },
    },
    verified: {
      login_verified: {
        action: 'supersede',
        links: [
          'anna verified closed signed_login until signed_login_of_another',
          'ben verified open signed_login_of_another',
        ],
        owners: 'a a a b b',
      },
      email_click: {
        action: 'review',
        links: [
          'anna verified open signed_login',
          'ben confirmed review possible_duplicate',
          'ben confirmed review possible_duplicate',
        ],
        owners: 'a a a a a',
        last: SECOND_MAIL,
      },
      login_claimed: {
        action: 'refuse',
        links: ['anna verified open signed_login', 'ben claimed refused unsigned_over_verified'],
        owners: 'a a a a a',
      },
      form_email: {
        action: 'cart',
        links: ['anna verified open signed_login', 'ben typed open typed_in_form'],
        owners: 'a a a a a',
      },
    },
  }

  for (const [state, { in: situation, before }] of Object.entries(stateOfAnna) as [
    State,
    { in: string; before: string[] },
  ][]) {
    for (const [word, evidence] of ways) {
      test(`a ${word} claim ${situation}`, () => {
        const row = expected[state][evidence]
        const told = play([...before, `d40 10:05 ${word} ben`, row.last ?? 'd40 10:10 page'], NOT_SHARED)
        expect({ links: told.links, owners: told.owners }).toEqual({ links: row.links, owners: row.owners })
        expect(ANOTHER[state][evidence].action).toBe(row.action)
      })
    }
  }
})

describe('the decision table: a claim about Anna again', () => {
  type Row = { action: Action; link: string; proofs: string; owners: string; another?: string }
  const before: Record<keyof typeof SAME, string[]> = {
    typed: ['d0 10:00 page', 'd1 10:00 typed anna', 'd20 10:00 page'],
    claimed: ['d0 10:00 page', 'd1 10:00 unsigned anna', 'd20 10:00 page'],
    confirmed: ['d0 10:00 page', 'd1 10:00 click anna', 'd20 10:00 page'],
    remembered: ['d0 10:00 page', 'd1 10:00 signed anna', 'd20 10:00 page'],
    verified: ['d0 10:00 page', 'd20 10:00 signed anna', 'd20 10:01 page'],
  }
  const expected: Record<keyof typeof SAME, Record<Evidence, Row>> = {
    typed: {
      login_verified: {
        action: 'link',
        link: 'anna typed closed typed_in_form until proven',
        another: 'anna verified open signed_login',
        proofs: 'typed_in_form',
        owners: 'a a a a a',
      },
      email_click: {
        action: 'link',
        link: 'anna typed closed typed_in_form until proven',
        another: 'anna confirmed open first_click',
        proofs: 'typed_in_form',
        owners: '. . a a a',
      },
      login_claimed: {
        action: 'keep',
        link: 'anna typed open typed_in_form',
        proofs: 'typed_in_form claimed_again',
        owners: '. . . . .',
      },
      form_email: {
        action: 'keep',
        link: 'anna typed open typed_in_form',
        proofs: 'typed_in_form typed_again',
        owners: '. . . . .',
      },
    },
    claimed: {
      login_verified: {
        action: 'raise',
        link: 'anna verified open signed_login',
        proofs: 'unsigned_login signed_login',
        owners: 'a a a a a',
      },
      email_click: {
        action: 'raise',
        link: 'anna confirmed open first_click',
        proofs: 'unsigned_login first_click',
        owners: '. . a a a',
      },
      login_claimed: {
        action: 'keep',
        link: 'anna claimed open unsigned_login',
        proofs: 'unsigned_login claimed_again',
        owners: '. . . . .',
      },
      form_email: {
        action: 'keep',
        link: 'anna claimed open unsigned_login',
        proofs: 'unsigned_login typed_again',
        owners: '. . . . .',
      },
    },
    confirmed: {
      login_verified: {
        action: 'raise',
        link: 'anna verified open signed_login',
        proofs: 'first_click signed_login',
        owners: 'a a a a a',
      },
      email_click: {
        action: 'keep',
        link: 'anna confirmed open first_click',
        proofs: 'first_click clicked_again',
        owners: '. a a a a',
      },
      login_claimed: {
        action: 'keep',
        link: 'anna confirmed open first_click',
        proofs: 'first_click claimed_again',
        owners: '. a a a a',
      },
      form_email: {
        action: 'keep',
        link: 'anna confirmed open first_click',
        proofs: 'first_click typed_again',
        owners: '. a a a a',
      },
    },
    remembered: {
      login_verified: {
        action: 'raise',
        link: 'anna verified open signed_login_again',
        proofs: 'signed_login signed_login_again',
        owners: 'a a a a a',
      },
      email_click: {
        action: 'keep',
        link: 'anna verified open signed_login',
        proofs: 'signed_login clicked_again',
        owners: 'a a a a a',
      },
      login_claimed: {
        action: 'keep',
        link: 'anna verified open signed_login',
        proofs: 'signed_login claimed_again',
        owners: 'a a a a a',
      },
      form_email: {
        action: 'keep',
        link: 'anna verified open signed_login',
        proofs: 'signed_login typed_again',
        owners: 'a a a a a',
      },
    },
    verified: {
      login_verified: {
        action: 'keep',
        link: 'anna verified open signed_login',
        proofs: 'signed_login signed_login_again',
        owners: 'a a a a a',
      },
      email_click: {
        action: 'keep',
        link: 'anna verified open signed_login',
        proofs: 'signed_login clicked_again',
        owners: 'a a a a a',
      },
      login_claimed: {
        action: 'keep',
        link: 'anna verified open signed_login',
        proofs: 'signed_login claimed_again',
        owners: 'a a a a a',
      },
      form_email: {
        action: 'keep',
        link: 'anna verified open signed_login',
        proofs: 'signed_login typed_again',
        owners: 'a a a a a',
      },
    },
  }
  for (const [state, moments] of Object.entries(before) as [keyof typeof SAME, string[]][]) {
    for (const [word, evidence] of ways) {
      test(`a ${word} claim when she is already ${state}`, () => {
        const row = expected[state][evidence]
        const told = play([...moments, `d20 10:05 ${word} anna`, 'd20 10:10 page'])
        expect(told.links).toEqual(row.another === undefined ? [row.link] : [row.link, row.another])
        expect(told.raw[0]!.proofs.map((proof) => proof.reason).join(' ')).toBe(row.proofs)
        expect(told.owners).toBe(row.owners)
        expect(SAME[state][evidence].action).toBe(row.action)
      })
    }
  }
})

describe('claims that make no link', () => {
  const signed = (remark: string) => ['d0 10:00 page', `d0 10:05 signed anna ${remark}`, 'd0 10:10 page']
  const clicked = (remark: string) => ['d0 10:00 page', `d0 10:05 click anna ${remark}`, 'd0 10:10 page']
  stories([
    [
      'an identifier that two contacts hold',
      signed('(held by two)'),
      ['somebody verified refused ambiguous_identifier'],
      '. . .',
    ],
    [
      'a contact that is not in the CRM is held',
      signed('(not in the CRM)'),
      ['somebody verified held not_in_crm'],
      '. . .',
    ],
    ['a contact that was erased', signed('(erased)'), ['anna verified refused erased'], '. . .'],
    ['a click of a contact that was erased', clicked('(erased)'), ['anna confirmed refused erased'], '. . .'],
    ['a minor', signed('(minor)'), ['anna verified refused minor'], '. . .'],
    [
      'a signed login whose token served another visitor before',
      signed('(used before)'),
      ['anna verified refused token_reused'],
      '. . .',
    ],
    [
      'a signed login whose token another visitor used later',
      signed('(used elsewhere too)'),
      ['anna verified open signed_login'],
      'a a a',
    ],
    [
      'a link token that three visitors use, for the first of them too',
      clicked('(used by 3 in all)'),
      ['anna confirmed refused forwarded'],
      '. . .',
    ],
    [
      'a link token that three visitors use, for the later ones',
      clicked('(used by 3 in all) (used before)'),
      ['anna confirmed refused forwarded'],
      '. . .',
    ],
    [
      'a link token that two visitors use is only suspected',
      clicked('(used by 2 in all) (used before)'),
      ['anna confirmed open first_click'],
      'a a a',
    ],
    [
      'a link token that three visitors use counts where a signed login proves the contact',
      ['d0 10:00 page', 'd0 10:05 click anna (used by 3 in all)', 'd20 10:00 signed anna'],
      ['anna verified open signed_login'],
      'a a a',
    ],
    [
      'a link token that three visitors use counts where two other mails prove the contact',
      ['d0 10:05 click anna mail-1 (used by 3 in all)', 'd1 10:00 click anna mail-2', 'd2 10:00 click anna mail-3'],
      ['anna confirmed open first_click'],
      'a a a',
    ],
    [
      'a link token that three visitors use proves nothing together with one other mail',
      ['d0 10:05 click anna mail-1 (used by 3 in all)', 'd1 10:00 page', 'd2 10:00 click anna mail-2'],
      ['anna confirmed refused forwarded', 'anna confirmed open first_click'],
      '. . a',
    ],
    [
      'a login’s token that three visitors use still serves the first of them',
      signed('(used by 3 in all)'),
      ['anna verified open signed_login'],
      'a a a',
    ],
    [
      'a link token of exactly 30 days is valid',
      ['d30 10:00 click anna (issued d0 10:00)'],
      ['anna confirmed open first_click'],
      'a',
    ],
    [
      'a link token of over 30 days',
      ['d30 10:01 click anna (issued d0 10:00)'],
      ['anna confirmed refused token_expired'],
      '.',
    ],
  ])

  stories([
    [
      'two contacts with equal evidence in one request',
      ['d0 10:00 page', 'd0 10:05 signed anna (in request r)', 'd0 10:05 signed ben (in request r)', 'd0 10:10 page'],
      ['anna verified refused ambiguous', 'ben verified refused ambiguous'],
      '. . . .',
    ],
    [
      'two contacts in one request: the stronger evidence counts',
      ['d0 10:05 signed anna (in request r)', 'd0 10:05 unsigned ben (in request r)', 'd0 10:10 page'],
      ['anna verified open signed_login', 'ben claimed refused unsigned_over_verified'],
      'a a a',
    ],
    [
      'one contact twice in one request is no contradiction',
      ['d0 10:05 signed anna (in request r)', 'd0 10:05 signed anna (in request r)'],
      ['anna verified open signed_login'],
      'a a',
    ],
    [
      'equal claims in two requests: the later one counts',
      ['d0 10:05 click anna (in request r)', 'd40 10:05 click ben (in request s)'],
      ['anna confirmed closed first_click until click_of_another', 'ben confirmed open click_of_another'],
      'a b',
    ],
  ])

  stories([
    [
      'a signed login waits 30 days for its contact',
      signed('(imported d30)'),
      ['anna verified open signed_login'],
      'a a a',
    ],
    [
      'a signed login is refused if its contact comes after 30 days',
      signed('(imported d31)'),
      ['anna verified refused not_in_crm'],
      '. . .',
    ],
    [
      'the 30 days run from the receipt',
      signed('(imported d31) (received d2)'),
      ['anna verified open signed_login'],
      'a a a',
    ],
    [
      'an unsigned login waits a day for its contact',
      ['d0 10:05 unsigned anna (imported d1)'],
      ['anna claimed open unsigned_login'],
      '.',
    ],
    [
      'an unsigned login is refused if its contact comes after a day',
      ['d0 10:05 unsigned anna (imported d2)'],
      ['anna claimed refused not_in_crm'],
      '.',
    ],
  ])

  stories([
    [
      'a claim before the withdrawal of identity is void, and one after the next grant reaches back to the withdrawal',
      [
        'd0 10:00 page',
        'd0 10:05 signed anna',
        'd0 10:06 withdraws',
        'd0 10:07 page',
        'd0 10:10 allows',
        'd0 10:10 signed anna',
        'd0 10:11 page',
      ],
      ['anna verified void identity_withdrawn', 'anna verified open signed_login'],
      '. . . a a a a',
    ],
    [
      'claims after a withdrawal that is still in force are void, because their sender had not noticed it',
      [
        'd0 10:00 page',
        'd0 10:06 withdraws',
        'd0 10:07 signed anna (by the server)',
        'd0 10:08 click ben',
        'd0 10:09 page',
      ],
      ['anna verified void identity_withdrawn', 'ben confirmed void identity_withdrawn'],
      '. . . . .',
    ],
    [
      'a server’s login between a withdrawal and the next grant stays void, and one after it counts',
      [
        'd0 10:06 withdraws',
        'd0 10:07 signed anna (by the server)',
        'd0 10:10 allows',
        'd0 10:11 signed ben (by the server)',
      ],
      ['anna verified void identity_withdrawn', 'ben verified open signed_login'],
      '. b b b',
    ],
    [
      'a page’s claim may be slightly older than the grant it was sent under',
      ['d0 10:06 withdraws', 'd0 10:09 signed anna', 'd0 10:10 allows'],
      ['anna verified open signed_login'],
      '. a a',
    ],
    [
      'a claim at the exact time of the withdrawal is void',
      ['d0 10:05 signed anna', 'd0 10:05 withdraws', 'd0 10:06 page'],
      ['anna verified void identity_withdrawn'],
      '. . .',
    ],
    [
      'events without identity consent never belong to the contact, before or after the login',
      [
        'd0 10:00 page (without identity consent)',
        'd0 10:01 page',
        'd0 10:05 signed anna',
        'd0 10:06 page (without identity consent)',
        'd0 10:07 page',
      ],
      ['anna verified open signed_login'],
      '. a a . a',
    ],
  ])
})

describe('how far a signed login reaches', () => {
  stories([
    [
      'back to the start of the epoch, but not over 30 days',
      ['d0 10:04 page', 'd0 10:05 page', 'd10 10:00 page', 'd30 10:05 signed anna'],
      ['anna verified open signed_login'],
      '. a a a',
    ],
    [
      'back to the last reset, where the logout itself belongs to the earlier epoch',
      ['d0 10:00 page', 'd0 10:01 reset', 'd0 10:02 page', 'd0 10:03 signed anna'],
      ['anna verified open signed_login'],
      '. . a a',
    ],
    [
      'forward to the logout, which still belongs to the contact',
      ['d0 10:00 signed anna', 'd0 10:01 page', 'd0 10:02 reset', 'd0 10:03 page'],
      ['anna verified closed signed_login until logout'],
      'a a a .',
    ],
    [
      'not back before its session if that ends in a logout, because others may use the browser too',
      ['d0 10:00 page', 'd1 10:00 page', 'd1 10:01 signed anna', 'd1 10:02 page', 'd1 10:03 reset', 'd1 10:04 page'],
      ['anna verified closed signed_login until logout'],
      '. a a a a .',
    ],
    [
      'back to the start of the epoch if the logout comes in a later session',
      ['d0 10:00 page', 'd1 10:00 signed anna', 'd2 10:00 page', 'd2 10:01 reset'],
      ['anna verified closed signed_login until logout'],
      'a a a a',
    ],
    [
      'back to the start of the epoch if the session with the logout began signed in',
      ['d0 10:00 page', 'd1 10:00 signed anna', 'd2 10:00 signed anna', 'd2 10:01 reset'],
      ['anna verified closed signed_login_again until logout'],
      'a a a a',
    ],
    [
      'forward over later sessions, remembered until 90 days after the last proof',
      ['d0 10:00 signed anna', 'd40 10:00 page', 'd90 10:00 page', 'd90 10:01 page', 'd91 10:00 page'],
      ['anna verified closed signed_login until proof_expired'],
      'a a a . .',
    ],
    [
      'each proof starts 90 days anew',
      ['d0 10:00 signed anna', 'd80 10:00 click anna', 'd100 10:00 page', 'd169 10:00 page', 'd171 10:00 page'],
      ['anna verified closed signed_login until proof_expired'],
      'a a a a .',
    ],
    [
      'an unsigned login is not a proof',
      ['d0 10:00 signed anna', 'd80 10:00 unsigned anna', 'd91 10:00 page'],
      ['anna verified closed signed_login until proof_expired'],
      'a a .',
    ],
    [
      'a new login after the end opens a new link, back to that end',
      ['d0 10:00 signed anna', 'd100 10:00 page', 'd101 10:00 signed anna'],
      ['anna verified closed signed_login until proof_expired', 'anna verified open signed_login'],
      'a a a',
    ],
  ])
})

describe('how long a link identifies its browser if the site sets a number of days', () => {
  stories(
    [
      [
        'a signed login',
        ['d0 10:00 signed anna', 'd7 10:00 page', 'd8 10:00 page'],
        ['anna verified closed signed_login until proof_expired'],
        'a a .',
      ],
      [
        'a mail click',
        ['d0 10:00 click anna', 'd2 10:00 page', 'd3 10:00 page'],
        ['anna confirmed closed first_click until proof_expired'],
        'a a .',
      ],
      [
        'a click does not shorten a login’s days',
        ['d0 10:00 signed anna', 'd1 10:00 click anna', 'd6 10:00 page', 'd8 10:00 page'],
        ['anna verified closed signed_login until proof_expired'],
        'a a a .',
      ],
    ],
    { loginMs: 7 * DAY, clickMs: 2 * DAY },
  )
})

describe('how far any link reaches if the site sets backstitch_days to 0', () => {
  const story = (word: string) => ['d0 10:00 page', `d0 10:01 ${word} anna`, 'd0 10:02 page']
  stories(
    [
      ['a signed login: from its own moment on', story('signed'), ['anna verified open signed_login'], '. a a'],
      ['a mail click: from its own moment on', story('click'), ['anna confirmed open first_click'], '. a a'],
    ],
    { backstitchMs: 0 },
  )
})

describe('how far a mail click reaches', () => {
  stories([
    [
      'a first click: its session',
      ['d0 10:00 page', 'd1 09:00 page', 'd1 09:30 page', 'd1 09:59 click anna', 'd1 10:20 page', 'd5 10:00 page'],
      ['anna confirmed open first_click'],
      '. . a a a a',
    ],
    [
      'a second message of the same contact corroborates: back to the start of the epoch',
      ['d0 10:00 page', 'd1 10:00 click anna mail-1', 'd5 10:00 click anna mail-2'],
      ['anna confirmed open first_click'],
      'a a a',
    ],
    [
      'the same message again does not corroborate',
      ['d0 10:00 page', 'd1 10:00 click anna mail-1', 'd5 10:00 click anna mail-1'],
      ['anna confirmed open first_click'],
      '. a a',
    ],
    [
      'any signed login of the same contact corroborates, also a later one after a logout',
      ['d0 10:00 page', 'd1 10:00 click anna', 'd1 10:05 reset', 'd9 10:00 page', 'd9 10:01 signed anna'],
      ['anna confirmed closed first_click until logout', 'anna verified open signed_login'],
      'a a a a a',
    ],
    [
      'a second message of another contact does not corroborate',
      ['d0 10:00 page', 'd1 10:00 click anna mail-1', 'd35 10:00 click ben mail-2'],
      ['anna confirmed closed first_click until click_of_another', 'ben confirmed open click_of_another'],
      '. a b',
    ],
    [
      'it ends 90 days after the last proof',
      ['d0 10:00 click anna', 'd90 10:00 page', 'd90 10:01 page'],
      ['anna confirmed closed first_click until proof_expired'],
      'a a .',
    ],
    [
      'a click in a mail to an address shared by two contacts: its session only, in both directions',
      ['d0 10:00 page', 'd1 10:00 page', 'd1 10:01 click anna (address of two)', 'd1 10:02 page', 'd2 10:00 page'],
      ['anna confirmed closed first_click until session_over'],
      '. a a a .',
    ],
    [
      'a second mail to a shared address corroborates nothing, because both contacts get each mail',
      [
        'd0 10:00 page',
        'd1 10:01 click anna mail-1 (address of two)',
        'd2 10:00 page',
        'd3 10:00 click anna mail-2 (address of two)',
      ],
      ['anna confirmed closed first_click until session_over', 'anna confirmed open first_click'],
      '. a . a',
    ],
    [
      'a signed login corroborates a mail to a shared address',
      ['d0 10:00 page', 'd1 10:01 click anna (address of two)', 'd2 10:00 page', 'd3 10:00 signed anna'],
      ['anna verified open signed_login'],
      'a a a a',
    ],
    [
      'a token that another visitor used before: its session only, in both directions',
      ['d0 10:00 page', 'd1 10:00 page', 'd1 10:01 click anna (used before)', 'd1 10:02 page', 'd2 10:00 page'],
      ['anna confirmed closed first_click until session_over'],
      '. a a a .',
    ],
    [
      'a token that another visitor used before, after an unsigned login of the same contact: its session only',
      [
        'd0 10:00 unsigned anna',
        'd1 10:00 page',
        'd1 10:01 click anna (used before)',
        'd1 10:02 page',
        'd2 10:00 page',
      ],
      ['anna confirmed closed first_click until session_over'],
      '. a a a .',
    ],
    [
      'a token that another visitor used before counts fully once the contact is corroborated',
      ['d0 10:00 page', 'd1 10:01 click anna mail-1 (used before)', 'd2 10:00 page', 'd3 10:00 signed anna'],
      ['anna verified open signed_login'],
      'a a a a',
    ],
    [
      'an unsuspicious first click clears the suspicion of an earlier one in its session',
      ['d0 10:00 page', 'd1 10:01 click anna mail-1 (used before)', 'd1 10:02 click anna mail-1', 'd2 10:00 page'],
      ['anna confirmed open first_click'],
      '. a a a',
    ],
  ])

  describe('with email_click_backstitch: window', () => {
    stories(
      [
        [
          'a first click reaches back to the start of the epoch, but not over 30 days',
          ['d0 10:00 page', 'd5 10:00 page', 'd5 10:01 reset', 'd6 10:00 page', 'd7 10:00 click anna'],
          ['anna confirmed open first_click'],
          '. . . a a',
        ],
        [
          'a first click does not reach back over 30 days',
          ['d0 10:00 page', 'd5 10:00 page', 'd32 10:00 click anna'],
          ['anna confirmed open first_click'],
          '. a a',
        ],
        [
          'a suspicious token still reaches its session only',
          ['d0 10:00 page', 'd7 10:00 click anna (used before)', 'd8 10:00 page'],
          ['anna confirmed closed first_click until session_over'],
          '. a .',
        ],
      ],
      { firstClick: 'window' },
    )
  })
})

describe('the open cart at a first click', () => {
  const cart = (name: string, story: string[], owners: string, carts: string[]) =>
    test(name, () => {
      const told = play(story)
      expect({ owners: told.owners, carts: told.carts }).toEqual({ owners, carts })
    })
  cart(
    'goes to the contact, unlike the rest of that day',
    ['d0 10:00 page', 'd0 10:01 adds ring', 'd0 10:02 page', 'd3 10:00 page', 'd3 10:01 click anna'],
    '. a . a a',
    ['a: ring open'],
  )
  cart(
    'continues with later additions',
    ['d0 10:01 adds ring', 'd3 10:01 click anna', 'd3 10:02 adds chain'],
    'a a a',
    ['a: ring, chain open'],
  )
  cart(
    'does not go to the contact if it was bought',
    ['d0 10:01 adds ring', 'd0 10:02 buys', 'd3 10:01 click anna'],
    '. . a',
    ['.: ring converted'],
  )
  cart(
    'goes to the contact without purchases made before it was started',
    ['d0 10:01 adds ring', 'd0 10:02 buys', 'd0 10:03 adds chain', 'd3 10:01 click anna'],
    '. . a a',
    ['.: ring converted', 'a: chain open'],
  )
  cart(
    'does not go to the contact if a reset lies between',
    ['d0 10:01 adds ring', 'd0 10:02 reset', 'd3 10:01 click anna'],
    '. . a',
    ['.: ring open'],
  )
  cart(
    'does not go to the contact if it was filled without identity consent',
    ['d0 10:01 adds ring (without identity consent)', 'd3 10:01 click anna'],
    '. a',
    ['.: ring open'],
  )
  cart(
    'does not go to the contact if it was last changed over 30 days before',
    ['d0 10:01 adds ring', 'd30 10:02 click anna'],
    '. a',
    ['.: ring open'],
  )
  cart(
    'goes to the contact if it was changed within 30 days, however long ago it was started',
    ['d0 10:01 adds ring', 'd20 10:00 adds chain', 'd40 10:02 click anna'],
    'a a a',
    ['a: ring, chain open'],
  )
  cart(
    'has its 30 days counted from the click, not from an earlier unsigned login',
    ['d0 10:00 adds ring', 'd5 10:00 unsigned anna', 'd32 10:00 click anna'],
    '. . a',
    ['.: ring open'],
  )
  cart(
    'does not go to the contact with a token that another visitor used before',
    ['d0 10:01 adds ring', 'd3 10:01 click anna (used before)'],
    '. a',
    ['.: ring open'],
  )
  cart('does not go to the contact with an unsigned login', ['d0 10:01 adds ring', 'd3 10:01 unsigned anna'], '. .', [
    '.: ring open',
  ])
})

describe('when the browser turns out to be another contact’s', () => {
  stories([
    [
      'an earlier click of another contact is worth nothing beside a signed login, because the mail was forwarded',
      [
        'd0 10:00 page',
        'd1 10:00 page',
        'd1 10:01 click anna',
        'd1 10:02 page',
        'd1 10:03 signed ben',
        'd1 10:04 page',
      ],
      ['anna confirmed review possible_duplicate', 'ben verified open signed_login'],
      'b b b b b b',
    ],
    [
      'a signed login voids two mails of another contact that were followed in its session',
      ['d0 10:00 page', 'd1 10:00 click anna mail-1', 'd1 10:02 click anna mail-2', 'd1 10:03 signed ben'],
      ['anna confirmed void first_click until forwarded_mail', 'ben verified open signed_login_over_click'],
      '. b b b',
    ],
    [
      'a click in another contact’s mail voids an earlier click in its session too',
      ['d1 10:00 page', 'd1 10:01 click anna', 'd1 10:03 click ben', 'd1 10:04 page'],
      ['anna confirmed void first_click until forwarded_mail', 'ben confirmed open click_of_another'],
      'b b b b',
    ],
    [
      'a contact with other evidence on the browser keeps the time before the other contact’s click',
      [
        'd0 10:00 click anna mail-1',
        'd1 10:00 page',
        'd1 10:01 click anna mail-1',
        'd1 10:03 click ben',
        'd1 10:04 page',
      ],
      ['anna confirmed closed first_click until click_of_another', 'ben confirmed open click_of_another'],
      'a a a b b',
    ],
    [
      'later evidence of the first contact counts too',
      ['d1 10:00 page', 'd1 10:01 click anna', 'd1 10:03 click ben', 'd40 10:00 click anna'],
      [
        'anna confirmed closed first_click until click_of_another',
        'ben confirmed closed click_of_another until session_over',
        'anna confirmed open first_click',
      ],
      'a a b a',
    ],
    [
      'a click gives nothing where another contact logged in at any time, and waits for review',
      ['d0 10:00 signed anna', 'd5 10:00 click ben', 'd5 10:01 page', 'd6 10:00 page'],
      ['anna verified open signed_login', 'ben confirmed review possible_duplicate'],
      'a a a a',
    ],
    [
      'a click gives nothing where another contact logs in later',
      ['d0 10:00 page', 'd1 10:00 click ben', 'd2 10:00 page', 'd9 10:00 signed anna'],
      ['ben confirmed review possible_duplicate', 'anna verified open signed_login'],
      'a a a a',
    ],
    [
      'a click gives nothing where another contact logged in before a logout',
      ['d0 10:00 signed anna', 'd0 10:01 reset', 'd5 10:00 click ben', 'd6 10:00 page'],
      ['anna verified closed signed_login until logout', 'ben confirmed review possible_duplicate'],
      'a a . .',
    ],
    [
      'a second click on the same mail proves no more beside another contact’s login',
      ['d0 10:00 signed anna', 'd5 10:00 click ben', 'd6 10:00 click ben', 'd7 10:00 page'],
      [
        'anna verified open signed_login',
        'ben confirmed review possible_duplicate',
        'ben confirmed review possible_duplicate',
      ],
      'a a a a',
    ],
    [
      'a click counts beside another contact’s unsigned login, which is no proof',
      ['d0 10:00 click ben', 'd5 10:00 unsigned anna', 'd5 10:01 page'],
      ['ben confirmed closed first_click until claimed_after_click', 'anna claimed open claimed_after_click'],
      'b . .',
    ],
    [
      'a click counts beside a login that was refused or voided',
      ['d0 10:00 signed anna (used before)', 'd1 10:00 signed anna (voided)', 'd5 10:00 click ben', 'd6 10:00 page'],
      ['anna verified refused token_reused', 'anna verified void voided_by_operator', 'ben confirmed open first_click'],
      '. . b b',
    ],
    [
      'a click beside another contact’s login counts as a login once an operator confirms it',
      ['d0 10:00 signed anna', 'd40 10:00 click ben (confirmed)', 'd40 10:01 page'],
      ['anna verified closed signed_login until confirmed_by_operator', 'ben verified open confirmed_by_operator'],
      'a b b',
    ],
    [
      'a first click over two mails of another contact gets only its session',
      [
        'd0 10:00 click anna mail-1',
        'd1 10:00 click anna mail-2',
        'd5 10:00 click ben',
        'd5 10:01 page',
        'd6 10:00 page',
      ],
      [
        'anna confirmed closed first_click until click_of_another',
        'ben confirmed closed click_of_another until session_over',
      ],
      'a a b b .',
    ],
    [
      'a click where another contact logged in lasts once a second mail corroborates it',
      ['d0 10:00 signed anna', 'd41 10:00 click ben mail-1', 'd41 10:10 click ben mail-2', 'd42 10:00 page'],
      ['anna verified closed signed_login until click_over_remembered', 'ben confirmed open click_over_remembered'],
      'a b b b',
    ],
    [
      'a click after another contact’s unsigned login lasts beyond its session, because that login is no proof',
      ['d0 10:00 unsigned anna', 'd5 10:00 click ben', 'd6 10:00 page'],
      ['anna claimed closed unsigned_login until click_over_claimed', 'ben confirmed open click_over_claimed'],
      '. b b',
    ],
    [
      'a signed login of another contact voids clicks of which a token was also used by another visitor',
      [
        'd0 10:00 click anna mail-1 (used elsewhere too)',
        'd0 10:01 click anna mail-2',
        'd40 10:00 page',
        'd40 10:01 signed ben',
      ],
      ['anna confirmed void first_click until forwarded_token', 'ben verified open signed_login_over_click'],
      '. . . b',
    ],
    [
      'a signed login of another contact does not void a link that had ended before',
      [
        'd0 10:00 click anna mail-1 (used elsewhere too)',
        'd0 10:01 reset',
        'd3 10:00 click anna mail-2',
        'd40 10:00 page',
        'd40 10:01 signed ben',
      ],
      [
        'anna confirmed closed first_click until logout',
        'anna confirmed closed first_click until signed_login_over_click',
        'ben verified open signed_login_over_click',
      ],
      'a a a a b',
    ],
    [
      'a click of another contact does not void a click whose token was also used by another visitor',
      ['d0 10:00 click anna (used elsewhere too)', 'd5 10:00 page', 'd5 10:01 click ben'],
      ['anna confirmed closed first_click until click_of_another', 'ben confirmed open click_of_another'],
      'a a b',
    ],
    [
      'events queued before a logout that arrive after it belong to the earlier owner',
      ['d0 10:00 signed anna', 'd0 10:05 reset', 'd0 10:06 page', 'd0 10:04 page', 'd40 10:00 signed ben'],
      ['anna verified closed signed_login until logout', 'ben verified open signed_login'],
      'a a a . b',
    ],
  ])
})

describe('a shared device', () => {
  const sharedStory = [
    'd0 10:00 page',
    'd5 10:00 page',
    'd5 10:01 signed anna',
    'd6 10:00 page',
    'd20 10:00 page',
    'd20 10:01 signed ben',
    'd21 10:00 page',
  ]
  stories([
    [
      'two signed logins within 30 days: each gets its session only, in retrospect too',
      sharedStory,
      ['anna verified closed signed_login until session_over', 'ben verified closed signed_login until session_over'],
      '. a a . b b .',
    ],
    [
      'a login takes over a session from its own time',
      [
        'd0 10:00 page',
        'd0 10:01 signed anna',
        'd0 10:02 page',
        'd0 10:03 signed ben',
        'd0 10:04 page',
        'd1 10:00 page',
      ],
      [
        'anna verified closed signed_login until signed_login_of_another',
        'ben verified closed signed_login_of_another until session_over',
      ],
      'a a a b b .',
    ],
    [
      'a click on a shared device gets its session only',
      [...sharedStory, 'd30 10:00 click anna', 'd30 10:01 page', 'd31 10:00 page'],
      [
        'anna verified closed signed_login until session_over',
        'ben verified closed signed_login until session_over',
        'anna confirmed closed first_click until session_over',
      ],
      '. a a . b b . a a .',
    ],
    [
      'an unsigned login on a shared device ends with its session',
      [...sharedStory, 'd30 10:00 unsigned anna', 'd30 10:01 page', 'd31 10:00 page'],
      [
        'anna verified closed signed_login until session_over',
        'ben verified closed signed_login until session_over',
        'anna claimed closed unsigned_login until session_over',
      ],
      '. a a . b b . . . .',
    ],
    [
      'corroborated clicks count like logins',
      [
        'd0 10:00 page',
        'd1 10:00 click anna mail-1',
        'd2 10:00 click anna mail-2',
        'd3 10:00 page',
        'd4 10:00 signed ben',
      ],
      [
        'anna confirmed closed first_click until session_over',
        'anna confirmed closed first_click until session_over',
        'ben verified open signed_login',
      ],
      '. a a . b',
    ],
    [
      'a single click does not make a device shared',
      ['d0 10:00 click anna', 'd1 10:00 page', 'd2 10:00 signed ben', 'd3 10:00 page'],
      ['anna confirmed review possible_duplicate', 'ben verified open signed_login'],
      'b b b b',
    ],
    [
      'unsigned claims do not make a device shared',
      ['d0 10:00 signed anna', 'd0 11:00 page', 'd1 10:00 unsigned ben', 'd1 10:05 unsigned carl', 'd2 10:00 page'],
      [
        'anna verified closed signed_login until claimed_after_remembered',
        'ben claimed closed claimed_after_remembered until claimed_by_another',
        'carl claimed open claimed_by_another',
      ],
      'a a . . .',
    ],
    [
      'two logins over 30 days apart do not make a device shared',
      ['d0 10:00 page', 'd0 10:01 signed anna', 'd20 10:00 page', 'd30 10:02 signed ben', 'd40 10:00 page'],
      [
        'anna verified closed signed_login until signed_login_over_remembered',
        'ben verified open signed_login_over_remembered',
      ],
      'a a a b b',
    ],
  ])

  stories([
    [
      'a pause of ten minutes ends a session, and somebody else may have sat down',
      ['d0 10:00 signed anna', 'd0 10:09 page', 'd0 10:19 page', 'd1 10:00 signed ben'],
      ['anna verified closed signed_login until session_over', 'ben verified open signed_login'],
      'a a . b',
    ],
    [
      'a pause of ten minutes before a login separates it from what came before',
      ['d0 10:00 page', 'd0 10:10 page', 'd0 10:19 signed anna', 'd1 10:00 signed ben'],
      ['anna verified closed signed_login until session_over', 'ben verified open signed_login'],
      '. a a b',
    ],
    [
      'with a fourth contact a pause of five minutes ends a session, in retrospect too',
      [
        'd0 10:00 signed anna',
        'd0 10:04 page',
        'd0 10:09 page',
        'd1 10:00 signed ben',
        'd2 10:00 signed carl',
        'd3 10:00 signed dora',
      ],
      [
        'anna verified closed signed_login until session_over',
        'ben verified closed signed_login until session_over',
        'carl verified closed signed_login until session_over',
        'dora verified open signed_login',
      ],
      'a a . b . .',
    ],
    [
      'three contacts leave it at ten minutes',
      [
        'd0 10:00 signed anna',
        'd0 10:04 page',
        'd0 10:09 page',
        'd1 10:00 signed ben',
        'd2 10:00 signed carl',
        'd40 10:00 signed dora',
      ],
      [
        'anna verified closed signed_login until session_over',
        'ben verified closed signed_login until session_over',
        'carl verified closed signed_login until session_over',
        'dora verified open signed_login',
      ],
      'a a a b . .',
    ],
  ])

  test('a site’s shorter sessions stay as short', () => {
    const story = ['d0 10:00 signed anna', 'd0 10:08 page', 'd1 10:00 signed ben']
    expect(play(story).owners).toBe('a a b')
    expect(play(story, { sessionMs: 8 * MINUTE }).owners).toBe('a . b')
  })

  test('starts at the number of contacts that the site sets', () => {
    expect(play(sharedStory).shared).toBe(true)
    expect(play(sharedStory, { sharedFrom: 3 }).shared).toBe(false)
    expect(play([...sharedStory, 'd22 10:00 signed carl'], { sharedFrom: 3 }).shared).toBe(true)
  })

  test('does not give a click the earlier cart', () => {
    const told = play(['d0 10:00 adds ring', 'd5 10:01 signed anna', 'd20 10:01 signed ben', 'd25 10:00 click anna'])
    expect(told.owners).toBe('. a b a')
  })
})

describe('with trust_unsigned_login', () => {
  stories(
    [
      [
        'an unsigned login acts as a first click',
        ['d0 10:00 page', 'd1 10:00 page', 'd1 10:01 unsigned anna', 'd2 10:00 page'],
        ['anna confirmed open trusted_unsigned_login'],
        '. a a a',
      ],
      [
        'an unsigned login never replaces a signed login',
        ['d0 10:00 signed anna', 'd0 10:01 unsigned ben', 'd0 10:02 page'],
        ['anna verified open signed_login', 'ben claimed refused unsigned_over_verified'],
        'a a a',
      ],
      [
        'an unsigned login replaces a remembered contact like a click',
        ['d0 10:00 signed anna', 'd40 10:00 page', 'd40 10:01 unsigned ben'],
        ['anna verified closed signed_login until trusted_unsigned_login', 'ben confirmed open trusted_unsigned_login'],
        'a a b',
      ],
      [
        'an unsigned login does not corroborate a click',
        ['d0 10:00 page', 'd1 10:00 click anna', 'd2 10:00 unsigned anna'],
        ['anna confirmed open first_click'],
        '. a a',
      ],
    ],
    { trustUnsigned: true },
  )
})

describe('the rows shown to marketers', () => {
  test('contain the start of a link, how far back it reaches, and the end of its proof', () => {
    const [link] = play([
      'd0 10:00 page',
      'd1 10:00 click anna',
      'd2 10:00 page',
      'd3 10:00 signed anna',
      'd3 10:10 reset',
    ]).raw
    expect(link).toMatchObject({
      evidence: 'login_verified',
      strength: 'verified',
      at: timeOf('d1', '10:00'),
      validFrom: timeOf('d1', '10:00'),
      backfillFrom: timeOf('d0', '10:00'),
      validTo: timeOf('d3', '10:10'),
      expiresAt: timeOf('d93', '10:00'),
    })
  })

  test('an unsigned link upgraded by better evidence is valid from that evidence', () => {
    const [link] = play(['d0 10:00 unsigned anna', 'd1 10:00 click anna']).raw
    expect(link).toMatchObject({ at: timeOf('d0', '10:00'), validFrom: timeOf('d1', '10:00'), evidence: 'email_click' })
  })

  test('a void link gives nothing and is never valid', () => {
    const [link] = play(['d0 10:00 click anna mail-1', 'd0 10:01 click anna mail-2', 'd0 10:02 signed ben']).raw
    expect(link).toMatchObject({ state: 'void', backfillFrom: null, expiresAt: null })
    expect(link!.validTo).toBe(link!.validFrom)
  })
})

describe('an address typed into a form', () => {
  test.each<[name: string, story: string[], carts: string[], typed: string]>([
    [
      'is kept with the cart that was open at the time, which stays its visitor’s',
      ['d0 10:00 page', 'd0 10:01 adds ring', 'd0 10:02 typed ben', 'd0 10:03 page'],
      ['.: ring open'],
      'ben',
    ],
    [
      'is not kept with a cart that was last changed more than 30 days before',
      ['d0 10:01 adds ring', 'd31 10:02 typed ben'],
      ['.: ring open'],
      '.',
    ],
    [
      'is not kept if the contact may not be mailed',
      ['d0 10:01 adds ring', 'd0 10:02 typed ben (may not be mailed)'],
      ['.: ring open'],
      '.',
    ],
    [
      'leaves a signed-in visitor’s cart where it is',
      ['d0 10:00 signed anna', 'd0 10:01 adds ring', 'd0 10:02 typed ben', 'd0 10:03 page'],
      ['a: ring open'],
      'ben',
    ],
    [
      'leaves the cart of a mail click where it is',
      ['d0 10:00 click anna', 'd0 10:01 adds ring', 'd0 10:02 typed ben'],
      ['a: ring open'],
      'ben',
    ],
    [
      'is not kept with a cart that was partly filled without consent',
      ['d0 10:01 adds ring (without identity consent)', 'd0 10:02 typed ben', 'd0 10:03 adds chain'],
      ['.: ring, chain open'],
      '.',
    ],
    [
      'is not kept with a cart that was already bought',
      ['d0 10:01 adds ring', 'd0 10:02 buys', 'd0 10:03 typed ben', 'd0 10:04 adds chain'],
      ['.: ring converted', '.: chain open'],
      '. .',
    ],
    [
      'is kept again with the next cart',
      ['d0 10:01 adds ring', 'd0 10:02 typed ben', 'd0 10:03 buys', 'd0 10:04 adds chain', 'd0 10:05 typed ben'],
      ['.: ring converted', '.: chain open'],
      'ben ben',
    ],
    [
      'is forgotten when a signed login shows that it was an error',
      ['d0 10:01 adds ring', 'd0 10:02 typed ben', 'd0 10:03 signed anna'],
      ['a: ring open'],
      '.',
    ],
    [
      'gives way to the one that was typed last',
      ['d0 10:01 adds ring', 'd0 10:02 typed ben', 'd0 10:03 typed anna'],
      ['.: ring open'],
      'anna',
    ],
    [
      'gives way to one that was typed last, of somebody who may not be mailed',
      ['d0 10:01 adds ring', 'd0 10:02 typed ben', 'd0 10:03 typed anna (may not be mailed)'],
      ['.: ring open'],
      '.',
    ],
    [
      'gives way to one that was typed last, of somebody whom the CRM does not know',
      ['d0 10:01 adds ring', 'd0 10:02 typed ben', 'd0 10:03 typed anna (not in the CRM)'],
      ['.: ring open'],
      '.',
    ],
    [
      'gives way to the visitor’s own',
      ['d0 10:00 signed anna', 'd0 10:01 adds ring', 'd0 10:02 typed ben', 'd0 10:03 typed anna'],
      ['a: ring open'],
      '.',
    ],
  ])('%s', (_, story, carts, typed) => {
    const played = play(story)
    expect(played.carts).toEqual(carts)
    expect(played.typed).toBe(typed)
  })

  test('takes the cart from whoever is signed in only where the site tells such carts, and no event in any case', () => {
    const story = ['d0 10:00 signed anna', 'd0 10:01 adds ring', 'd0 10:02 typed ben', 'd0 10:03 buys']
    const told = play(story, {}, true)
    expect(told.carts).toEqual(['.: ring converted'])
    expect(told.owners).toBe('a a a a')
    const mayNot = play(story.with(2, 'd0 10:02 typed ben (may not be mailed)'), {}, true)
    expect(mayNot.carts).toEqual(['a: ring converted'])
  })

  test('is no evidence that a forwarded mail was the earlier contact’s own', () => {
    const story = ['d0 10:00 typed anna', 'd3 10:00 click anna', 'd3 10:01 page', 'd3 10:02 click ben mail-2']
    expect(play(story).owners).toBe('. b b b')
  })

  const prolonged = ['d0 10:00 click anna', 'd80 10:00 typed anna', 'd100 10:00 page', 'd171 10:00 page']
  stories(
    [
      [
        'prolongs the link of the same contact if the site says so',
        prolonged,
        ['anna confirmed closed first_click until proof_expired'],
        'a a a .',
      ],
      [
        'makes no link, whatever the site says',
        ['d0 10:00 page', 'd0 10:01 typed ben', 'd0 10:02 page'],
        ['ben typed open typed_in_form'],
        '. . .',
      ],
      [
        'takes nothing from another contact, whatever the site says',
        ['d0 10:00 click anna', 'd0 10:01 typed ben', 'd0 10:02 page'],
        ['anna confirmed open first_click', 'ben typed open typed_in_form'],
        'a a a',
      ],
    ],
    { formConfirms: true },
  )

  test('does not prolong it otherwise', () => expect(play(prolonged).owners).toBe('a a . .'))
})

describe('operators’ decisions, guards and revocations', () => {
  stories([
    [
      'a voided login has no effect: the link it ended continues and gets its events back',
      ['d0 10:00 signed anna', 'd0 10:01 page', 'd0 10:02 signed ben (voided)', 'd0 10:03 page'],
      ['anna verified open signed_login', 'ben verified void voided_by_operator'],
      'a a . a',
    ],
    [
      'a voided claim bridges no pause between two sessions',
      ['d0 10:00 page', 'd0 10:20 signed ben (voided)', 'd0 10:40 click anna'],
      ['ben verified void voided_by_operator', 'anna confirmed open first_click'],
      '. . a',
    ],
    [
      'a click while another contact is signed in waits for review, and counts as a login once confirmed',
      ['d0 10:00 signed anna', 'd0 10:01 click ben (confirmed)', 'd0 10:02 page'],
      ['anna verified closed signed_login until confirmed_by_operator', 'ben verified open confirmed_by_operator'],
      'a b b',
    ],
    [
      'a click after many other visitors waits for review',
      ['d0 10:00 page', 'd0 10:01 click anna (after many others)', 'd0 10:02 page'],
      ['anna confirmed review too_many_visitors'],
      '. . .',
    ],
    [
      'an unsigned login after many other visitors waits for review too',
      ['d0 10:01 unsigned anna (after many others)'],
      ['anna claimed review too_many_visitors'],
      '.',
    ],
    [
      'a signed login after many other visitors does not wait, because the shop’s server vouches for it',
      ['d0 10:01 signed anna (after many others)'],
      ['anna verified open signed_login'],
      'a',
    ],
    [
      'a forwarded click confirmed by an operator links',
      ['d0 10:00 page', 'd0 10:01 click anna (used by 3 in all) (confirmed)'],
      ['anna verified open confirmed_by_operator'],
      'a a',
    ],
    [
      'a click with a revoked token is refused',
      ['d0 10:00 page', 'd0 10:01 click anna (token revoked)'],
      ['anna confirmed refused token_revoked'],
      '. .',
    ],
    [
      'a claim to an erased contact cannot be confirmed',
      ['d0 10:01 signed anna (erased) (confirmed)'],
      ['anna verified refused erased'],
      '.',
    ],
  ])
})
