/**
 * The identity scenarios over HTTP: events, signed logins and mail links are sent to a real server,
 * which then reports whose each event is, what stays anonymous, and why. Every event of a story
 * carries its name as its title.
 */
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WireConsent } from '../../tag/wire.ts'
import { batch, consent, eventId, send, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { ENGINE } from '../support/store.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

let server: TestServer
let teller: Teller

beforeAll(async () => {
  server = await startServer()
  teller = await createTeller(server)
})
afterAll(() => server.stop())

/** Sends visitors' events to a server, one request per event, with a key so that they may be old. */
type Teller = Awaited<ReturnType<typeof createTeller>>

async function createTeller(target: TestServer) {
  const { key } = await target.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  const { identity_secret } = await target.cli<{ identity_secret: string }>('sites', 'show', 'demo')
  const headers = { authorization: `Bearer ${key}` }

  const tell = async (
    visitor: string,
    at: number,
    type: string,
    name: string,
    props?: object,
    choice?: WireConsent,
  ) => {
    const event = { id: eventId(), type, at: new Date(at).toISOString(), title: name, ...(props ? { props } : {}) }
    const body = { site: 'demo', visitor, consent: choice ?? consent(), events: [event] }
    const response = await send(target, body, headers)
    const reply = (await response.json()) as { accepted: number; rejected: unknown[] }
    if (reply.accepted !== 1) throw new Error(`${name} was not accepted: ${response.status} ${JSON.stringify(reply)}`)
  }
  return {
    headers,
    does: tell,
    page: (visitor: string, at: number, name: string, choice?: WireConsent) =>
      tell(visitor, at, 'page', name, undefined, choice),
    reset: (visitor: string, at: number, name: string) => tell(visitor, at, 'reset', name),
    adds: (visitor: string, at: number, name: string, item: string) =>
      tell(visitor, at, 'add_to_cart', name, { currency: 'EUR', items: [{ item_id: item, price: 10 }] }),
    async signsIn(visitor: string, at: number, name: string, contact: string) {
      const seconds = Math.floor(at / 1000)
      const token = await new SignJWT({ jti: eventId() })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(contact)
        .setAudience('demo')
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + 600)
        .sign(new TextEncoder().encode(identity_secret))
      await tell(visitor, at, 'identify', name, { kind: 'login', token })
    },
    clicks: (visitor: string, at: number, name: string, link: string) =>
      tell(visitor, at, 'identify', name, { kind: 'link', link }),
  }
}

/** Creates contacts that may be mailed, and returns their ids. */
async function contacts(...ids: string[]): Promise<string[]> {
  const rows = ids.map((id) => ({ id, email: `${id}@example.com`, mail_consent: true }))
  await server.post('/api/v1/contacts', rows)
  return ids
}

/** The link of one mail to one contact. */
async function mailTo(contact: string, message: string, issuedAt: number) {
  const reply = await server.post('/api/v1/link-tokens', {
    site: 'demo',
    contacts: [contact],
    message,
    issued_at: new Date(issuedAt).toISOString(),
  })
  return reply.data[0] as { token: string; url: string; redirect: string }
}

const visitorOf = (name: string) => `visitor-${name}`.padEnd(26, 'x')

type TimelineEvent = { title: string; visitor: string; link: { strength: string } | null }

/** The names of a contact's events. */
async function eventsOf(contact: string): Promise<string[]> {
  const { data } = await server.get<{ data: TimelineEvent[] }>(`/api/v1/contacts/${contact}/timeline`)
  return data.map((event) => event.title)
}

/** The names of a visitor's anonymous events. */
async function anonymous(visitor: string): Promise<string[]> {
  const { data } = await server.get<{ data: TimelineEvent[] }>(`/api/v1/visitors/${visitor}/timeline`)
  return data.filter((event) => event.link === null).map((event) => event.title)
}

/** The outcome of each claim on a visitor: `contact strength state reason`. */
async function links(filter: string): Promise<string[]> {
  const { data } = await server.get(`/api/v1/links?${filter}`)
  return data.map((link: Record<string, string>) => `${link.contact} ${link.strength} ${link.state} ${link.reason}`)
}

