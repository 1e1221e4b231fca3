/** What Segment's calls store: consent according to the site's map, logins as claims or proof, and never an address. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesHolding, tablesHolding, timelineStatus } from '../support/requests.ts'
import {
  ALL,
  call,
  consenting,
  newAnonymous,
  type SegmentKeys,
  segmentKeys,
  sendCalls,
} from '../support/segment-requests.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let keys: SegmentKeys
beforeAll(async () => {
  server = await startServer()
  keys = await segmentKeys(server)
})
afterAll(() => server.stop())

const sent = (calls: unknown[], key: string) => sendCalls(server, calls, key)

const typesOf = async (visitor: string) =>
  (await server.query<{ type: string }>('select type from events where visitor_id = ? order by at, id', visitor)).map(
    (row) => row.type,
  )
const claimsOf = async (visitor: string) =>
  (await server.query<{ evidence: string }>('select evidence from claims where visitor_id = ?', visitor)).map(
    (row) => row.evidence,
  )

describe('consent', () => {
  test.each<[string, Record<string, unknown> | undefined]>([
    ['no context', undefined],
    ['no consent', {}],
    ['an empty consent', { consent: {} }],
    ['no category of the map', consenting({ Necessary: true })],
    ['a refusal of analytics', consenting({ ...ALL, Analytics: false })],
    ['a string instead of true', consenting({ Analytics: 'true' })],
    ['the category reserved for what sites vouch for', consenting({ '*': true })],
  ])('%s: nothing is stored in any file', async (_, context) => {
    for (const key of [keys.writeKey, keys.secret]) {
      const { anonymousId } = newAnonymous(server)
      const left = await sent([call('page', { anonymousId, context })], key)
      expect(left).toBe('no_consent=1')
      expect(await filesHolding(server, anonymousId)).toEqual([])
    }
  })

  test('events without consent are counted', async () => {
    const counted = async () =>
      Number(/outcome="no_consent"\} (\d+)/.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1] ?? 0)
    const before = await counted()
    await sent(
      [call('page', { ...newAnonymous(server), context: {} }), call('page', newAnonymous(server))],
      keys.writeKey,
    )
    expect(await counted()).toBe(before + 1)
  })

  test.each<[Record<string, boolean>, [number, number, number]]>([
    [{ Analytics: true }, [1, 0, 0]],
    [{ analytics: true, identity: true }, [1, 1, 0]],
    [{ Analytics: true, Advertising: true, Functional: false }, [1, 0, 1]],
    [{ Analytics: true, Advertising: false, marketing: true }, [1, 0, 0]],
    [{ C0002: true, C0003: true, C0004: true }, [1, 1, 1]],
  ])('%j is mapped to the right purposes', async (preferences, purposes) => {
    const { anonymousId, visitor } = newAnonymous(server)
    expect(await sent([call('page', { anonymousId, context: consenting(preferences) })], keys.writeKey)).toBeNull()
    const rows = await server.query<Record<string, unknown>>('select * from consents where visitor_id = ?', visitor)
    expect(rows).toMatchObject([{ source: 'cmp' }])
    expect([rows[0]!.analytics, rows[0]!.identity, rows[0]!.marketing]).toEqual(purposes)
  })

  test('without consent to identity a login is refused, and other calls are accepted without their user', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    const context = consenting({ Analytics: true })
    const calls = [
      call('identify', { anonymousId, userId: 'u-1', context }),
      call('alias', { previousId: anonymousId, userId: 'u-1', context }),
      call('page', { anonymousId, userId: 'u-1', context }),
      // This call has only a user and no visitor.
      call('page', { userId: 'u-1', context }),
    ]
    expect(await sent(calls, keys.verifying)).toBe('no_consent=3')
    expect([await typesOf(visitor), await claimsOf(visitor)]).toEqual([['page'], []])
  })

  test('a visitor that withdraws analytics is erased and stays erased', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    await sent([call('page', { anonymousId })], keys.writeKey)
    expect(await typesOf(visitor)).toEqual(['page'])
    const context = consenting({ Analytics: false })
    const event = 'Segment Consent Preference Updated'
    await sent([call('track', { anonymousId, event, context })], keys.writeKey)
    expect(await tablesHolding(server, visitor)).toEqual([])
    await sent([call('page', { anonymousId })], keys.writeKey)
    expect(await timelineStatus(server, visitor)).toBe(404)
  })

  test('of several choices within one batch the last one counts', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString()
    const without = { ...ALL, Advertising: false }
    const calls = [ALL, without, ALL].map((preferences, i) =>
      call('page', { anonymousId, context: consenting(preferences), timestamp: at(30 - i) }),
    )
    await sent(calls, keys.writeKey)
    expect(await server.query('select marketing from visitors where visitor_id = ?', visitor)).toEqual([
      { marketing: 1 },
    ])
    expect(await server.query('select marketing from events where visitor_id = ? order by at', visitor)).toEqual(
      [1, 0, 1].map((marketing) => ({ marketing })),
    )
  })

  test('a site’s own map replaces the default, and what it vouches for applies only to its servers', async () => {
    await server.cli('sites', 'set', 'demo', 'consent_map=Mesure=analytics,*=analytics,*=identity')
    try {
      const visitors = [newAnonymous(server), newAnonymous(server), newAnonymous(server), newAnonymous(server)]
      const page = (i: number, context: unknown) => call('page', { anonymousId: visitors[i]!.anonymousId, context })
      await expect.poll(() => sent([page(0, consenting({ Mesure: true }))], keys.writeKey)).toBeNull()
      expect(await sent([page(1, {})], keys.writeKey)).toBe('no_consent=1')
      expect(await sent([page(2, {})], keys.secret)).toBeNull()
      expect(await sent([page(3, consenting({ Mesure: false }))], keys.secret)).toBe('no_consent=1')
      expect(
        await server.query('select identity, source from consents where visitor_id = ?', visitors[2]!.visitor),
      ).toEqual([{ identity: 1, source: 'manual' }])
    } finally {
      const usual = 'analytics=analytics,functional=identity,advertising=marketing'
      await server.cli('sites', 'set', 'demo', `consent_map=${usual}`)
      await expect.poll(() => sent([call('page', newAnonymous(server))], keys.writeKey)).toBeNull()
    }
  })
})

describe('a login', () => {
  beforeAll(async () => {
    await server.post('/api/v1/contacts', [
      { id: 'c-1', email: 'one.person@mail.example', attributes: {} },
      { id: 'c-2', email: 'two.person@mail.example', attributes: {} },
    ])
  })
  const linksOf = async (contact: string, visitor: string) =>
    (await server.get(`/api/v1/links?visitor=${visitor}`)).data
      .filter((link: { contact: string | null }) => link.contact === contact)
      .map((link: { strength: string }) => link.strength)

  test.each<[string, keyof SegmentKeys, string]>([
    ['is a claim with the write key', 'writeKey', 'login_claimed'],
    ['is a claim with a secret key alone', 'secret', 'login_claimed'],
    ['is proof with a secret key that may verify logins', 'verifying', 'login_verified'],
  ])('%s, in any call that names the user', async (_, which, evidence) => {
    const calls = ['identify', 'track', 'page', 'screen', 'group', 'alias'].map((type) => {
      const { anonymousId, visitor } = newAnonymous(server)
      const fields = { anonymousId, previousId: anonymousId, event: 'Quiz Answered', groupId: 'g', userId: 'c-1' }
      return { visitor, body: call(type, fields) }
    })
    expect(
      await sent(
        calls.map(({ body }) => body),
        keys[which],
      ),
    ).toBeNull()
    for (const { visitor } of calls) expect(await claimsOf(visitor)).toEqual([evidence])
  })

  test('with proof links the visitor, and a claim to another contact with the write key does not undo it', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    await sent([call('identify', { anonymousId, userId: 'c-1' })], keys.verifying)
    expect(await linksOf('c-1', visitor)).toEqual(['verified'])
    await sent([call('identify', { anonymousId, userId: 'c-2' })], keys.writeKey)
    expect(await linksOf('c-1', visitor)).toEqual(['verified'])
    const [open] = await server.query("select contact_id from links where visitor_id = ? and state = 'open'", visitor)
    expect(open).toEqual({ contact_id: 'c-1' })
  })

  test.each<[string, Record<string, unknown>]>([
    ['by an address as user id', { userId: ' One.Person@mail.example' }],
    ['by the address in the traits', { traits: { email: 'one.person@mail.example' } }],
    [
      'by the address if the user id is a placeholder',
      { userId: 'null', traits: { email: 'one.person@mail.example' } },
    ],
    ['by the user id before the address', { userId: 'c-1', traits: { email: 'two.person@mail.example' } }],
  ])('%s', async (_, fields) => {
    const { anonymousId, visitor } = newAnonymous(server)
    expect(await sent([call('identify', { anonymousId, ...fields })], keys.verifying)).toBeNull()
    expect(await linksOf('c-1', visitor)).toEqual(['verified'])
  })

  test('an alias links the earlier anonymous id to the user', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    await sent([call('page', { anonymousId })], keys.writeKey)
    await sent([call('alias', { previousId: anonymousId, userId: 'c-2' })], keys.verifying)
    expect(await linksOf('c-2', visitor)).toEqual(['verified'])
  })

  test('an alias between two users merges neither', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    await sent([call('alias', { anonymousId, previousId: 'c-1', userId: 'c-2' })], keys.verifying)
    expect(await linksOf('c-2', visitor)).toEqual(['verified'])
    expect(await server.query("select * from links where visitor_id = 's:c-1'")).toEqual([])
    expect((await server.get('/api/v1/contacts/c-1')).id).toBe('c-1')
  })

  test('a logout ends the link and makes no claim', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString()
    const login = call('identify', { anonymousId, userId: 'c-1', timestamp: at(20) })
    const logout = call('track', { anonymousId, userId: 'c-1', event: 'Signed Out', timestamp: at(10) })
    await sent([login, logout], keys.verifying)
    expect(await claimsOf(visitor)).toEqual(['login_verified'])
    expect(await server.query('select state, end_reason from links where visitor_id = ?', visitor)).toEqual([
      { state: 'closed', end_reason: 'logout' },
    ])
  })

  test('an identify without a user makes no claim', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    expect(await sent([call('identify', { anonymousId, traits: { plan: 'gold' } })], keys.verifying)).toBeNull()
    expect([await typesOf(visitor), await claimsOf(visitor)]).toEqual([['identify'], []])
  })
})

test('no address, trait or dropped query of any call is in any file', async () => {
  const { anonymousId, visitor } = newAnonymous(server)
  const email = 'hidden.person@mail.example'
  const traits = { email, phone: '+33612345678', lastName: 'Hiddenname', address: { street: 'Hiddenstreet' } }
  const page = { url: `https://s.example/?email=${email}`, title: `For ${email}`, search: `?e=${email}` }
  const context = consenting(undefined, { traits, page, ip: '203.0.113.77' })
  const calls = [
    call('identify', { anonymousId, userId: email, traits, context, messageId: `${email}-1` }),
    call('page', { anonymousId, properties: { ...page, email }, context }),
    call('track', { anonymousId, event: 'Product Shared', properties: { recipient: email, note: email }, context }),
    call('track', { anonymousId, event: 'Newsletter', properties: { ...traits, nested: { email } }, context }),
    call('group', { anonymousId, groupId: 'g', traits, context }),
    call('alias', { previousId: email, userId: email, context }),
    call('page', { userId: email, context }),
  ]
  expect(await sent(calls, keys.verifying)).toBeNull()
  expect((await typesOf(visitor)).sort()).toEqual(['Newsletter', 'group', 'identify', 'page', 'share'])
  for (const secret of [email, encodeURIComponent(email), '+33612345678', 'Hidden', '203.0.113.77']) {
    expect(await filesHolding(server, secret)).toEqual([])
  }
})
