/**
 * Covers what names a person in the texts of events: e-mail addresses in every encoding, telephone numbers and IBANs, in
 * names, page addresses, titles, properties, the policy of a choice, user agents and Segment's calls. None reaches a file,
 * no hash of one does, and article and order numbers, dates and prices stay as they are.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cleanText } from '../../server/collect/personal-data.ts'
import { filesHolding, newVisitor, type SiteView, timeline } from '../support/requests.ts'
import { newAnonymous } from '../support/segment-requests.ts'
import { batch, consent, event, send, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let writeKey: string

beforeAll(async () => {
  server = await startServer()
  writeKey = (await server.cli<SiteView>('sites', 'show', 'demo')).write_key
})
afterAll(() => server.stop())

/** An address in every form; LOCAL stands for what no file may hold. */
const ADDRESSES = [
  ...['LOCAL@mail.example', 'LOCAL%40mail.example', 'LOCAL%2540mail.example', 'LOCAL%252540mail.example'],
  ...['LOCAL%2525252540mail.example', 'LOCAL&#64;mail.example', 'LOCAL&#x40;mail.example', 'LOCAL&#0064mail.example'],
  ...[
    'LOCAL&commat;mail.example',
    'LOCAL&amp;#64;mail.example',
    'LOCAL%26%2364%3Bmail.example',
    'LOCAL&#37;40mail.example',
  ],
  ...[
    'LOCAL\uff20mail.example',
    'LOCAL\ufe6bmail\uff0eexample',
    'LOCAL%EF%BC%A0mail.example',
    'LOCAL&#65312;mail.example',
  ],
  ...['LOCAL\\u0040mail.example', 'LOCAL%5Cu0040mail.example', 'LOCAL%u0040mail.example', 'LOCAL\\x40mail.example'],
  ...[
    'LOCAL@mail\u3002example',
    'LOCAL@m\u00fcller.example',
    'LOCAL@xn--mller-kva.example',
    'LOCAL@\u4f8b\u3048.\u30c6\u30b9\u30c8',
  ],
  ...['LOCAL.\u7528\u6237@\u4f8b\u5b50.\u5e7f\u544a', 'j\u00fcrgen.LOCAL@mail.example', 'LOCAL%C3%A9%40mail.example'],
  ...['"LOCAL martin"@mail.example', '%22LOCAL%20martin%22%40mail.example', '"a\\"LOCAL"@mail.example'],
  ...['LOCAL(home)@mail.example', 'LOCAL@[192.168.1.1]', 'LOCAL@192.168.1.10', 'LOCAL@[IPv6:2001:db8::1]'],
  ...["o'LOCAL@mail.example", 'LOCAL+tag@mail.example', 'mailto:LOCAL@mail.example', '<LOCAL@mail.example>'],
  ...[
    'LOCAL (at) mail (dot) example',
    'LOCAL[at]mail.example',
    '{"email":"LOCAL@mail.example"}',
    'LOCAL@m%61il.example',
  ],
  ...['LOCAL%E9@mail.example', 'LOCAL%E9%40mail.example', 'LOCAL@soci%E9t%E9.example', 'LOCAL%00@mail.example'],
  ...['LOCAL@2x.example', 'LOCAL@3x.mail.example'],
  ...['LOCAL @ mail.example', 'LOCAL%20%40%20mail.example', 'LOCAL+%40+mail.example', 'LOCAL@ mail.example'],
  ...[
    'LOCAL\u00a0@\u00a0mail.example',
    'LOCAL\t@\tmail.example',
    'LOCAL%0A@mail.example',
    'LOCAL&nbsp;@&nbsp;mail.example',
  ],
  ...['LOCAL%25%34%30mail.example', 'LOCAL%254%30mail.example', 'LOCAL\\u{40}mail.example', 'LOCAL\\@mail\\.example'],
  ...[
    'LOCAL[@]mail[.]example',
    'LOCAL (@) mail.example',
    'LOCAL&lt;at&gt;mail.example',
    'LOCAL [\u00e4t] mail [punkt] example',
  ],
  ...['LOCAL@@mail.example', 'LOCAL@our_mail.example', 'a&lowbar;LOCAL@mail.example', 'LOCAL@\uff4dail.example'],
  ...['LOCAL\u200b@mail.example', 'LOCAL@sub.mail.example/x', 'LOCAL@mail.co.uk:8080', 'a=LOCAL@mail.example&b=2'],
]