/** A whole minute some days ago, so that rounding loses nothing. */
const daysAgo = (days: number) => Math.floor((Date.now() - days * DAY) / MINUTE) * MINUTE

test('1. Three anonymous days, then a signed login: the three days are the contact’s', async () => {
  const [anna] = await contacts('s1-anna')
  const visitor = visitorOf('s1')
  const day = daysAgo(4)
  await teller.page(visitor, day, 'day one')
  await teller.page(visitor, day + DAY, 'day two')
  await teller.page(visitor, day + 2 * DAY, 'day three')
  await teller.signsIn(visitor, day + 3 * DAY, 'login', anna!)
  await settled(server)

  expect(await eventsOf(anna!)).toEqual(['day one', 'day two', 'day three', 'login'])
  expect(await anonymous(visitor)).toEqual([])
  expect(await links(`visitor=${visitor}`)).toEqual([`${anna} verified open signed_login`])
})

test('2. The same with consent to identity only from day three: only day three is the contact’s', async () => {
  const [anna] = await contacts('s2-anna')
  const visitor = visitorOf('s2')
  const day = daysAgo(4)
  const without = consent({ id: 'first', identity: false })
  const withIdentity = consent({ id: 'second' })
  await teller.page(visitor, day, 'day one', without)
  await teller.page(visitor, day + DAY, 'day two', without)
  await teller.page(visitor, day + 2 * DAY, 'day three', withIdentity)
  await teller.signsIn(visitor, day + 3 * DAY, 'login', anna!)
  await settled(server)

  expect(await eventsOf(anna!)).toEqual(['day three', 'login'])
  expect(await anonymous(visitor)).toEqual(['day one', 'day two'])
})

test('3. A logs out, B logs in: their epochs are disjoint', async () => {
  const [anna, ben] = await contacts('s3-anna', 's3-ben')
  const visitor = visitorOf('s3')
  const at = daysAgo(3)
  await teller.signsIn(visitor, at, 'login of A', anna!)
  await teller.page(visitor, at + MINUTE, 'A looks')
  await teller.reset(visitor, at + 2 * MINUTE, 'logout of A')
  await teller.page(visitor, at + 3 * MINUTE, 'between')
  await teller.signsIn(visitor, at + 4 * MINUTE, 'login of B', ben!)
  await teller.page(visitor, at + 5 * MINUTE, 'B looks')
  await settled(server)

  expect(await eventsOf(anna!)).toEqual(['login of A', 'A looks', 'logout of A'])
  expect(await eventsOf(ben!)).toEqual(['between', 'login of B', 'B looks'])
  expect(await anonymous(visitor)).toEqual([])
})

test('4. A never logs out, B logs in: the boundary is B’s login, and the device counts as shared before and after it', async () => {
  const [anna, ben] = await contacts('s4-anna', 's4-ben')
  const visitor = visitorOf('s4')
  const at = daysAgo(5)
  await teller.page(visitor, at - DAY, 'the day before')
  await teller.signsIn(visitor, at, 'login of A', anna!)
  await teller.page(visitor, at + DAY, 'the day after')
  await teller.page(visitor, at + 2 * DAY, 'before B')
  await settled(server)
  expect(await eventsOf(anna!)).toEqual(['the day before', 'login of A', 'the day after', 'before B'])

  await teller.signsIn(visitor, at + 2 * DAY + MINUTE, 'login of B', ben!)
  await teller.page(visitor, at + 2 * DAY + 2 * MINUTE, 'B looks')
  await teller.page(visitor, at + 3 * DAY, 'the next day')
  await settled(server)

  expect(await eventsOf(anna!)).toEqual(['login of A'])
  expect(await eventsOf(ben!)).toEqual(['before B', 'login of B', 'B looks'])
  expect(await anonymous(visitor)).toEqual(['the day before', 'the day after', 'the next day'])
  expect((await server.get(`/api/v1/visitors/${visitor}`)).shared).toBe(true)
})

