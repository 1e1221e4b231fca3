/**
 * What a shop sends and nobody can read is counted and shown (docs/quality.md): by site, event, door, problem and day, with
 * an example that names nobody; in the report, in `couture doctor`, in the metrics, and where consent is missing in the log
 * and the overview too. What is landed again, sent again or derived again counts once.
 */
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesHolding, newVisitor, post, type SiteView } from '../support/requests.ts'
import {
  call,
  consenting,
  newAnonymous,
  postBatch,
  postCall,
  type SegmentKeys,
  segmentKeys,
} from '../support/segment-requests.ts'
import { batch, consent, event, eventId, send, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

type Line = {
  site: string
  event: string
  door: string
  problem: string
  count: number
  first_at: string
  last_at: string
  example: string | null
  advice: string
}
type Page = { data: Line[]; next: string | null; has_more: boolean }

let server: TestServer
let keys: SegmentKeys

beforeAll(async () => {
  server = await startServer({ movable: true })
  keys = await segmentKeys(server)
})
afterAll(() => server.stop())

let sites = 0
/** A site of a test's own, so that nothing else counts there. */
async function newSite(settings: Record<string, unknown> = {}): Promise<SiteView> {
  const id = `quality-${++sites}`
  return server.post<SiteView>('/api/v1/sites', { id, origins: [`https://${id}.example`], settings })
}

const report = (query: string) => server.get<Page>(`/api/v1/reports/quality?${query}`)
const linesOf = async ({ id }: { id: string }) => (await report(`site=${id}`)).data

/** The lines of a site as soon as there are as many. */
async function counted(site: { id: string }, lines: number): Promise<Line[]> {
  await expect.poll(() => linesOf(site), { interval: 50 }).toHaveLength(lines)
  return linesOf(site)
}

/** Sends events of a new browser to a site. */
async function fromTag(
  site: { id: string },
  events: unknown[],
  more: Record<string, unknown> = {},
  candidate = newVisitor(),
) {
  const response = await send(server, batch(events, { site: site.id, candidate, ...more }))
  return { status: response.status, reply: await response.json(), candidate }
}

/** Sends events with a secret key. */
const fromServer = (site: { id: string }, events: unknown[], more: Record<string, unknown> = {}) =>
  post(server, JSON.stringify(batch(events, { site: site.id, visitor: newVisitor(), ...more })), {
    authorization: `Bearer ${keys.secret}`,
  })

const ring = { item_id: 'ring', price: 5, quantity: 1 }

/** What is sent as a commerce event, each to a site of its own, and the example that is shown. */
const UNREADABLE: [problem: string, type: string, props: Record<string, unknown>, example: string][] = [
  ['price_unreadable', 'add_to_cart', { items: [{ item_id: 'ring', price: 'on request' }] }, 'on request'],
  ['price_unreadable', 'add_to_cart', { items: [{ ...ring, price: { amount: [] } }] }, '{amount: list}'],
  ['price_unreadable', 'view_item', { items: [{ ...ring, price: true }] }, 'true'],
  ['quantity_unreadable', 'add_to_cart', { items: [{ ...ring, quantity: 'a pair' }] }, 'a pair'],
  ['amount_unreadable', 'purchase', { transaction_id: 'q-1', value: 'see invoice', items: [ring] }, 'see invoice'],
  ['amount_unreadable', 'refund', { transaction_id: 'q-1', value: '12 or so' }, '12 or so'],
  ['currency_unknown', 'begin_checkout', { currency: 'EURO€', items: [ring] }, 'EURO€'],
  ['currency_unknown', 'purchase', { transaction_id: 'q-2', currency: 978, value: 4 }, '978'],
  ['items_unreadable', 'view_cart', { items: 'ring, necklace' }, 'ring, necklace'],
  ['items_unreadable', 'view_cart', { items: '[{"item_id": "ring"' }, '[{"item_id": "ring"'],
  ['items_unreadable', 'add_to_cart', { ecommerce: { items: 3 } }, '3'],
  ['item_unreadable', 'add_to_cart', { items: [null, ring] }, 'null'],
  ['item_id_missing', 'add_to_cart', { items: [{ price: 5, colour: 'gold' }] }, '{price: number, colour: string}'],
  ['item_id_rounded', 'add_to_cart', { items: [{ item_id: 1e21, name: 'Ring' }] }, '1e+21'],
  ['too_many_items', 'view_cart', { items: Array.from({ length: 201 }, (_, n) => ({ id: `${n}` })) }, '201'],
]

describe('what nobody can read in a commerce event', () => {
  let shops: SiteView[]
  beforeAll(async () => {
    shops = await Promise.all(UNREADABLE.map(() => newSite({ currency: 'EUR' })))
    await Promise.all(UNREADABLE.map(([, type, props], n) => fromTag(shops[n]!, [event(type, 0, props)])))
  })

  test.each(UNREADABLE.map(([problem, type, , example], n) => [problem, type, example, n] as const))(
    '%s in %s: %s',
    async (problem, type, example, n) => {
      const site = shops[n]!
      expect(await counted(site, 1)).toEqual([
        {
          ...{ site: site.id, event: type, door: 'tag', problem, count: 1, example },
          ...{ first_at: expect.any(String), last_at: expect.any(String), advice: expect.stringMatching(/\.$/) },
        },
      ])
    },
  )

  test('amounts without a currency, and orders without an id', async () => {
    const [with_, without] = [await newSite({ currency: 'EUR' }), await newSite()]
    for (const site of [with_, without]) {
      await fromTag(site, [
        event('add_to_cart', 0, { items: [ring] }),
        event('view_cart', 0, { items: [{ item_id: 'ring' }] }),
        event('begin_checkout', 0, { value: '5 €', items: [ring] }),
        event('purchase', 0, { value: 5 }),
        event('purchase', 0, { value: 0, items: [] }),
        event('refund', 0, { transaction_id: 'q-3', value: 5 }),
      ])
    }
    const shown = async (site: SiteView, lines: number) =>
      (await counted(site, lines)).map(({ event, problem, count }) => [event, problem, count])
    expect(await shown(without, 4)).toEqual([
      ['add_to_cart', 'currency_missing', 1],
      ['purchase', 'currency_missing', 1],
      ['purchase', 'order_id_missing', 1],
      ['refund', 'currency_missing', 1],
    ])
    expect(await shown(with_, 1)).toEqual([['purchase', 'order_id_missing', 1]])
  })

  test('is counted by door, and a sign of the site’s own currency is known', async () => {
    const site = await newSite({ currency: 'SEK' })
    const bad = { items: [{ item_id: 'ring', price: '?' }], currency: 'kr' }
    await fromTag(site, [event('add_to_cart', 0, bad)])
    await fromServer(site, [event('add_to_cart', 0, bad), event('add_to_cart', 0, bad)])
    const product = { product_id: 'ring', price: '?', currency: 'kr' }
    const segment = call('track', { event: 'Product Added', properties: product, ...newAnonymous(server) })
    await postBatch(server, [segment], { authorization: `Bearer ${keys.secret}:${site.id}` })
    expect((await counted(site, 3)).map(({ event, door, problem, count }) => [event, door, problem, count])).toEqual([
      ['add_to_cart', 'api', 'price_unreadable', 2],
      ['add_to_cart', 'segment', 'price_unreadable', 1],
      ['add_to_cart', 'tag', 'price_unreadable', 1],
    ])
  })

  test('counts once however often it is sent, landed or derived', async () => {
    const site = await newSite()
    const bad = event('add_to_cart', 0, { items: [{ item_id: 'ring', price: '?' }] })
    const { candidate } = await fromTag(site, [bad])
    await settled(server)
    for (let i = 0; i < 3; i++) await fromTag(site, [bad], {}, candidate)
    await fromTag(site, [event('view_cart', 0, { items: [{ item_id: 'ring', price: '??' }] })], {}, candidate)
    await settled(server)
    await server.cli('rebuild')
    await settled(server)
    const lines = await counted(site, 2)
    expect(lines.map(({ event, count, example }) => [event, count, example])).toEqual([
      ['add_to_cart', 1, '?'],
      ['view_cart', 1, '??'],
    ])
    expect(lines[0]!.first_at).toBe(lines[0]!.last_at)
  })
})

const WEEK_MS = 8 * 24 * 3600_000

/** What is sent beside an event that is well, each to a site of its own, and the example that is shown. */
const REFUSED: [problem: string, given: () => Record<string, unknown>, example: unknown][] = [
  ['time_unreadable', () => ({ at: 'yesterday' }), 'yesterday'],
  ['time_unreadable', () => ({ at: '31/12/2025 10:00' }), '31/12/2025 10:00'],
  ['time_unreadable', () => ({ at: undefined }), expect.stringMatching(/^at must be/)],
  ['too_old', () => event('page', WEEK_MS), expect.stringMatching(/^\d{4}-\d\d-\d\dT/)],
  ['in_future', () => event('page', -3600_000), expect.stringMatching(/^\d{4}-\d\d-\d\dT/)],
  ['id_too_long', () => ({ id: 'i'.repeat(65) }), 'an id of 65 characters'],
  ['id_unreadable', () => ({ id: 'a b' }), 'a b'],
  ['id_unreadable', () => ({ id: 'jane@couriel.test' }), '[email]'],
  ['invalid_event', () => ({ props: [1] }), 'props must be an object'],
  ['text_cut', () => ({ title: 't'.repeat(1025) }), 'title of 1025 characters'],
  ['text_cut', () => ({ url: `https://shop.example/${'a'.repeat(5000)}` }), 'url of 5021 characters'],
  ['url_unreadable', () => ({ url: 'file:///C:/Users/Jane/shop.html' }), 'an address that begins with file:'],
  ['url_unreadable', () => ({ url: '/bracelet' }), 'an address without http:// or https://'],
  ['event_too_large', () => ({ props: { text: 'x'.repeat(33_000) } }), 'an event must have at most 32768 bytes'],
  [
    'blocked_identifier',
    () => ({ type: 'identify', props: { kind: 'login', contact_id: 'null' } }),
    expect.any(String),
  ],
]

describe('what the collector refuses or changes', () => {
  let shops: { site: SiteView; sent: Record<string, unknown> }[]
  beforeAll(async () => {
    shops = await Promise.all(
      REFUSED.map(async ([, given]) => ({ site: await newSite(), sent: { ...event('page'), ...given() } })),
    )
    await Promise.all(shops.map(({ site, sent }) => fromTag(site, [sent, event('page')])))
  })

  test.each(REFUSED.map(([problem, , example], n) => [problem, n, example] as const))(
    '%s (%i)',
    async (problem, n, example) => {
      const { site, sent } = shops[n]!
      expect(await counted(site, 1)).toMatchObject([{ event: sent.type, door: 'tag', problem, count: 1, example }])
    },
  )

  test('an event without a name', async () => {
    const site = await newSite()
    await fromTag(site, [{ ...event('page'), type: '' }, { ...event('page'), type: 7 }, 'page'])
    expect(await counted(site, 2)).toMatchObject([
      { event: 'other', problem: 'invalid_event', count: 1, example: 'page' },
      { event: 'other', problem: 'unknown_type', count: 2, example: '7' },
    ])
  })

  test('a clock that is off, and a long name', async () => {
    const site = await newSite()
    const sent_at = new Date(Date.now() - 3600_000).toISOString()
    await fromTag(site, [event('page', 3600_000), event('n'.repeat(80), 3600_000)], { sent_at })
    const lines = await counted(site, 3)
    expect(lines.map(({ event, problem, example }) => [event, problem, example])).toEqual([
      ['n'.repeat(64), 'text_cut', 'type of 80 characters'],
      ['n'.repeat(64), 'time_shifted', "the sender's clock is 3600 s slow"],
      ['page', 'time_shifted', "the sender's clock is 3600 s slow"],
    ])
  })

  test('the name of a policy that is too long', async () => {
    const site = await newSite()
    await fromTag(site, [event('page')], { consent: consent({ policy: 'p'.repeat(300) }) })
    expect(await counted(site, 1)).toMatchObject([
      { event: 'consent', problem: 'text_cut', count: 1, example: 'policy of 300 characters' },
    ])
  })

  test('requests as a whole: from another origin, of an unproven visitor, too large and without form', async () => {
    const site = await newSite()
    const body = (more: Record<string, unknown>, n = 2) =>
      JSON.stringify(
        batch(
          Array.from({ length: n }, () => event('page')),
          { site: site.id, ...more },
        ),
      )
    const statuses = [
      await post(server, body({ candidate: newVisitor() }), { origin: 'https://copied.example' }),
      await post(server, body({ visitor: newVisitor() })),
      await post(server, body({ candidate: newVisitor() }, 51)),
      await post(server, body({ consent: { ...consent(), source: 'guessed' } })),
    ].map(({ status }) => status)
    expect(statuses).toEqual([403, 400, 413, 400])
    expect((await counted(site, 4)).map(({ problem, count, example }) => [problem, count, example])).toEqual([
      ['invalid_request', 2, expect.stringMatching(/^consent\.source must be one of/)],
      ['origin_not_allowed', 2, expect.stringContaining('https://copied.example')],
      ['too_many_events', 51, expect.stringMatching(/at most 50/)],
      ['visitor_unproven', 2, null],
    ])
  })

  test('Segment’s calls', async () => {
    const site = await newSite({ consent_map: ['Analytics=analytics', 'Functional=identity'] })
    const authorization = `Bearer ${keys.secret}:${site.id}`
    const who = newAnonymous(server)
    const calls = [
      call('track', { ...who, event: 'Product Added', timestamp: 'last Monday' }),
      call('track', who),
      call('hover', who),
      call('page'),
      call('identify', { userId: 'q-7', context: consenting({ Analytics: true }), ...who }),
      call('track', { ...who, event: 'e'.repeat(70) }),
    ]
    expect((await postBatch(server, calls, { authorization })).status).toBe(200)
    expect(
      (
        await postCall(
          server,
          'page',
          { ...call('page', who), type: undefined },
          { authorization, origin: 'https://x.example' },
        )
      ).status,
    ).toBe(403)
    const lines = await counted(site, 7)
    expect(lines.map(({ event, problem, count }) => [event, problem, count])).toEqual(
      [
        ['add_to_cart', 'time_unreadable', 1],
        ['e'.repeat(64), 'text_cut', 1],
        ['identify', 'no_identity_consent', 1],
        ['other', 'origin_not_allowed', 1],
        ['hover', 'unknown_type', 1],
        ['page', 'visitor_missing', 1],
        ['track', 'unknown_type', 1],
      ].sort(),
    )
    expect(new Set(lines.map(({ door }) => door))).toEqual(new Set(['segment']))
  })

  test('names of a site’s own past the fiftieth count as other, also over several seconds', async () => {
    const site = await newSite()
    const cut = (name: string) => ({ ...event(name), title: 't'.repeat(1025) })
    await fromServer(
      site,
      Array.from({ length: 40 }, (_, n) => cut(`first ${n}`)),
    )
    await counted(site, 40)
    await fromServer(
      site,
      Array.from({ length: 40 }, (_, n) => cut(`second ${n}`)),
    )
    const lines = await counted(site, 51)
    expect(lines.find((line) => line.event === 'other')).toMatchObject({ count: 30, problem: 'text_cut' })
  })
})

describe('an example', () => {
  let shops: SiteView[]
  const PERSONAL = [
    'jane.doe@couriel.test',
    'jane (at) couriel.test',
    '+33 6 12 34 56 78',
    'FR76 3000 6000 0112 3456 7890 189',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJxLTcifQ.c2lnbmF0dXJlLW9mLXF1YWxpdHk',
    'couture_secret_9f8e7d6c5b4a',
    '4111 1111 1111 1111',
  ]
  beforeAll(async () => {
    shops = await Promise.all(PERSONAL.map(() => newSite()))
    const sentOf = (text: string) => [
      event('add_to_cart', 0, { items: [{ item_id: 'ring', price: `call ${text}`, quantity: text }] }),
      { ...event('page'), at: text },
      { ...event('page'), id: `${text} ` },
    ]
    await Promise.all(PERSONAL.map((text, n) => fromTag(shops[n]!, sentOf(text))))
  })

  test.each(PERSONAL.map((text, n) => [text, n] as const))('does not hold %s', async (text, n) => {
    for (const { example } of await counted(shops[n]!, 4)) {
      expect(example).toMatch(/\[(email|phone|iban|token|number)\]|^an id of \d+ characters$/)
    }
    const rows = JSON.stringify(await server.query('select * from quality_counts'))
    for (const part of text.split(/[ .]/)) if (part.length > 4) expect(rows.includes(part), part).toBe(false)
  })

  test('has at most 200 characters', async () => {
    const site = await newSite()
    await fromTag(site, [
      event('view_cart', 0, { items: 'ring and '.repeat(50), value: 'a lot, '.repeat(2000).trim() }),
    ])
    const [amount, items] = await counted(site, 2)
    expect(amount!.example).toBe('a text of 13999 characters')
    expect(items!.example).toHaveLength(200)
  })

  test('goes when its visitor withdraws, and later ones of the same second too', async () => {
    const site = await newSite()
    const words = 'the words of somebody who leaves'
    const bad = () => event('add_to_cart', 0, { items: [{ item_id: 'ring', price: words }] })
    const { candidate } = await fromTag(site, [bad()])
    expect((await counted(site, 1))[0]!.example).toBe(words)
    await fromTag(site, [bad()], {}, candidate)
    await fromTag(
      site,
      [event('consent')],
      { consent: consent({ id: 'no', analytics: false, identity: false, marketing: false }) },
      candidate,
    )
    await settled(server)
    await expect.poll(() => filesHolding(server, words)).toEqual([])
    const [line] = await linesOf(site)
    expect([line!.example, line!.count]).toEqual([null, expect.any(Number)])
  })

  test('goes when its contact is erased', async () => {
    const site = await newSite()
    await server.post('/api/v1/contacts', [{ id: 'q-erased' }])
    const words = 'what the erased customer wrote'
    const { candidate } = await fromTag(site, [event('add_to_cart', 0, { items: [{ item_id: 'ring', price: words }] })])
    await settled(server)
    const [visitor] = await server.query<{ visitor_id: string }>(
      'select visitor_id from events where site_id = ?',
      site.id,
    )
    await server.post('/api/v1/identify', { site: site.id, visitor: visitor!.visitor_id, contact_id: 'q-erased' })
    await settled(server)
    expect((await counted(site, 1))[0]!.example).toBe(words)
    await server.cli('erase', 'q-erased')
    await settled(server)
    await expect.poll(() => filesHolding(server, words)).toEqual([])
    expect(candidate).toBeTruthy()
  })
})

describe('missing consent', () => {
  const sentence = (n: number, of = n) => `${n} of ${of} events of the last hour had no consent`
  const logged = (site: { id: string }) =>
    server
      .output()
      .stderr.split('\n')
      .filter((line) => line.includes(`"${site.id}"`) && line.includes('had no consent'))

  test('is told in the log once, by doctor, the report and the overview', async () => {
    const site = await newSite()
    const calls = Array.from({ length: 9 }, (_, n) =>
      call('track', {
        event: n === 0 ? 'A customer of the shop' : 'Product Added',
        ...newAnonymous(server),
        context: {},
      }),
    )
    const authorization = `Bearer ${keys.secret}:${site.id}`
    expect((await postBatch(server, calls, { authorization })).headers.get('couture-left-out')).toBe('no_consent=9')
    const lines = await counted(site, 2)
    expect(lines.map(({ event, problem, count, example }) => [event, problem, count, example])).toEqual([
      ['add_to_cart', 'no_consent', 8, null],
      // Nothing is kept of a visitor without consent, not even a name that the shop gave.
      ['other', 'no_consent', 1, null],
    ])
    for (const { advice } of lines) expect(advice).toMatch(new RegExp(`^${sentence(9)}\\. .*docs/consent.md`))
    const { missing_consent } = await server.get('/api/v1/reports/overview')
    expect(missing_consent).toContainEqual({ site: site.id, door: 'segment', events: 9, without_consent: 9 })
    const findings = await server.cli<{ state: string; what: string }[]>('doctor')
    expect(findings.map(({ what }) => what)).toContainEqual(
      expect.stringMatching(new RegExp(`^${site.id}: ${sentence(9)} \\(Segment’s API\\).*docs/consent.md`)),
    )
    await expect.poll(() => logged(site)).toHaveLength(1)
    await postBatch(
      server,
      calls.map((each) => ({ ...each, messageId: undefined })),
      { authorization },
    )
    await expect.poll(async () => (await linesOf(site))[0]!.advice).toMatch(new RegExp(`^${sentence(18)}`))
    expect(logged(site)).toHaveLength(1)
  })

  test('of servers with a key, where most had none', async () => {
    const site = await newSite()
    await fromServer(site, [event('page')])
    const no = { consent: consent({ analytics: false }) }
    await fromServer(site, [event('page'), event('page')], no)
    await counted(site, 1)
    // Two of three are too few to say anything.
    expect((await linesOf(site))[0]!.advice).toMatch(/^The events/)
    await fromServer(site, [event('page')], no)
    await expect.poll(async () => (await linesOf(site))[0]!.advice).toMatch(new RegExp(`^${sentence(3, 4)}`))
    const findings = await server.cli<{ what: string }[]>('doctor')
    expect(findings.some(({ what }) => what.startsWith(`${site.id}: ${sentence(3, 4)} (servers with a key)`))).toBe(
      true,
    )
  })

  test('of a batch that states no choice at all', async () => {
    const site = await newSite()
    expect((await fromServer(site, [event('page'), event('page'), event('page')], { consent: undefined })).status).toBe(
      400,
    )
    const [line] = await counted(site, 1)
    expect([line!.problem, line!.count]).toEqual(['no_consent', 3])
    expect(line!.advice).toMatch(new RegExp(`^${sentence(3)}`))
  })

  test('is not missing where most allow, and a withdrawal is not one', async () => {
    const site = await newSite()
    const { candidate } = await fromTag(
      site,
      Array.from({ length: 5 }, () => event('page')),
    )
    for (let i = 0; i < 4; i++) {
      await fromTag(site, [event('consent')], { consent: consent({ analytics: false }) }, candidate)
    }
    await fromServer(
      site,
      Array.from({ length: 4 }, () => event('page')),
    )
    await fromServer(
      site,
      Array.from({ length: 4 }, () => event('page')),
      { consent: consent({ analytics: false }) },
    )
    await counted(site, 1)
    const { missing_consent } = await server.get('/api/v1/reports/overview')
    expect(missing_consent.filter((each: { site: string }) => each.site === site.id)).toEqual([])
    expect(logged(site)).toEqual([])
  })
})

describe('where it is shown', () => {
  test('the report has pages and files, and is asked by site and day', async () => {
    const site = await newSite()
    await fromServer(
      site,
      Array.from({ length: 12 }, (_, n) => ({
        ...event(`name ${String(n).padStart(2, '0')}`),
        title: 't'.repeat(1025),
      })),
    )
    const all = await counted(site, 12)
    const pages: Line[] = []
    for (let after = ''; ; ) {
      const page = await report(`site=${site.id}&limit=5&after=${after}`)
      pages.push(...page.data)
      expect(page.has_more).toBe(page.next !== null)
      if (page.next === null) break
      after = page.next
    }
    expect(pages).toEqual(all)
    const text = async (format: string) =>
      (await server.api(`/api/v1/reports/quality?site=${site.id}&format=${format}`)).text()
    expect(
      (await text('ndjson'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(all)
    expect(
      parse(await text('csv'), {
        columns: true,
        cast: (cell, { column }) => (column === 'count' ? Number(cell) : cell),
      }),
    ).toEqual(all)
    const today = new Date().toISOString().slice(0, 10)
    expect((await report(`site=${site.id}&from=${today}&to=${today}`)).data).toEqual(all)
    expect((await report(`site=${site.id}&from=2026-01-01&to=2026-01-02`)).data).toEqual([])
    expect((await report('site=nobody')).data).toEqual([])
    for (const query of [
      'from=2026-03-02&to=2026-03-01',
      'from=yesterday',
      'after=x',
      'format=xml',
      'from=2020-01-01',
    ]) {
      expect((await server.api(`/api/v1/reports/quality?${query}`)).status).toBe(400)
    }
  })

  test('doctor has a line for each site', async () => {
    const [well, ill] = [await newSite(), await newSite()]
    await fromTag(well, [event('page')])
    await fromTag(ill, [{ ...event('page'), at: 'noon' }, event('add_to_cart', 0, { items: 'ring' })])
    await counted(ill, 2)
    const findings = await server.cli<{ state: string; what: string }[]>('doctor')
    const about = ({ id }: SiteView) =>
      findings.filter(({ what }) => what.startsWith(`${id}: `) && !what.includes('newest choices'))
    expect(about(well)).toEqual([{ state: 'ok', what: `${well.id}: no problems in what it sent since yesterday` }])
    expect(about(ill)).toEqual([
      {
        state: 'note',
        what: expect.stringMatching(/: items_unreadable \(1\), time_unreadable \(1\);.*reports\/quality/),
      },
    ])
  })

  test('metrics count by problem', async () => {
    const value = async (problem: string) => {
      const text = await (await fetch(`${server.url}/metrics`)).text()
      return Number(new RegExp(`^couture_quality_problems_total{problem="${problem}"} (\\d+)$`, 'm').exec(text)?.[1])
    }
    expect(await value('too_many_events')).toBeGreaterThanOrEqual(0)
    const before = await value('quantity_unreadable')
    const site = await newSite({ currency: 'EUR' })
    await fromTag(site, [
      event('add_to_cart', 0, {
        items: [
          { ...ring, quantity: 'some' },
          { ...ring, quantity: 'few' },
        ],
      }),
    ])
    await counted(site, 1)
    expect(await value('quantity_unreadable')).toBe(before + 1)
  })

  test('a site that is deleted takes its counts along', async () => {
    const site = await newSite()
    await fromTag(site, [{ ...event('page'), at: 'noon' }])
    await counted(site, 1)
    await server.cli('sites', 'delete', site.id, '--yes')
    expect(await server.query('select * from quality_counts where site_id = ?', site.id)).toEqual([])
    expect(await server.query('select * from arrivals where site_id = ?', site.id)).toEqual([])
  })
})

test('examples are kept for 30 days, and counts for 400', async () => {
  const site = await newSite()
  await fromTag(site, [{ ...event('page'), id: eventId(), at: 'noon' }])
  expect((await counted(site, 1))[0]!.example).toBe('noon')
  const day = 24 * 3600_000
  const rows = () => server.query('select example, example_of from quality_counts where site_id = ?', site.id)
  await server.setClock(31 * day)
  await expect.poll(rows).toEqual([{ example: null, example_of: null }])
  expect(await server.query('select * from arrivals where site_id = ?', site.id)).toEqual([])
  await server.setClock(402 * day)
  await expect.poll(rows).toEqual([])
})
