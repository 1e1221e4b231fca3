/**
 * A signed login is spent by its first use, and stays spent: whoever intercepted it gains nothing by the owner's leaving, in
 * whatever way the owner leaves, before or after the replay, days later or after a rebuild. What is kept of the use names
 * neither the visitor nor the contact, and goes when nobody can have the login any more.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WireReply } from '../../tag/wire.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { call, consenting, type SegmentKeys, segmentKeys, sendCalls } from '../support/segment-requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const DAY = 24 * 3600_000

let server: TestServer
let site: SiteView
let keys: SegmentKeys
beforeAll(async () => {
  server = await startServer({ movable: true })
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  keys = await segmentKeys(server)
})
afterAll(() => server.stop())

let aheadMs = 0
/** Moves the clock and waits until the sweep that is due then has deleted what has expired: old letters go last. */
async function later(ms: number): Promise<void> {
  const insert = 'insert into dead_letters (journal_id, entry_id, part, error, body, at, visitor_id, attempts) values'
  await server.change(`${insert} ('old', 1, 0, 'broken', '{}', 0, null, 1)`)
  aheadMs += ms
  await server.setClock(aheadMs)
  await until(
    async () => (await server.query("select 1 from dead_letters where journal_id = 'old'")).length === 0,
    'the sweep',
  )
  await settled(server)
}

let names = 0
async function contact(): Promise<string> {
  const id = `spent-${++names}`
  await server.post('/api/v1/contacts', [{ id, email: `${id}@spent.example`, mail_consent: true }])
  return id
}

const signed = (id: string) => {
  const seconds = Math.floor((Date.now() + aheadMs) / 1000)
  return signLogin(site.identity_secret, id, { seconds })
}
const login = (token: string) => event('identify', 0, { kind: 'login', token })

async function from(events: ReturnType<typeof event>[]): Promise<string> {
  const visitor = newVisitor()
  await sendAll(server, visitor, events)
  return visitor
}

/** What became of a visitor's claims, once everything is derived. */
async function outcomes(visitor: string): Promise<string[]> {
  const { data } = await server.get(`/api/v1/links?visitor=${visitor}`)
  return data.map((link: Record<string, string>) => `${link.state} ${link.reason}`)
}

type Owner = { visitor: string; contact: string; token: string }

const chooses = ({ visitor }: Owner, choice: Parameters<typeof consent>[0]) =>
  sendAll(server, visitor, [event('consent')], { consent: consent({ id: 'choice-2', ...choice }) })

const reports = async ({ contact: userId }: Owner, preferences: Record<string, boolean>) => {
  const said = { event: 'Segment Consent Preference Updated', context: consenting(preferences), userId }
  expect(await sendCalls(server, [call('track', said)], keys.verifying)).toBeNull()
  await until(async () => (await server.get(`/api/v1/contacts/${userId}`)).visitors.length === 0, 'the user to be gone')
}

const NO = { analytics: false, identity: false, marketing: false }
const NOTHING = { Analytics: false, Functional: false, Advertising: false }

/** The ways in which owners leave. `also`: what a replay comes to besides being refused as one. */
const WAYS: { [what: string]: { leave: (owner: Owner) => Promise<unknown>; also?: string } } = {
  'withdraws consent to identity': { leave: (owner) => chooses(owner, { identity: false }) },
  'withdraws everything': { leave: (owner) => chooses(owner, NO) },
  'withdraws identity, then everything': {
    leave: async (owner) => {
      await chooses(owner, { identity: false })
      await settled(server)
      await chooses(owner, { id: 'choice-3', ...NO })
    },
  },
  'withdraws everything through the shop’s server': { leave: (owner) => reports(owner, NOTHING) },
  'withdraws identity through the shop’s server': {
    leave: (owner) => reports(owner, { ...NOTHING, Analytics: true, Advertising: true }),
    // A claim from before, which has lost its name.
    also: 'held not_in_crm',
  },
  'withdraws everything through the shop’s server, on a browser that another customer uses too': {
    leave: async (owner) => {
      const other = await contact()
      await sendAll(server, owner.visitor, [event('reset'), login(await signed(other)), event('page')])
      await settled(server)
      await reports(owner, NOTHING)
    },
  },
  'is erased': {
    leave: ({ contact: id }) => server.api(`/api/v1/contacts/${id}`, { method: 'DELETE' }),
    also: 'refused erased',
  },
}

/** An owner who signs in twice, and a stranger who replays the first of it at once. */
async function spent(): Promise<Owner & { again: string; replays: string[] }> {
  const id = await contact()
  const [token, again] = [await signed(id), await signed(id)]
  const visitor = await from([event('page'), login(token), event('page')])
  await sendAll(server, visitor, [login(again)])
  const replayed = await from([login(token), event('page')])
  return { visitor, contact: id, token, again, replays: [replayed] }
}