test('4b. A is still signed in when B logs in: nothing before B’s login is B’s', async () => {
  const [anna, ben] = await contacts('s4b-anna', 's4b-ben')
  const visitor = visitorOf('s4b')
  const at = daysAgo(5)
  await teller.signsIn(visitor, at, 'login of A', anna!)
  await teller.page(visitor, at + MINUTE, 'A looks')
  await teller.signsIn(visitor, at + 2 * MINUTE, 'login of B', ben!)
  await teller.page(visitor, at + 3 * MINUTE, 'B looks')
  await settled(server)

  expect(await eventsOf(anna!)).toEqual(['login of A', 'A looks'])
  expect(await eventsOf(ben!)).toEqual(['login of B', 'B looks'])
})

test('5. A’s mail is forwarded, B clicks it on another device, then logs in: the whole session is B’s', async () => {
  const [anna, ben] = await contacts('s5-anna', 's5-ben')
  const [annas, bens] = [visitorOf('s5-a'), visitorOf('s5-b')]
  const at = daysAgo(3)
  const mail = await mailTo(anna!, 'spring', at - DAY)
  await teller.clicks(annas, at, 'A clicks', mail.token)
  await teller.page(bens, at - 2 * DAY, 'B long before')
  await teller.page(bens, at + DAY, 'B lands')
  await teller.clicks(bens, at + DAY + MINUTE, 'B clicks', mail.token)
  await teller.page(bens, at + DAY + 2 * MINUTE, 'B looks')
  await teller.signsIn(bens, at + DAY + 3 * MINUTE, 'login of B', ben!)
  await teller.page(bens, at + DAY + 4 * MINUTE, 'B goes on')
  await settled(server)

  expect(await eventsOf(anna!)).toEqual(['A clicks'])
  expect(await eventsOf(ben!)).toEqual(['B long before', 'B lands', 'B clicks', 'B looks', 'login of B', 'B goes on'])
  expect(await anonymous(bens)).toEqual([])
  expect(await links(`visitor=${bens}`)).toEqual([
    `${anna} confirmed review possible_duplicate`,
    `${ben} verified open signed_login`,
  ])
})

test('5b. Before B logs in, a click on a forwarded mail only gives A that session', async () => {
  const [anna] = await contacts('s5b-anna')
  const [annas, friends] = [visitorOf('s5b-a'), visitorOf('s5b-friends')]
  const at = daysAgo(3)
  const mail = await mailTo(anna!, 'spring', at - DAY)
  await teller.clicks(annas, at, 'A clicks', mail.token)
  await teller.page(friends, at - DAY, 'before')
  await teller.clicks(friends, at + MINUTE, 'the friend clicks', mail.token)
  await teller.page(friends, at + DAY, 'after')
  await settled(server)

  expect(await anonymous(friends)).toEqual(['before', 'after'])
  expect(await eventsOf(anna!)).toEqual(['A clicks', 'the friend clicks'])
})

test('5c. A mail that three people open is nobody’s, from the first of them on, until A logs in there', async () => {
  const [anna] = await contacts('s5c-anna')
  const readers = [1, 2, 3].map((n) => visitorOf(`s5c-${n}`))
  const at = daysAgo(3)
  const mail = await mailTo(anna!, 'spring', at - DAY)
  for (const [n, reader] of readers.slice(0, 2).entries()) {
    await teller.clicks(reader, at + n * 60 * MINUTE, `click ${n + 1}`, mail.token)
  }
  await settled(server)
  expect(await eventsOf(anna!)).toEqual(['click 1', 'click 2'])

  await teller.clicks(readers[2]!, at + 120 * MINUTE, 'click 3', mail.token)
  await settled(server)
  expect(await eventsOf(anna!)).toEqual([])
  for (const reader of readers) {
    expect(await links(`visitor=${reader}`)).toEqual([`${anna} confirmed refused forwarded`])
  }

  await teller.signsIn(readers[0]!, at + DAY, 'login of A', anna!)
  await settled(server)
  expect(await eventsOf(anna!)).toEqual(['click 1', 'login of A'])
})

