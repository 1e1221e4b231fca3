/**
 * What persons did by day (`person_days`) and their visits: which rows events leave, whose they are when a visitor turns out
 * to be somebody else, that unchanged rows are not written again, and that no script makes them numerous.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireEvent } from '../../tag/wire.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { ENGINE, openStore } from '../support/store.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const SHOP = 'https://shop.example'

type Text = string | null
type PersonDayRow = Record<'type' | 'site_id' | 'person_id', string> &
  Record<'day' | 'n' | 'count' | 'first_at' | 'last_at', number> &
  Record<'times' | 'url' | 'title' | 'referrer' | 'item_id' | 'item_name' | 'item_category' | 'items' | 'props', Text> &
  Record<'currency' | 'search_term' | 'campaign' | 'source' | 'medium', Text> & { value: number | null }
type VisitRow = Record<'began_at' | 'ended_at' | 'pages' | 'engaged_ms', number> &
  Record<'landing' | 'referrer' | 'campaign' | 'source' | 'medium' | 'message', Text> & { person_id: string }

let server: TestServer
let secret: string
beforeAll(async () => {
  server = await startServer()
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
  await server.cli('sites', 'set', 'demo', 'currency=EUR')
})
afterAll(() => server?.stop())

/** Noon of the day before yesterday (UTC), so that minutes around it are one day. */
const NOON = Math.floor(Date.now() / DAY) * DAY - 2 * DAY + DAY / 2
const at = (ms: number) => ({ at: new Date(NOON + ms).toISOString() })
const happened = (type: string, ms: number, props?: Record<string, unknown>, more: Partial<WireEvent> = {}) =>
  event(type, 0, props, { ...at(ms), ...more })
const page = (ms: number, path = '/', more: Partial<WireEvent> = {}) =>
  happened('page', ms, undefined, { url: `${SHOP}${path}`, ...more })
/** The rows of a visitor by day, without its own ids. */
async function days(visitor: string): Promise<PersonDayRow[]> {
  return server.query<PersonDayRow>(
    'select * from person_days where visitor_id = ? order by person_id, day, type, n',
    visitor,
  )
}

const visits = (visitor: string) =>
  server.query<VisitRow>('select * from visits where visitor_id = ? order by began_at, person_id', visitor)

/** A row in words: `TYPE COUNT× [ITEM name category | ITEMS] value`. */
function told({ type, count, item_id, item_name, item_category, items, value, currency, ...row }: PersonDayRow) {
  const plain =
    item_id === null ? '' : ` ${[item_id, item_name, item_category].filter((part) => part !== null).join(' ')}`
  const several = items === null ? '' : ` ${items}`
  const money = currency === null ? '' : ` ${value === null ? '?' : value} ${currency}`
  return `${type} ${count}×${plain}${several}${money}${row.search_term === null ? '' : ` “${row.search_term}”`}`
}

async function sent(events: WireEvent[], visitor = newVisitor()): Promise<string> {
  await sendAll(server, visitor, events)
  await settled(server)
  return visitor
}

