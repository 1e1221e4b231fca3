/**
 * Covers withdrawals that a shop's server reports through Segment's API for a user it knows (`identify:write`): everything that
 * the user has ends, on browsers and without; what others have does not, nor what the user allows later; and nobody can do the
 * same with the public write key or a key that may not verify logins. (What is left on disk: bytes.test.ts.)
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesHolding, timelineStatus } from '../support/requests.ts'
import {
  ALL,
  call,
  consenting,
  newAnonymous,
  type SegmentKeys,
  segmentKeys,
  sendCalls,
} from '../support/segment-requests.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
let keys: SegmentKeys
beforeAll(async () => {
  server = await startServer()
  keys = await segmentKeys(server)
})
afterAll(() => server.stop())

const sent = (calls: unknown[], key: string) => sendCalls(server, calls, key)

const NOTHING = { Analytics: false, Functional: false, Advertising: false }
const choice = (preferences: Record<string, boolean>, more: object) =>
  call('track', { event: 'Segment Consent Preference Updated', context: consenting(preferences), ...more })
const ago = (ms: number) => new Date(Date.now() - ms).toISOString()

let users = 0
/** A customer with two browsers and calls of a server that knows no browser. */
async function customer() {
  const userId = `user-${++users}`
  const email = `${userId}@mail.example`
  await server.post('/api/v1/contacts', [{ id: userId, email, mail_consent: true }])
  const browsers = [newAnonymous(server), newAnonymous(server)]
  const trace = `trace-of-${userId}`
  const timestamp = ago(10_000)
  const calls = browsers.flatMap(({ anonymousId }) => [
    call('page', { anonymousId, timestamp, properties: { title: trace } }),
    call('identify', { anonymousId, userId, timestamp }),
  ])
  calls.push(call('track', { userId, event: 'Quiz Answered', properties: { trace }, timestamp }))
  expect(await sent(calls, keys.verifying)).toBeNull()
  return { userId, email, trace, visitors: browsers.map(({ visitor }) => visitor), browsers }
}

const contact = (id: string) => server.get(`/api/v1/contacts/${id}`)
const gone = (visitor: string) =>
  until(async () => (await timelineStatus(server, visitor)) === 404, `${visitor} to be gone`)
const none = (userId: string) =>
  until(async () => (await contact(userId)).visitors.length === 0, `${userId} to have no visitor`)