test('5d. A click where somebody else logged in waits for review, whichever of them came first', async () => {
  const [anna, ben] = await contacts('s5d-anna', 's5d-ben')
  const [before, after] = [visitorOf('s5d-before'), visitorOf('s5d-after')]
  const at = daysAgo(4)
  await teller.signsIn(after, at, 'login of A', anna!)
  for (const [visitor, name] of [
    [before, 'first'],
    [after, 'second'],
  ] as const) {
    const mail = await mailTo(ben!, name, at)
    await teller.clicks(visitor, at + DAY, `click of B, ${name}`, mail.token)
  }
  await settled(server)
  expect(await eventsOf(ben!)).toEqual(['click of B, first'])

  await teller.signsIn(before, at + 2 * DAY, 'later login of A', anna!)
  await settled(server)
  expect(await eventsOf(ben!)).toEqual([])
  for (const visitor of [before, after]) {
    expect(await links(`visitor=${visitor}`)).toContain(`${ben} confirmed review possible_duplicate`)
  }
})

test('6. A gateway fetches every link 2 s after the send: no link', async () => {
  const [anna] = await contacts('s6-anna')
  const mail = await mailTo(anna!, 'spring', Date.now() - 2000)
  for (const method of ['HEAD', 'GET', 'GET']) {
    const response = await fetch(mail.redirect, { method, redirect: 'manual' })
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe(mail.url)
    expect(response.headers.get('set-cookie')).toBeNull()
  }
  await settled(server)
  expect(await links(`contact=${anna}`)).toEqual([])
  expect(await eventsOf(anna!)).toEqual([])
})

