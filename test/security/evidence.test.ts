/**
 * What strangers can do to other people's evidence with requests that need no key: freeze the clicks of customers by
 * naming them often, make one network look like many, and become the first user of a login or of a mail's link, or
 * escape a revocation, by dating a claim back.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256Hex } from '../../server/ops/keyring.ts'
import type { WireEvent } from '../../tag/wire.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { basic, call, consenting, newAnonymous, postCall } from '../support/segment-requests.ts'
import { consent, event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

let server: TestServer
let site: SiteView
beforeAll(async () => {
  server = await startServer({ env: { TRUST_PROXY: '1' } })
  site = await server.cli<SiteView>('sites', 'show', 'demo')
})
afterAll(() => server.stop())

let names = 0
async function contact(): Promise<string> {
  const id = `evidence-${++names}`
  await server.post('/api/v1/contacts', [{ id, email: `${id}@evidence.example`, mail_consent: true }])
  return id
}

/** A click on a link in a message to a contact. */
async function click(id: string, message: string, agoMs = 0): Promise<WireEvent> {
  const issued_at = new Date(Date.now() - 10 * DAY).toISOString()
  const target = `${server.url}/demo/rings`
  const minted = await server.post('/api/v1/link-tokens', { site: 'demo', contacts: [id], message, target, issued_at })
  return event('identify', agoMs, { kind: 'link', link: minted.data[0].token })
}

/** Sends events of a new visitor from an address. */
async function from(address: string, events: WireEvent[]): Promise<string> {
  const visitor = newVisitor()
  await sendAll(server, visitor, events, {}, { 'x-forwarded-for': address })
  return visitor
}

/** What became of the visitors' claims, in the order of the visitors. */
async function outcomes(visitors: string[]): Promise<string[]> {
  await settled(server)
  const lists = await Promise.all(visitors.map((visitor) => server.get(`/api/v1/links?visitor=${visitor}`)))
  return lists.flatMap(({ data }) => data.map((link: Record<string, string>) => `${link.state} ${link.reason}`))
}

const unsigned = (id: string) => event('identify', 0, { kind: 'login', contact_id: id })
const typed = (id: string) => event('identify', 0, { kind: 'form', email_sha256: sha256Hex(`${id}@evidence.example`) })
const times = (n: number) => Array.from({ length: n }, (_, i) => i)

describe('naming a customer often', () => {
  test.each([
    ['unsigned logins', unsigned],
    ['typed addresses', typed],
  ])('by %s of many networks freezes neither clicks nor signed logins', async (_what, claim) => {
    const anna = await contact()
    for (const n of times(8)) await from(`198.51.${n}.7`, [claim(anna)])
    const own = await from('203.0.113.9', [await click(anna, 'may')])
    const token = await signLogin(site.identity_secret, anna)
    const other = await from('203.0.113.9', [event('identify', 0, { kind: 'login', token })])
    expect(await outcomes([own, other])).toEqual(['open first_click', 'open signed_login'])
  })

  test.each([
    ['/24', (n: number) => `198.51.100.${n + 1}`],
    ['/48', (n: number) => `2001:db8:7:${n + 1}::1`],
  ])('from one network, a %s, counts once', async (_what, address) => {
    const anna = await contact()
    const clicking = []
    for (const n of times(8)) clicking.push(await from(address(n), [await click(anna, `mail-${n}`)]))
    const naming = []
    for (const n of times(8)) naming.push(await from(address(n), [unsigned(anna)]))
    expect(await outcomes(clicking)).toEqual(times(8).map(() => 'open first_click'))
    expect(await outcomes(naming)).toEqual(times(8).map(() => 'open unsigned_login'))
  })

  test('from six networks lets the sixth wait, whatever time the sender gives, and each kind counts itself', async () => {
    const anna = await contact()
    const clicking = []
    for (const n of times(6)) clicking.push(await from(`198.51.${n}.7`, [await click(anna, `mail-${n}`, n * DAY)]))
    const naming = []
    for (const n of times(6)) naming.push(await from(`198.51.${n}.7`, [unsigned(anna)]))
    expect(await outcomes(clicking)).toEqual([...times(5).map(() => 'open first_click'), 'review too_many_visitors'])
    expect(await outcomes(naming)).toEqual([...times(5).map(() => 'open unsigned_login'), 'review too_many_visitors'])
  })

  test('through Segment’s API with made-up addresses is still one network', async () => {
    const anna = await contact()
    const visitors: string[] = []
    for (const n of times(8)) {
      const { anonymousId, visitor } = newAnonymous(server)
      const context = consenting(undefined, { ip: `198.51.${n}.7` })
      const headers = { ...basic(site.write_key), 'x-forwarded-for': '203.0.113.50' }
      await postCall(server, 'identify', call('identify', { anonymousId, userId: anna, context }), headers)
      visitors.push(visitor)
    }
    expect(await outcomes(visitors)).toEqual(times(8).map(() => 'open unsigned_login'))
  })

  test('stores of the network a keyed hash only, and of signed logins none', async () => {
    const anna = await contact()
    const naming = await from('203.0.113.77', [unsigned(anna)])
    const token = await signLogin(site.identity_secret, anna)
    const signed = await from('203.0.113.77', [event('identify', 0, { kind: 'login', token })])
    await settled(server)
    const networkOf = async (visitor: string) =>
      (await server.query<{ network: string | null }>('select network from claims where visitor_id = ?', visitor))[0]!
        .network
    expect(await networkOf(naming)).toMatch(/^[\w-]{22}$/)
    expect(await networkOf(signed)).toBeNull()
  })
})

