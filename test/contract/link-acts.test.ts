/**
 * Links read page by page, with their reasons in sentences, and the decisions of operators: each decision
 * is stored with its actor and time, and every visitor that it may affect is derived again.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, printedPassword, problemOf, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000

type Link = { id: string; visitor: string; contact: string; state: string; at: string; proofs: { id: string }[] }
type Page = { data: Link[]; next: string | null; has_more: boolean }
type Explained = Link & {
  reason: string
  why: string
  why_ended: string | null
  proofs: { id: string; reason: string; why: string }[]
  acts: { act: string; at: string; actor: string }[]
}

let server: TestServer
let site: SiteView

beforeAll(async () => {
  server = await startServer()
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  const ids = ['anna', 'bela', 'cleo', 'dora', 'emil', 'finn', 'paged']
  await server.post(
    '/api/v1/contacts',
    ids.map((id) => ({ id, email: `${id}@mail.example` })),
  )
})
afterAll(() => server.stop())

const login = async (contact: string, agoMs = 0) =>
  event('identify', agoMs, { kind: 'login', token: await signLogin(site.identity_secret, contact) })
const mailTo = async (contact: string, message: string): Promise<string> =>
  (await server.post('/api/v1/link-tokens', { site: 'demo', contacts: [contact], message })).data[0].token
const click = (link: string, agoMs = 0) => event('identify', agoMs, { kind: 'link', link })
const links = async (filter: string) => (await server.get<Page>(`/api/v1/links?${filter}`)).data
const act = (id: string, what: string, headers: Record<string, string> = {}) =>
  server.api(`/api/v1/links/${id}/${what}`, { method: 'POST', headers })

/** A visitor with a link made by a signed login. */
async function linked(contact: string): Promise<Link> {
  const visitor = newVisitor()
  await sendAll(server, visitor, [event('page', MINUTE), await login(contact)])
  await settled(server)
  return (await links(`visitor=${visitor}`))[0]!
}

/** The stored decisions about a visitor's links. */
const actsOf = (link: Link) =>
  server.query<{ act: string; at: number; actor: string }>(
    'select act, at, actor from link_acts where visitor_id = ? order by at',
    link.visitor,
  )

describe('the list', () => {
  test('is paged, oldest first, with each link once', async () => {
    const visitors = [newVisitor(), newVisitor(), newVisitor()]
    // Equal times: a page may end between links made at the same moment.
    const at = new Date().toISOString()
    for (const visitor of visitors) {
      const said = await login('paged')
      await sendAll(server, visitor, [{ ...said, id: 'login', at }, await login('paged')])
      await sendAll(server, visitor, [event('reset', -1), event('identify', -2, (await login('paged')).props)])
    }
    await settled(server)
    const whole = await server.get<Page>('/api/v1/links?contact=paged')
    expect(whole).toMatchObject({ next: null, has_more: false })
    expect(whole.data.length).toBeGreaterThanOrEqual(6)
    expect(whole.data.map((link) => link.at)).toEqual(whole.data.map((link) => link.at).sort())
    const seen: Link[] = []
    let after = ''
    for (;;) {
      const page = await server.get<Page>(`/api/v1/links?contact=paged&limit=2${after}`)
      seen.push(...page.data)
      expect(page.has_more).toBe(page.next !== null)
      if (!page.has_more) break
      expect(page.data).toHaveLength(2)
      after = `&after=${page.next}`
    }
    expect(seen).toEqual(whole.data)
  })

  test('is filtered by contact, visitor, state, or all of them', async () => {
    const link = await linked('anna')
    expect(await links(`contact=anna&visitor=${link.visitor}&state=open`)).toEqual([link])
    expect(await links(`contact=anna&visitor=${link.visitor}&state=held`)).toEqual([])
    expect(await links(`contact=bela&visitor=${link.visitor}`)).toEqual([])
  })

  test.each([
    ['an unknown state', 'state=gone', 'invalid_request', /^state must be one of open, closed/],
    ['a limit of 1001', 'limit=1001', 'invalid_request', /^limit must be an integer from 1 to 1000/],
    ['an invalid cursor', 'after=abc', 'bad_cursor', /^after must be/],
  ])('refuses %s', async (_, query, code, detail) => {
    const response = await server.api(`/api/v1/links?${query}`)
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ code, detail: expect.stringMatching(detail) })
  })
})