test('7. identify("null"), "{{contact.id}}": refused and counted', async () => {
  const refused = async () => {
    const text = await (await server.api('/metrics')).text()
    return Number(/^couture_\w*\{[^}]*blocked_identifier[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0)
  }
  const before = await refused()
  const visitor = visitorOf('s7')
  const events = ['null', '{{contact.id}}'].map((contact_id) => ({
    id: eventId(),
    type: 'identify',
    at: new Date().toISOString(),
    props: { kind: 'login', contact_id },
  }))
  const response = await send(server, batch(events, { visitor }))
  expect(response.status).toBe(202)
  expect(await response.json()).toMatchObject({
    accepted: 0,
    rejected: [
      { index: 0, code: 'blocked_identifier' },
      { index: 1, code: 'blocked_identifier' },
    ],
  })
  expect(await refused()).toBe(before + 2)
  await settled(server)
  expect(await links(`visitor=${visitor}`)).toEqual([])
})

test('8. A script makes unsigned claims to thousands of contacts: no export and no segment changes', async () => {
  const count = ENGINE === 'sqlite' ? 10_000 : 1_900
  const ids = Array.from({ length: count }, (_, n) => `s8-${n}`)
  await contacts(...ids)
  const visitor = visitorOf('s8')
  // Spread over more than a day: a visitor with as many events in one day is overactive and has no cart.
  const at = daysAgo(2)
  await teller.adds(visitor, at, 'cart', 'ring')
  await settled(server)
  const { next } = await server.get('/api/v1/matches')
  const members = await server.get('/api/v1/segments/cart_abandoned/members')

  const claim = (contact_id: string, n: number) => ({
    id: eventId(),
    type: 'identify',
    at: new Date(at + MINUTE + n * ((28 * 60 * MINUTE) / count)).toISOString(),
    props: { kind: 'login', contact_id },
  })
  const claims = ids.map(claim)
  // Hundreds in one request contradict each other; a single one in a request is an ordinary claim.
  for (let n = 0; n < count - 100; n += 450) {
    const events = claims.slice(n, n + 450)
    const body = { site: 'demo', visitor, consent: consent(), events }
    expect(await (await send(server, body, teller.headers)).json()).toMatchObject({ accepted: 450 })
  }
  for (const event of claims.slice(-100)) {
    await send(server, { site: 'demo', visitor, consent: consent(), events: [event] }, teller.headers)
  }
  await settled(server, 120_000)

  expect((await server.get(`/api/v1/matches?after=${next}`)).data).toEqual([])
  const after = await server.get('/api/v1/segments/cart_abandoned/members')
  expect(after.data).toEqual(members.data)
  expect(members.data.map((member: { person: unknown }) => member.person)).toContainEqual({
    kind: 'visitor',
    id: visitor,
    epoch: 1,
  })
  expect(await eventsOf(`s8-${count - 1}`)).toEqual([])
  expect(await links('contact=s8-0')).toEqual(['s8-0 claimed refused ambiguous'])
  expect(await links(`contact=s8-${count - 1}`)).toEqual([`s8-${count - 1} claimed open claimed_by_another`])
}, 180_000)

test('9. Phone and laptop of A: two visitors, one person', async () => {
  const [anna] = await contacts('s9-anna')
  const [phone, laptop] = [visitorOf('s9-phone'), visitorOf('s9-laptop')]
  const at = daysAgo(2)
  await teller.page(phone, at, 'on the phone')
  await teller.adds(phone, at + MINUTE, 'ring on the phone', 'ring')
  await teller.signsIn(phone, at + 2 * MINUTE, 'login on the phone', anna!)
  await teller.page(laptop, at + 3 * MINUTE, 'on the laptop')
  await teller.signsIn(laptop, at + 4 * MINUTE, 'login on the laptop', anna!)
  await settled(server)

  expect(await eventsOf(anna!)).toEqual([
    'on the phone',
    'ring on the phone',
    'login on the phone',
    'on the laptop',
    'login on the laptop',
  ])
  expect(
    (await server.get(`/api/v1/contacts/${anna}`)).visitors.map((visitor: { id: string }) => visitor.id).sort(),
  ).toEqual([phone, laptop].sort())
  const members = (await server.get('/api/v1/segments/cart_abandoned/members')).data
  const ofHers = members.filter((member: { contact: { id: string } | null }) => member.contact?.id === anna)
  expect(ofHers).toMatchObject([{ person: { kind: 'contact', id: anna }, strength: 'verified', mailable: true }])
  const matches = (await server.get('/api/v1/matches')).data
  expect(matches.filter((match: { contact: { id: string } }) => match.contact.id === anna)).toMatchObject([
    { visitors: 2, strength: 'verified', evidence: ['login_verified'], cart: { items: [{ item_id: 'ring' }] } },
  ])
})

test('10. A kiosk with three logins: links cover sessions only, in retrospect too', async () => {
  const people = await contacts('s10-anna', 's10-ben', 's10-carla')
  const visitor = visitorOf('s10')
  const at = daysAgo(6)
  for (const [n, person] of people.entries()) {
    const day = at + n * DAY
    await teller.page(visitor, day, `morning ${n}`)
    await teller.page(visitor, day + 60 * MINUTE, `session ${n}`)
    await teller.signsIn(visitor, day + 61 * MINUTE, `login ${n}`, person)
    await teller.page(visitor, day + 120 * MINUTE, `afternoon ${n}`)
  }
  await settled(server)

  for (const [n, person] of people.entries()) expect(await eventsOf(person)).toEqual([`session ${n}`, `login ${n}`])
  expect(await anonymous(visitor)).toEqual(people.flatMap((_, n) => [`morning ${n}`, `afternoon ${n}`]))
  const { data } = await server.get(`/api/v1/links?visitor=${visitor}`)
  expect(data.slice(0, 2).map((link: { end_reason: string }) => link.end_reason)).toEqual([
    'session_over',
    'session_over',
  ])
})

test('12. A is imported a week after A’s signed login: it applies from its own time, without a stale trigger', async () => {
  // The same shop runs eight days ago, then today.
  const then = await startServer({ movable: true, clockMs: -8 * DAY })
  try {
    const early = await createTeller(then)
    const at = daysAgo(8)
    const visitor = visitorOf('s12')
    await early.adds(visitor, at - 10 * MINUTE, 'cart', 'ring')
    await early.signsIn(visitor, at - 5 * MINUTE, 'login', 's12-anna')
    await settled(then)
    expect((await then.get(`/api/v1/links?visitor=${visitor}`)).data).toMatchObject([
      { contact: null, state: 'held', reason: 'not_in_crm' },
    ])

    await then.setClock(0)
    await then.post('/api/v1/contacts', [{ id: 's12-anna', email: 's12@example.com', mail_consent: true }])
    await settled(then)
    const { data } = await then.get('/api/v1/contacts/s12-anna/timeline')
    expect(data.map((event: TimelineEvent) => event.title)).toEqual(['cart', 'login'])
    const login = new Date(at - 5 * MINUTE).toISOString()
    expect((await then.get(`/api/v1/links?visitor=${visitor}`)).data).toMatchObject([
      { contact: 's12-anna', state: 'open', reason: 'signed_login', at: login, valid_from: login },
    ])
    // The cart is eight days old: a contact not reminded within a week is not reminded now.
    expect((await then.get('/api/v1/segments/cart_abandoned/members')).data).toEqual([])
    const matches = await then.get('/api/v1/matches')
    expect(matches.data).toMatchObject([
      { change: 'matched', contact: { id: 's12-anna' }, matched_at: login, segments: [{ id: 'prospects' }] },
    ])
  } finally {
    await then.stop()
  }
})

test('16. A cart on Monday, a newsletter click on Thursday: the contact gets the cart, but the rest of Monday only once corroborated', async () => {
  const [anna] = await contacts('s16-anna')
  const visitor = visitorOf('s16')
  const monday = daysAgo(5)
  const thursday = monday + 3 * DAY
  const first = await mailTo(anna!, 'thursday', thursday - MINUTE)
  const second = await mailTo(anna!, 'friday', thursday - MINUTE)
  await teller.page(visitor, monday, 'monday')
  await teller.adds(visitor, monday + MINUTE, 'ring', 'ring')
  await teller.page(visitor, monday + 2 * MINUTE, 'monday later')
  await teller.page(visitor, thursday, 'thursday')
  await teller.clicks(visitor, thursday + MINUTE, 'click', first.token)
  await settled(server)

  expect(await eventsOf(anna!)).toEqual(['ring', 'thursday', 'click'])
  expect(await anonymous(visitor)).toEqual(['monday', 'monday later'])
  expect((await server.get(`/api/v1/contacts/${anna}`)).cart).toMatchObject({ value: 10, items: [{ item_id: 'ring' }] })

  await teller.clicks(visitor, thursday + DAY, 'second mail', second.token)
  await settled(server)
  expect(await eventsOf(anna!)).toEqual(['monday', 'ring', 'monday later', 'thursday', 'click', 'second mail'])
  expect(await anonymous(visitor)).toEqual([])
})

test('17. A opens a mail on the family computer, B signs in ten minutes later: the boundary is B’s login', async () => {
  const [anton, berta] = await contacts('s17-anton', 's17-berta')
  const visitor = visitorOf('s17')
  const at = daysAgo(3)
  const old = await mailTo(anton!, 'last-week', at - 7 * DAY)
  const mail = await mailTo(anton!, 'today', at - MINUTE)
  await teller.clicks(visitor, at - 6 * DAY, 'A clicks last week', old.token)
  await teller.page(visitor, at, 'A lands')
  await teller.clicks(visitor, at + MINUTE, 'A clicks', mail.token)
  await teller.page(visitor, at + 9 * MINUTE, 'A looks')
  await teller.signsIn(visitor, at + 11 * MINUTE, 'login of B', berta!)
  await teller.page(visitor, at + 12 * MINUTE, 'B looks')
  await settled(server)

  expect(await eventsOf(anton!)).toEqual(['A clicks last week', 'A lands', 'A clicks', 'A looks'])
  expect(await eventsOf(berta!)).toEqual(['login of B', 'B looks'])
})

test('18. Events queued before a logout arrive after it: they are the earlier owner’s', async () => {
  const [anna] = await contacts('s18-anna')
  const visitor = visitorOf('s18')
  const at = daysAgo(2)
  await teller.signsIn(visitor, at, 'login', anna!)
  await teller.reset(visitor, at + 5 * MINUTE, 'logout')
  await teller.page(visitor, at + 6 * MINUTE, 'after the logout')
  await settled(server)
  await teller.page(visitor, at + 3 * MINUTE, 'queued')
  await settled(server)

  expect(await eventsOf(anna!)).toEqual(['login', 'queued', 'logout'])
  expect(await anonymous(visitor)).toEqual(['after the logout'])
})