describe('a server that withdraws everything for a user', () => {
  test.each<[string, (user: Awaited<ReturnType<typeof customer>>) => object]>([
    ['by the id', ({ userId }) => ({ userId })],
    ['by the address', ({ email }) => ({ userId: email })],
    [
      'and names one of the browsers too',
      ({ userId, browsers }) => ({ userId, anonymousId: browsers[0]!.anonymousId }),
    ],
  ])('%s: ends what the user has', async (_, named) => {
    const user = await customer()
    expect((await contact(user.userId)).visitors).toHaveLength(3)
    expect(await sent([choice(NOTHING, named(user))], keys.verifying)).toBeNull()
    for (const visitor of user.visitors) await gone(visitor)
    await none(user.userId)
    expect((await contact(user.userId)).links.filter((link: any) => link.state === 'open')).toEqual([])
    await until(async () => (await filesHolding(server, user.trace)).length === 0, 'the traces to go')
    for (const visitor of user.visitors) expect(await filesHolding(server, visitor)).toEqual([])
    const matches = await server.get('/api/v1/matches')
    const last = matches.data.findLast((match: any) => match.contact.id === user.userId)
    expect(last).toMatchObject({ change: 'unmatched', mailable: false })
    // The CRM's record is the shop's own.
    expect((await contact(user.userId)).email).toBe(user.email)
    const ledger = await server.query('select * from consents where analytics = 0')
    expect(ledger.length).toBeGreaterThan(0)
  })

  test('does not less than a withdrawal of marketing or of identity alone', async () => {
    for (const preferences of [
      { ...ALL, Advertising: false },
      { ...ALL, Functional: false },
      { ...ALL, Functional: false, Advertising: false },
      NOTHING,
    ]) {
      const user = await customer()
      expect(await sent([choice(preferences, { userId: user.userId })], keys.verifying)).toBeNull()
      await until(
        async () => {
          const { data } = await server.get('/api/v1/matches')
          return data.findLast((match: any) => match.contact.id === user.userId)?.mailable === false
        },
        `${JSON.stringify(preferences)} to be obeyed`,
      )
    }
  })

  test('ends what arrives later and is older, but not what the user allows afterwards', async () => {
    const user = await customer()
    expect(await sent([choice(NOTHING, { userId: user.userId })], keys.verifying)).toBeNull()
    await none(user.userId)
    const late = newAnonymous(server)
    const old = { timestamp: ago(8_000) }
    await sent([call('identify', { anonymousId: late.anonymousId, userId: user.userId, ...old })], keys.verifying)
    await sent([call('track', { userId: user.userId, event: 'Late', ...old })], keys.verifying)
    await gone(late.visitor)
    await none(user.userId)
    const next = newAnonymous(server)
    await sent(
      [
        call('identify', { anonymousId: next.anonymousId, userId: user.userId }),
        call('track', { userId: user.userId, event: 'Quiz Answered' }),
      ],
      keys.verifying,
    )
    expect((await contact(user.userId)).visitors).toHaveLength(2)
  })

  test('leaves others what they did on a device that both use', async () => {
    const [user, other] = [await customer(), await customer()]
    const { anonymousId } = user.browsers[0]!
    await sent([call('track', { anonymousId, event: 'Signed Out', timestamp: ago(6_000) })], keys.verifying)
    await sent(
      [
        call('identify', { anonymousId, userId: other.userId, timestamp: ago(5_000) }),
        call('track', {
          anonymousId,
          event: 'Quiz Answered',
          properties: { trace: 'of the other' },
          timestamp: ago(4_000),
        }),
        call('page', { anonymousId, timestamp: ago(3_000) }),
      ],
      keys.verifying,
    )
    await sent([choice(NOTHING, { userId: user.userId })], keys.verifying)
    await none(user.userId)
    expect((await contact(other.userId)).visitors).toHaveLength(4)
    expect(JSON.stringify(await server.get(`/api/v1/contacts/${other.userId}/timeline`))).toContain('of the other')
  })
})

describe('others', () => {
  test.each<[string, keyof SegmentKeys]>([
    ['the public write key', 'writeKey'],
    ['a key that may not verify logins', 'secret'],
  ])('cannot do the same with %s', async (_, which) => {
    const user = await customer()
    const left = await sent(
      [choice(NOTHING, { userId: user.userId }), choice({ ...ALL, Functional: false }, { userId: user.userId })],
      keys[which],
    )
    expect(left).toBe('no_consent=2')
    // One who comes after it has been worked off, so that it is known to have done nothing.
    const another = await customer()
    await sent([choice(NOTHING, { userId: another.userId })], keys.verifying)
    await none(another.userId)
    expect((await contact(user.userId)).visitors).toHaveLength(3)
    for (const visitor of user.visitors) expect(await timelineStatus(server, visitor)).toBe(200)
  })
})

test('neither kind is undone by the restore of an older copy, though the journal is lost', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'couture-backup-')), 'couture.backup')
  const [user, other] = [await customer(), await customer()]
  await server.cli('backup', file)
  const { anonymousId, visitor } = other.browsers[0]!
  await sent([choice({ ...ALL, Functional: false }, { anonymousId })], keys.verifying)
  await sent([choice(NOTHING, { userId: user.userId })], keys.verifying)
  await none(user.userId)
  const unnamed = async () => await server.query("select 1 from claims where visitor_id = ? and key_hash = ''", visitor)
  await until(async () => (await unnamed()).length > 0, 'the name to go')
  await server.stop({ wipe: false })
  for (const name of readdirSync(server.dataDir)) {
    if (name.startsWith('journal.db')) rmSync(join(server.dataDir, name))
  }
  await server.cli('restore', file)
  const choices = await server.query('select identity from consents where visitor_id = ? order by last_at', visitor)
  expect(choices).toEqual([{ identity: 1 }, { identity: 0 }])
  expect(await server.query('select key from dirty_visitors where key = ?', visitor)).toHaveLength(1)
  expect((await server.query('select * from ended_users where waits = 1')).length).toBeGreaterThan(0)
  rmSync(dirname(file), { recursive: true })
})