describe('one link', () => {
  test('contains why it was made, its proofs, and why it ended', async () => {
    const visitor = newVisitor()
    const token = await mailTo('bela', 'letter-1')
    await sendAll(server, visitor, [event('page', 3 * MINUTE), click(token, 2 * MINUTE)])
    await sendAll(server, visitor, [await login('bela', MINUTE)])
    await sendAll(server, visitor, [event('reset')])
    await settled(server)
    const [link] = await links(`visitor=${visitor}`)
    const explained = await server.get<Explained>(`/api/v1/links/${link!.id}`)
    expect(explained).toEqual({
      ...link,
      reason: 'signed_login',
      why: 'The shop’s server signed that the contact logged in on this browser.',
      why_ended: 'The visitor logged out.',
      proofs: [
        expect.objectContaining({ evidence: 'email_click', why: expect.stringMatching(/link in a mail/) }),
        expect.objectContaining({ evidence: 'login_verified', why: expect.stringMatching(/signed/) }),
      ],
      acts: [],
    })
  })

  test.each([
    ['an unknown link', Buffer.from('["nobody","nothing"]').toString('base64url')],
    ['an invalid id', 'abc'],
    ['an id with a character that no store accepts', Buffer.from('["a\\u0000","b"]').toString('base64url')],
  ])('%s is 404', async (_, id) => {
    for (const response of [await server.api(`/api/v1/links/${id}`), await act(id, 'void'), await act(id, 'clear')]) {
      expect(response.status).toBe(404)
      expect((await problemOf(response)).code).toBe('unknown_link')
    }
  })
})