describe('a claim that is dated back', () => {
  test('does not become the first user of a mail’s link', async () => {
    const anna = await contact()
    const followed = await click(anna, 'june')
    const again = (agoMs: number) => event('identify', agoMs, followed.props)
    const recipient = await from('203.0.113.1', [followed])
    await settled(server)
    const stranger = await from('198.51.100.7', [again(6 * DAY), event('page', 5 * DAY)])
    // The recipient's link goes on after the session; the stranger's ended with it.
    expect(await outcomes([recipient, stranger])).toEqual(['open first_click', 'closed first_click'])
  })

  test('does not become the first user of a signed login', async () => {
    const anna = await contact()
    const token = await signLogin(site.identity_secret, anna)
    const login = (agoMs: number) => event('identify', agoMs, { kind: 'login', token })
    const own = await from('203.0.113.1', [login(0)])
    await settled(server)
    const replayed = await from('198.51.100.7', [login(MINUTE / 2)])
    expect(await outcomes([own, replayed])).toEqual(['open signed_login', 'refused token_reused'])
  })

  test('does not become the first user of a login whose owner has withdrawn consent to identity since', async () => {
    const anna = await contact()
    const token = await signLogin(site.identity_secret, anna)
    const login = () => event('identify', 0, { kind: 'login', token })
    const own = await from('203.0.113.1', [login()])
    await settled(server)
    const replayed = await from('198.51.100.7', [login()])
    expect(await outcomes([own, replayed])).toEqual(['open signed_login', 'refused token_reused'])
    const no = consent({ id: 'choice-2', identity: false })
    await sendAll(server, own, [event('consent')], { consent: no })
    await settled(server)
    const again = await from('198.51.100.8', [login()])
    expect(await outcomes([own, replayed, again])).toEqual([
      'void identity_withdrawn',
      'refused token_reused',
      'refused token_reused',
    ])
    expect((await server.get(`/api/v1/contacts/${anna}`)).visitors).toEqual([])
  })

  test('does not escape the revocation of its token', async () => {
    const anna = await contact()
    const followed = await click(anna, 'july', 3 * DAY)
    const { link } = followed.props as { link: string }
    const query = new URLSearchParams({ site: 'demo', token: link })
    const revoking = await server.api(`/api/v1/link-tokens?${query}`, { method: 'DELETE' })
    expect(revoking.status).toBe(200)
    expect(await outcomes([await from('198.51.100.7', [followed])])).toEqual(['refused token_revoked'])
  })
})