let forms = 0
const named = (form: string) => {
  const local = `jeanne${String(++forms).padStart(4, '0')}x`
  return { local, text: form.replace('LOCAL', local) }
}

/** Sends one event with a text in every place that takes one, and returns it as it is stored. */
async function stored(text: string) {
  const visitor = newVisitor()
  const props = { note: `for ${text}!`, deep: [{ [text]: { text } }], link: `https://shop.example/?q=${text}` }
  const url = `https://shop.example/u/${text}/x?utm_term=${text}`
  const sent = event(`For ${text}`.slice(0, 64), 0, props, { url, referrer: url, title: `Bonjour ${text}, merci` })
  const choice = consent({ id: `choice-${visitor}`, policy: `v3 of ${text}` })
  const response = await send(server, batch([sent], { visitor, consent: choice }), {
    'user-agent': `Mozilla/5.0 (X11; ${encodeURIComponent(text)}) Firefox/140.0`,
  })
  expect(await response.json()).toMatchObject({ accepted: 1, rejected: [] })
  await settled(server)
  const [seen] = await timeline(server, visitor)
  return { seen, visitor }
}

describe('an address', () => {
  test.each(ADDRESSES)('as %s is nowhere in what is stored', async (form) => {
    const { local, text } = named(form)
    const { seen } = await stored(text)
    expect(seen!.title).toMatch(/^Bonjour .*\[email\].* merci$/)
    expect(seen!.type).toMatch(/\[email\]/)
    expect(seen!.url).toMatch(/^https:\/\/shop\.example\/u\//)
    expect(JSON.stringify(seen!.props).match(/\[email\]/g)!.length).toBeGreaterThanOrEqual(4)
    expect(await filesHolding(server, local)).toEqual([])
  })

  test('in the names of Segment’s calls and what they say about the page is taken out', async () => {
    const { local, text } = named('LOCAL@mail.example')
    const context = {
      consent: { categoryPreferences: { analytics: true } },
      page: { url: `https://shop.example/${text}`, referrer: `https://a.example/${text}`, title: text },
      userAgent: `Mozilla/5.0 (X11; ${encodeURIComponent(text)}) Firefox/140.0`,
    }
    const { anonymousId, visitor } = newAnonymous(server)
    const base = { anonymousId, context, timestamp: new Date().toISOString() }
    const calls = [
      {
        ...base,
        type: 'track',
        event: `Asked ${text}`,
        messageId: `m-${encodeURIComponent(text)}`,
        properties: { a: { [text]: 1 } },
      },
      { ...base, type: 'screen', name: text, category: text },
      { ...base, type: 'group', groupId: text },
    ]
    const response = await fetch(`${server.url}/v1/batch`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${writeKey}:`)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ batch: calls, sentAt: new Date().toISOString() }),
    })
    expect(response.status).toBe(200)
    await settled(server)
    expect(await timeline(server, visitor)).toHaveLength(3)
    expect(await filesHolding(server, local)).toEqual([])
  })

  test('leaves no keyed hash, by which a visitor could be tied to a contact', async () => {
    const { text } = named('LOCAL@mail.example')
    await server.post('/api/v1/contacts', [{ id: `crm-of-${text.slice(0, 11)}`, email: text }])
    const { seen } = await stored(text)
    const keys = await server.query<{ key_hash: string }>('select key_hash from contact_keys')
    const told = JSON.stringify(seen)
    expect(keys.filter(({ key_hash }) => told.includes(key_hash))).toEqual([])
  })

  test('in an event’s id refuses the event', async () => {
    const bad = { ...event('page'), id: 'jeanne%40mail.example' }
    const response = await send(server, batch([bad], { visitor: newVisitor() }))
    expect(await response.json()).toMatchObject({
      accepted: 0,
      rejected: [{ code: 'invalid_event', message: 'id must not hold what names a person' }],
    })
  })

  test('is counted, and so are numbers', async () => {
    const figure = async (kind: string) => {
      const text = await (await fetch(`${server.url}/metrics`)).text()
      return Number(new RegExp(`^couture_personal_data_removed_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(text)?.[1])
    }
    const before = { email: await figure('email'), phone: await figure('phone'), iban: await figure('iban') }
    await stored('a@mail.example +33612345678 DE89370400440532013000')
    for (const kind of ['email', 'phone', 'iban'] as const) expect(await figure(kind)).toBeGreaterThan(before[kind])
  })
})