describe('a day holds', () => {
  const ring = { item_id: 'R-1', item_name: 'Bague Étoile', item_category: 'Bagues' }
  test.each<[what: string, events: WireEvent[], rows: string[]]>([
    ['events without details by their type', [page(0), page(1), page(2)], ['page 3×']],
    [
      'events about one piece, folded',
      [happened('view_item', 0, { items: [ring] }), happened('view_item', 5, { items: [ring] })],
      ['view_item 2× r-1 bague etoile bagues'],
    ],
    [
      'the same piece in other dialects as the same',
      [
        happened('view_item', 0, { items: [{ item_id: 'A' }] }),
        happened('view_item', 1, { products: [{ product_id: 'A' }] }),
        happened('view_item', 2, { ecommerce: { detail: { products: [{ id: 'A' }] } } }),
        happened('view_item', 3, { product_id: 'A' }),
      ],
      ['view_item 3× a', 'view_item 1× a'],
    ],
    [
      'all levels of categories',
      [
        happened('view_item', 0, {
          items: [{ item_id: 'A', item_category: 'Femme', item_category2: 'Bagues', item_category3: 'Or' }],
        }),
        happened('view_item', 1, { items: [{ item_id: 'B', category: 'Bijoux/Bagues' }] }),
        happened('view_item', 2, { items: [{ item_id: 'C', category: ['Bijoux', 'Or'] }] }),
        happened('view_item', 3, { items: [{ item_id: 'D', category: 'Bijoux > Colliers' }] }),
      ],
      [
        'view_item 1× [{"id":"a","name":null,"categories":["femme","bagues","or"]}]',
        'view_item 1× [{"id":"b","name":null,"categories":["bijoux/bagues","bijoux","bagues"]}]',
        'view_item 1× [{"id":"c","name":null,"categories":["bijoux","or"]}]',
        'view_item 1× [{"id":"d","name":null,"categories":["bijoux > colliers","bijoux","colliers"]}]',
      ],
    ],
    [
      'a list as one event, and a line in two sizes as one piece',
      [
        happened('view_item_list', 0, { items: [{ item_id: 'A' }, { item_id: 'B' }] }),
        happened('add_to_cart', 1, {
          items: [
            { item_id: 'A', item_variant: '52' },
            { item_id: 'A', item_variant: '54' },
          ],
        }),
      ],
      [
        'add_to_cart 1× a',
        'view_item_list 1× [{"id":"a","name":null,"categories":[]},{"id":"b","name":null,"categories":[]}]',
      ],
    ],
    [
      'values with their currency',
      [
        happened('purchase', 0, { transaction_id: 'T', value: '1 890,50 €', items: [{ item_id: 'A' }] }),
        happened('generate_lead', 1, { value: 50 }),
        happened('generate_lead', 2, { value: 50, currency: 'USD' }),
      ],
      ['generate_lead 1× 5000 EUR', 'generate_lead 1× 5000 USD', 'purchase 1× a 189050 EUR'],
    ],
    [
      'what was searched, under the names of GA4 and others',
      [
        happened('search', 0, { search_term: 'Or Blanc' }),
        happened('view_search_results', 1, { search_term: 'or blanc' }),
        happened('search', 2, { query: 'OR BLANC' }),
      ],
      ['search 1× “or blanc”', 'search 1× “or blanc”', 'view_search_results 1× “or blanc”'],
    ],
    [
      'no piece for the id of something else',
      [
        happened('quiz_done', 0, { id: 7 }),
        happened('ring_tried_on', 1, { id: 7, product_id: 'A' }),
        happened('purchase', 2, { id: 'O-1', value: 5 }),
      ],
      ['purchase 1× 500 EUR', 'quiz_done 1×', 'ring_tried_on 1× a'],
    ],
  ])('%s', async (_what, events, rows) => {
    expect((await days(await sent(events))).map(told)).toEqual(rows)
  })

  test('the exact times, and days of their own', async () => {
    const visitor = await sent([page(-DAY), page(0), page(700), page(1500), page(90_000), page(90_001)])
    const [earlier, later] = await days(visitor)
    expect(earlier).toMatchObject({ count: 1, first_at: NOON - DAY, last_at: NOON - DAY, times: null })
    expect(later).toMatchObject({ count: 5, first_at: NOON, last_at: NOON + 90_001, times: '[700,1500,90000]' })
    expect(later!.day - earlier!.day).toBe(1)
  })

  test('an event that comes late in its place', async () => {
    const visitor = await sent([page(5000), page(9000)])
    await sent([page(1000)], visitor)
    const [row] = await days(visitor)
    expect(row).toMatchObject({ count: 3, first_at: NOON + 1000, last_at: NOON + 9000, times: '[4000]' })
  })

  test('where it happened and its other properties, folded and cut', async () => {
    const props = {
      Taille: '52 É',
      Poids: 3.5,
      cadeau: true,
      Pierres: ['Diamant', 'Rubis', {}],
      deep: { er: 1 },
      nothing: null,
    }
    const visitor = await sent([
      happened('ring_tried_on', 0, props, {
        ...{ url: `${SHOP}/Bagues`, title: 'Bague Étoile', referrer: 'https://www.google.fr/Search' },
      }),
      page(1, `/${'é'.repeat(900)}`, { referrer: `${SHOP}/Bagues`, title: 'x'.repeat(900) }),
    ])
    const [far, ring] = await days(visitor)
    expect(ring).toMatchObject({
      ...{ url: `${SHOP}/bagues`, title: 'bague etoile', referrer: 'https://www.google.fr/search' },
      props: '{"Taille":"52 e","Poids":3.5,"cadeau":true,"Pierres":["diamant","rubis"]}',
    })
    expect(far).toMatchObject({ referrer: null, props: null })
    expect(far!.url!.length).toBeLessThanOrEqual(300)
    expect(far!.title!.length).toBeLessThanOrEqual(150)
  })

  test('the campaign that its visit named last', async () => {
    const visitor = await sent([
      happened('page', 0, undefined, { url: `${SHOP}/?utm_campaign=Diamants&utm_source=mail` }),
      happened('share', 1000),
      happened('page', 2000, undefined, { url: `${SHOP}/?utm_campaign=Noël%20d%C3%A9but` }),
      happened('share', 3000),
      happened('share', 4000),
      happened('share', 2 * HOUR),
    ])
    const rows = (await days(visitor)).filter((row) => row.type === 'share')
    expect(rows.map(({ count, campaign, source }) => ({ count, campaign, source }))).toEqual([
      { count: 1, campaign: 'diamants', source: 'mail' },
      { count: 2, campaign: 'noel debut', source: null },
      { count: 1, campaign: null, source: null },
    ])
  })
})