describe('an operator’s decision', () => {
  test('is stored with its actor and time; the last one counts, and repeating it is 409', async () => {
    const link = await linked('anna')
    const { key, id } = await server.cli<{ key: string; id: string }>('keys', 'create', '--scopes', 'admin')
    const bearer = { authorization: `Bearer ${key}` }
    const first = await act(link.id, 'void', bearer)
    expect(first.status).toBe(200)
    expect(await first.json()).toEqual({
      link: link.id,
      act: 'void',
      at: expect.stringMatching(/Z$/),
      actor: `key:${id}`,
    })
    for (const [what, status] of [
      ['void', 409],
      ['confirm', 200],
      ['confirm', 409],
      ['clear', 200],
      ['clear', 409],
      ['void', 200],
    ] as const) {
      const response = await act(link.id, what, bearer)
      expect([what, response.status]).toEqual([what, status])
      if (status === 409) expect((await problemOf(response)).code).toBe('nothing_changes')
      else await response.body?.cancel()
    }
    const kept = await actsOf(link)
    expect(kept.map((row) => row.act)).toEqual(['void', 'confirm', 'clear', 'void'])
    expect(new Set(kept.map((row) => row.at)).size).toBe(4)
    await settled(server)
    const { acts } = await server.get<Explained>(`/api/v1/links/${link.id}`)
    expect(acts.map((each) => [each.act, each.actor])).toEqual(kept.map((row) => [row.act, `key:${id}`]))
    const audit = await server.query<{ action: string; actor: string; detail: string }>(
      'select action, actor, detail from audit where actor = ? order by at, id',
      `key:${id}`,
    )
    expect(audit.map((row) => row.action).sort()).toEqual(['link.clear', 'link.confirm', 'link.void', 'link.void'])
    expect(JSON.stringify(audit)).not.toContain(link.visitor)
  })

  test('takes effect: a void link gives the contact nothing, and undoing the decision restores it', async () => {
    const link = await linked('finn')
    const before = await server.get<Explained>(`/api/v1/links/${link.id}`)
    const now = async (what: string) => {
      expect((await act(link.id, what)).status).toBe(200)
      await settled(server)
      return server.get<Explained>(`/api/v1/links/${link.id}`)
    }
    expect(await now('void')).toMatchObject({
      state: 'void',
      reason: 'voided_by_operator',
      why: expect.stringMatching(/error/),
    })
    expect((await server.get('/api/v1/contacts/finn/timeline')).data).toEqual([])
    expect(await now('clear')).toEqual({ ...before, acts: expect.any(Array) })
    expect((await server.get('/api/v1/contacts/finn/timeline')).data).toHaveLength(2)
    expect(await now('confirm')).toMatchObject({ state: 'open', contact: 'finn' })
  })

  test('cannot be undone if there is none', async () => {
    const link = await linked('anna')
    const response = await act(link.id, 'clear')
    expect(response.status).toBe(409)
    expect(await problemOf(response)).toMatchObject({
      code: 'nothing_changes',
      detail: expect.stringMatching(/^this link has no act/),
    })
    expect(await actsOf(link)).toEqual([])
  })

  test('made twice concurrently is stored once', async () => {
    const link = await linked('anna')
    const statuses = (await Promise.all([act(link.id, 'void'), act(link.id, 'void'), act(link.id, 'void')])).map(
      (response) => response.status,
    )
    expect(statuses.sort()).toEqual([200, 409, 409])
    expect(await actsOf(link)).toHaveLength(1)
  })

  test('made in the dashboard is recorded with the name of the user', async () => {
    const link = await linked('cleo')
    const password = printedPassword(server)
    const own = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    const signIn = await fetch(`${server.url}/api/v1/session`, {
      method: 'POST',
      headers: own,
      body: JSON.stringify({ password }),
    })
    const cookie = signIn.headers.get('set-cookie')!.split(';')[0]!
    const response = await fetch(`${server.url}/api/v1/links/${link.id}/confirm`, {
      method: 'POST',
      headers: { ...own, cookie },
    })
    expect(response.status).toBe(200)
    expect((await actsOf(link)).map((row) => row.actor)).toEqual(['owner'])
  })

  test('needs the scope links:write', async () => {
    const link = await linked('cleo')
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'people:read')
    for (const what of ['void', 'confirm', 'clear']) {
      expect((await act(link.id, what, { authorization: `Bearer ${key}` })).status).toBe(403)
      expect((await fetch(`${server.url}/api/v1/links/${link.id}/${what}`, { method: 'POST' })).status).toBe(401)
    }
    expect(await actsOf(link)).toEqual([])
  })

  test('derives again every visitor it may affect: those that used the token or clicked on another link of the contact', async () => {
    const token = await mailTo('dora', 'letter-2')
    const [clicked, forwarded, other, signedIn, byMail, stranger] = [1, 2, 3, 4, 5, 6].map(newVisitor)
    await sendAll(server, clicked!, [event('page', MINUTE), click(token)])
    await sendAll(server, forwarded!, [event('page', MINUTE), click(token)])
    await sendAll(server, other!, [click(await mailTo('dora', 'letter-3'))])
    await sendAll(server, signedIn!, [await login('dora')])
    await sendAll(server, byMail!, [event('identify', 0, { kind: 'login', email: 'dora@mail.example' })])
    await sendAll(server, stranger!, [await login('emil')])
    await settled(server)
    const [link] = await links(`visitor=${clicked}`)
    // Deriving again rewrites a row, so a value changed by hand is corrected.
    const all = [clicked!, forwarded!, other!, signedIn!, byMail!, stranger!]
    for (const visitor of all) await server.change('update visitors set events = 99 where visitor_id = ?', visitor)
    expect((await act(link!.id, 'void')).status).toBe(200)
    await settled(server)
    const untouched = await server.query<{ visitor_id: string }>(
      'select visitor_id from visitors where events = 99 order by visitor_id',
    )
    // A click counts towards no limit of logins.
    expect(untouched.map((row) => row.visitor_id)).toEqual([signedIn, byMail, stranger].sort())
  })
})