const PHONES = [
  ...['06 12 34 56 78', '0612345678', '06.12.34.56.78', '06-12-34-56-78', '+33612345678', '+33 6 12 34 56 78'],
  ...['0033612345678', '+33 (0)6 12 34 56 78', '%2B33612345678', '06%2012%2034%2056%2078', '06+12+34+56+78'],
  ...['tel:0612345678', 'phone=612345678', '212-555-1234', '+1 212 555 1234', '0171 1234567', '01711234567'],
  ...['+49 171 1234567', '020 7946 0018', '07700900123', '0470 12 34 56', '02 123 45 67'],
]
const IBANS = [
  ...['FR76 3000 6000 0112 3456 7890 189', 'FR7630006000011234567890189', 'fr7630006000011234567890189'],
  ...[
    'DE89370400440532013000',
    'GB82 WEST 1234 5698 7654 32',
    'NL91%20ABNA%200417%201643%2000',
    'DE89+3704+0044+0532+0130+00',
    '\uff24\uff25\uff18\uff19370400440532013000',
  ],
]

describe('a number that is a person’s', () => {
  test.each([...PHONES.map((text) => [text, 'phone']), ...IBANS.map((text) => [text, 'iban'])] as [string, string][])(
    '%s is taken out of page addresses and titles',
    async (text, kind) => {
      const visitor = newVisitor()
      const url = `https://shop.example/call/${text.replaceAll(' ', '%20')}`
      await send(server, batch([event('page', 0, undefined, { url, title: `Call ${text}` })], { visitor }))
      await settled(server)
      const [seen] = await timeline(server, visitor)
      expect(seen!.title).toBe(
        `Call ${text.startsWith('tel:') ? 'tel:' : text.startsWith('phone=') ? 'phone=' : ''}[${kind}]`,
      )
      expect(decodeURIComponent(seen!.url!)).toMatch(new RegExp(`\\[${kind}\\]$`))
      expect(seen!.url).not.toMatch(/\d{2}/)
    },
  )
})

describe('what only looks like it stays', () => {
  /** Texts of shops: pictures, packages, places, articles, orders, dates, amounts, versions, clicks. */
  const OTHERS = [
    ...[
      'logo@2x.png',
      'https://cdn.example/npm/vue@3.2.1-beta.js',
      'https://maps.example/@48.8566,2.3522,15z',
      '/@jean',
    ],
    ...['icon@2x_dark.png', 'icon@2x-dark.png', 'Open @ 9.30am', 'a ring <at> last', 'by @jean.martin'],
    ...['@media (min-width: 3px)', '2 pairs @ 30.00 EUR', 'width=40px.jpg', 'nike+123456789', 'SKU 0001234567'],
    ...[
      'https://shop.example/2026/03/01/ring-18-123456789',
      'order 20260301123456',
      'EAN 3760123456788',
      '0012345678905',
    ],
    ...[
      '2026-03-01T09:30:00.000Z',
      '01.02.2026 10:30',
      '01/02/2026',
      '1 299,00 \u20ac',
      '12.345.678,90',
      'ORD-2026-000123',
    ],
    ...[
      '402-5558271-1234567',
      'iPhone 15 128 2026',
      '978-3-16-148410-0',
      '9783161484100',
      '1772357400123',
      'A4 210 297',
    ],
    ...[
      'GA1.2.1234567890.1234567890',
      'fb.1.1596403881668.1116446470',
      '10.0.0.1',
      '550e8400-e29b-41d4-a716-446655440000',
      'node-next-1795304434540-fe198c56-0064-4308-9868-3f13c9348070',
      '06123456-7890-4123-8123-061234567890',
    ],
    ...[
      'isbn 0306406152',
      'v1.2.3.4567890',
      'ref:12345678',
      'gclid=EAIaIQobChMI-0123456789012',
      ' 00133 0011 19970101  1   18.99',
    ],
    ...['FR7630006000011234567890188', '299 349 1299', '#AB12 3456 7890 1234'],
  ]
  test.each(OTHERS)('%s', (text) => {
    const ways = [undefined, { everywhere: true, inUrl: true }, { everywhere: true, inUrl: false }]
    expect(ways.map((reading) => cleanText(text, () => {}, reading))).toEqual([text, text, text])
  })
})