describe('a visit', () => {
  test('lasts until a pause, and knows its page, pages, referrer and browser', async () => {
    const visitor = await sent([
      page(0, '/Bagues', { referrer: 'https://www.google.com/search' }),
      page(10 * MINUTE, '/b', { referrer: `${SHOP}/Bagues` }),
      page(45 * MINUTE, '/c', { referrer: `${SHOP}/b` }),
    ])
    expect(await visits(visitor)).toMatchObject([
      {
        ...{ began_at: NOON, ended_at: NOON + 10 * MINUTE, pages: 2, landing: `${SHOP}/bagues` },
        ...{ referrer: 'google.com', device: 'desktop', browser: 'safari' },
      },
      { began_at: NOON + 45 * MINUTE, ended_at: NOON + 45 * MINUTE, pages: 1, landing: `${SHOP}/c`, referrer: null },
    ])
  })

  test.each<[what: string, event: WireEvent, expected: [string | null, string | null, string | null]]>([
    ['utm', page(0, '/?utm_source=News&utm_medium=E-Mail&utm_campaign=D%C3%A9cembre'), ['decembre', 'news', 'e-mail']],
    ['utm with plus signs', page(0, '/?utm_campaign=f%C3%AAte+des+m%C3%A8res'), ['fete des meres', null, null]],
    ['utm_id alone', page(0, '/?utm_id=abc.123'), ['abc.123', null, null]],
    ['utm that is no UTF-8', page(0, '/?utm_campaign=%E9t%E9'), ['%e9t%e9', null, null]],
    [
      'GA4’s campaign_details',
      happened('campaign_details', 0, { campaign: 'Diamants', source: 'google', medium: 'cpc' }),
      ['diamants', 'google', 'cpc'],
    ],
    [
      'gtag’s configuration',
      happened('page', 0, { campaign_name: 'Diamants', campaign_source: 'bing', campaign_medium: 'cpc' }),
      ['diamants', 'bing', 'cpc'],
    ],
    [
      'Segment’s installs',
      happened('Install Attributed', 0, { campaign: { source: 'Network', name: 'Diamants' } }),
      ['diamants', 'network', null],
    ],
    [
      'no campaign: where on the page',
      happened('sign_up', 0, { source: 'footer', medium: 'popup' }),
      [null, null, null],
    ],
  ])('knows its campaign: %s', async (_what, event, [campaign, source, medium]) => {
    expect(await visits(await sent([event]))).toMatchObject([{ campaign, source, medium }])
  })

  test('knows the campaign that Segment’s servers state, with a page or without', async () => {
    const { write_key: writeKey } = await server.cli<SiteView>('sites', 'show', 'demo')
    const campaign = { name: 'Diamants', source: 'App', medium: 'push' }
    const granted = { categoryPreferences: { analytics: true, identity: true, marketing: true } }
    for (const [i, extra] of [{}, { page: { url: `${SHOP}/x` } }].entries()) {
      const call = {
        anonymousId: `app-user-${i}-000000000`,
        messageId: `m${i}`,
        context: { campaign, consent: granted, ...extra },
      }
      const body = JSON.stringify({ writeKey, ...call, event: 'Application Opened' })
      const reply = await fetch(`${server.url}/v1/track`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${btoa(`${writeKey}:`)}`,
          'user-agent': 'app/1',
        },
        body,
      })
      expect(reply.status).toBe(200)
    }
    await settled(server)
    const rows = await server.query("select campaign, source, medium, landing from visits where source = 'app'")
    expect(rows).toHaveLength(2)
    for (const row of rows) expect(row).toMatchObject({ campaign: 'diamants', source: 'app', medium: 'push' })
  })

  test('knows the message whose link was followed', async () => {
    await server.post('/api/v1/contacts', [{ id: 'crm-mail', email: 'mail@example.com' }])
    const made = { site: 'demo', contacts: ['crm-mail'], message: 'Lettre-12' }
    const { data } = await server.post('/api/v1/link-tokens', made)
    const visitor = newVisitor()
    await sendAll(server, visitor, [
      event('page', 5000),
      event('identify', 1000, { kind: 'link', link: data[0].token }),
    ])
    await settled(server)
    expect(await visits(visitor)).toMatchObject([
      { person_id: expect.stringContaining('crm-mail'), message: 'lettre-12' },
    ])
  })

  test('counts engaged seconds, and none that cannot have been', async () => {
    const signal = (ms: number, props: Record<string, unknown>) => happened('engagement', ms, props)
    const visitor = await sent([
      page(0),
      signal(10_000, { seconds: 8 }),
      signal(20_000, { engagement_time_msec: 7500 }),
      happened('user_engagement', 30_000, { engagement_time_msec: '500' }),
      signal(31_000, { seconds: -5 }),
      signal(32_000, { seconds: 'many' }),
    ])
    expect(await visits(visitor)).toMatchObject([{ engaged_ms: 16_000 }])
    const liar = await sent([page(0), signal(1000, { seconds: 1e12 }), signal(2000, { engagement_time_msec: 1e9 })])
    expect(await visits(liar)).toMatchObject([{ engaged_ms: 30 * MINUTE + 2000 }])
  })
})

describe('rows', () => {
  test('move to the contact whose session it was, and leave when the visitor withdraws', async () => {
    await server.post('/api/v1/contacts', [{ id: 'crm-moved', email: 'moved@example.com' }])
    const visitor = await sent([event('page', 9000), event('page', 8000)])
    const persons = async () => {
      const rows = [...(await days(visitor)), ...(await visits(visitor))]
      return [...new Set(rows.map((row) => (row.person_id.endsWith('crm-moved') ? 'contact' : 'nobody')))]
    }
    expect(await persons()).toEqual(['nobody'])
    const token = await signLogin(secret, 'crm-moved')
    await sent([event('identify', 7000, { kind: 'login', token })], visitor)
    expect(await persons()).toEqual(['contact'])
    const [visit, ...others] = await visits(visitor)
    expect(others).toEqual([])
    expect(visit).toMatchObject({ pages: 2 })
    expect(visit!.ended_at - visit!.began_at).toBeGreaterThan(1000)
    const no = consent({ id: 'choice-2', analytics: false, identity: false, marketing: false })
    expect((await send(server, batch([event('consent')], { visitor, consent: no }))).status).toBe(202)
    await settled(server)
    expect(await persons()).toEqual([])
  })

  test.runIf(ENGINE === 'sqlite')('that have not changed are not written again', async () => {
    const visitor = await sent([page(-DAY), page(-DAY + HOUR), page(0)])
    const store = await openStore(server.dataDir)
    await store.change('create table written (what text, day integer)')
    for (const [table, time] of [
      ['person_days', 'first_at'],
      ['visits', 'began_at'],
    ]) {
      for (const [how, row] of [
        ['insert', 'new'],
        ['update', 'new'],
        ['delete', 'old'],
      ]) {
        await store.change(`create trigger ${table}_${how} after ${how} on ${table} begin
          insert into written values ('${how} ${table}', ${row}.${time}); end`)
      }
    }
    await sent([page(1000)], visitor)
    expect(await store.query('select * from written order by what')).toEqual([
      { what: 'update person_days', day: NOON },
      { what: 'update visits', day: NOON },
    ])
    await store.change('drop table written')
    for (const table of ['person_days', 'visits']) {
      for (const how of ['insert', 'update', 'delete']) await store.change(`drop trigger ${table}_${how}`)
    }
    await store.close({ wipe: false })
  })

  test('stay few when a script invents pieces, types and visits, and what is beyond is counted', async () => {
    const visitor = newVisitor()
    const pieces = Array.from({ length: 700 }, (_, i) => happened('view_item', i, { items: [{ item_id: `x${i}` }] }))
    const types = Array.from({ length: 150 }, (_, i) => happened(`type-${i}`, 1000 + i))
    const resets = Array.from({ length: 130 }, (_, i) => happened('page', 2000 + 2 * i))
    for (const events of [pieces.slice(0, 500), [...pieces.slice(500), ...types], resets]) {
      expect(await server.post('/v1/events', batch(events, { visitor }))).toMatchObject({ accepted: events.length })
    }
    await settled(server)
    const rows = await days(visitor)
    expect(rows.length).toBeLessThanOrEqual(600)
    const count = (type: string) => rows.filter((row) => row.type === type).reduce((sum, row) => sum + row.count, 0)
    expect(count('view_item')).toBe(700)
    expect(new Set(rows.map((row) => row.type)).size).toBe(100)
    const [day] = await server.query<{ left_out: number }>(
      'select left_out from visitor_days where visitor_id = ?',
      visitor,
    )
    expect(day!.left_out).toBeGreaterThanOrEqual(200)
    expect(rows.reduce((sum, row) => sum + row.count, 0)).toBeLessThan(980)
    const findings = await server.cli<{ what: string }[]>('doctor')
    expect(findings.map(({ what }) => what)).toContainEqual(
      expect.stringMatching(/^\d{3} events of the last 30 days are known to segments without their details/),
    )
  })
})