type Spent = { what: string } & Awaited<ReturnType<typeof spent>>

const gainNothing = async (owners: Spent[]) => {
  for (const { what, replays } of owners) {
    for (const replay of replays) {
      const [outcome, ...more] = await outcomes(replay)
      expect(['refused token_reused', WAYS[what]!.also], what).toContain(outcome)
      expect(more).toEqual([])
    }
  }
}

test('a login stays spent whatever its owner does', async () => {
  const [early, late]: [Spent[], Spent[]] = [[], []]
  for (const what of Object.keys(WAYS)) for (const group of [early, late]) group.push({ what, ...(await spent()) })
  await settled(server)
  for (const { visitor, replays } of [...early, ...late]) {
    expect(await outcomes(visitor)).toEqual(['open signed_login'])
    expect(await outcomes(replays[0]!)).toEqual(['refused token_reused'])
  }
  await Promise.all(early.map((owner) => WAYS[owner.what]!.leave(owner)))
  await settled(server)
  for (const { token, again, replays } of early) {
    for (const each of [token, again]) replays.push(await from([login(each), event('page')]))
  }
  await settled(server)
  await gainNothing(early)
  await later(14 * DAY)
  await gainNothing(early)
  await Promise.all(late.map((owner) => WAYS[owner.what]!.leave(owner)))
  await settled(server)
  await later(3 * DAY)
  await server.cli('rebuild')
  await gainNothing([...early, ...late])
})

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The end of a token with other bits in its last character, of which base64 does not use all. */
const unusedBits = (token: string, bits: number) =>
  token.slice(0, -1) + LETTERS[LETTERS.indexOf(token.at(-1) ?? '') ^ bits]

const SPELLINGS: { [what: string]: (token: string) => string } = {
  'with another last character': (token) => unusedBits(token, 1),
  'with yet another last character': (token) => unusedBits(token, 2),
  padded: (token) => `${token}${'='.repeat((4 - (token.split('.')[2]!.length % 4)) % 4)}`,
  'with a space at its end': (token) => `${token} `,
  'with a line break within its signature': (token) => `${token.slice(0, -9)}\r\n${token.slice(-9)}`,
}

test.each(['HS256', 'EdDSA'])('a login of %s is spent however its signature is spelt', async (alg) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  if (alg === 'EdDSA') {
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    await server.cli('sites', 'set', 'demo', `identity_public_key=${pem}`)
  }
  const id = await contact()
  const iat = Math.floor((Date.now() + aheadMs) / 1000)
  const byKey = () =>
    new SignJWT({ jti: randomUUID(), sub: id, aud: 'demo', iat, exp: iat + 600 })
      .setProtectedHeader({ alg })
      .sign(privateKey)
  const token = alg === 'EdDSA' ? await byKey() : await signed(id)
  await from([login(token)])
  await settled(server)
  for (const [what, spell] of Object.entries(SPELLINGS)) {
    const replayed = newVisitor()
    const response = await send(server, batch([login(spell(token)), event('page')], { visitor: replayed }))
    // Some are not read as tokens at all.
    const { rejected } = (await response.json()) as WireReply
    await settled(server)
    const outcome = rejected[0]?.code ?? (await outcomes(replayed)).join()
    expect(['refused token_reused', 'invalid_token'], what).toContain(outcome)
  }
})

test('a login is spent too if it lands after its owner has withdrawn everything', async () => {
  const id = await contact()
  const token = await signed(id)
  const owner = { visitor: await from([event('page')]), contact: id, token }
  await settled(server)
  const replayed = await from([login(token), event('page')])
  await settled(server)
  expect(await outcomes(replayed)).toEqual(['open signed_login'])
  const other = await signed(id)
  await chooses(owner, NO)
  await settled(server)
  // A page that does not know of it yet.
  await sendAll(server, owner.visitor, [login(other)])
  const again = await from([login(other), event('page')])
  await settled(server)
  expect(await outcomes(again)).toEqual(['refused token_reused'])
  // The uses count in the order of their receipt.
  expect(await outcomes(replayed)).toEqual(['open signed_login'])
})

test('what is kept of a spent login names nobody, and goes with the last events that could be its user’s', async () => {
  const id = await contact()
  const token = await signed(id)
  const visitor = await from([login(token)])
  await settled(server)
  const used = 'select token_hash from token_uses where visitor_id = ?'
  const [row] = await server.query<{ token_hash: string }>(used, visitor)
  await chooses({ visitor, contact: id, token }, NO)
  const kept = () => server.query('select visitor_id from token_uses where token_hash = ?', row!.token_hash)
  await until(async () => (await server.query(used, visitor)).length === 0, 'the visitor to go')
  expect(await kept()).toEqual([{ visitor_id: '' }])
  await later(700 * DAY)
  expect(await kept()).toEqual([{ visitor_id: '' }])
  await later(80 * DAY)
  expect(await kept()).toEqual([])
})
