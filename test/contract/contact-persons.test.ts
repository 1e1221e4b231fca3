/**
 * Every live contact of the CRM is a person, whether or not it has ever visited: segments list it as a contact without visits.
 * It comes and goes with pushes, files, merges, undone imports and erasures, and existing installations get it at the upgrade.
 * The feed, the overview and `matched` are about visits and do not change through it.
 */
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contactId, contactPerson } from '../../server/domain/ids.ts'
import { MIGRATIONS } from '../../server/store/migrate.ts'
import { openCommandStore } from '../../server/store/open.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { consent, event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openStore } from '../support/store.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
let server: TestServer
let secret: string

type Row = Record<string, unknown>
type Member = { person: { kind: string; id: string } } & Row

const of = (contact: string) => contactPerson(contactId(contact))
const contacts = (...rows: Row[]) => server.post('/api/v1/contacts', rows)
const upload = async (path: string, body: string) => {
  const response = await server.api(path, { method: 'POST', body, headers: { 'content-type': 'text/csv' } })
  if (response.status !== 200) throw new Error(await response.text())
  return (await response.json()) as { id: string }
}

/** The contacts that are persons, by id, with the number of their visitors. */
async function persons(): Promise<Record<string, number>> {
  await settled(server)
  const rows = await server.query<{ contact_id: string; visitors: number }>(
    'select contact_id, visitors from persons where contact_id is not null order by person_id',
  )
  return Object.fromEntries(rows.map((row) => [row.contact_id, row.visitors]))
}

async function rowOf(contact: string): Promise<Row | undefined> {
  await settled(server)
  return (await server.query<Row>('select * from persons where person_id = ?', of(contact)))[0]
}

/** The members of a segment that are contacts, by id. */
async function members(segment: string): Promise<Map<string, Member>> {
  await settled(server)
  const { data } = await server.get<{ data: Member[] }>(`/api/v1/segments/${segment}/members`)
  return new Map(data.filter(({ person }) => person.kind === 'contact').map((member) => [member.person.id, member]))
}

const logIn = async (visitor: string, contact: string, agoMs = HOUR) => {
  const token = await signLogin(secret, contact, { seconds: Math.floor((Date.now() - agoMs) / 1000) })
  await sendAll(server, visitor, [event('page', agoMs + MINUTE), event('identify', agoMs, { kind: 'login', token })])
}

beforeAll(async () => {
  server = await startServer()
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
  const segments = {
    agreeing: { consent: { mail: true } },
    refusing: { consent: { mail: false } },
    known: { matched: true },
    unknown: { matched: false },
  }
  for (const [id, node] of Object.entries(segments)) await server.post('/api/v1/segments', { id, name: id, node })
})
afterAll(() => server?.stop())

describe('a contact that never visited', () => {
  test('is a person without visits, and a member of segments about contacts', async () => {
    const before = Date.now()
    await contacts(
      { id: 'agrees', email: 'agrees@crm.example', mail_consent: true, attributes: { first_name: 'Anna' } },
      { id: 'refuses', email: 'refuses@crm.example', mail_consent: false },
      { id: 'is-minor', email: 'minor@crm.example', mail_consent: true, minor: true },
    )
    expect(await rowOf('agrees')).toMatchObject({
      ...{ contact_id: 'agrees', visitors: 0, grade: null, strength: null, matched_at: null, evidence: '[]' },
      ...{ identity: 0, marketing: 0, mail_consent: 1, cart_id: null, purchases: 0 },
    })
    const { first_seen: firstSeen, last_seen: lastSeen } = (await rowOf('agrees')) ?? {}
    expect(firstSeen).toBe(lastSeen)
    expect(firstSeen).toBeGreaterThanOrEqual(before)
    const agreeing = await members('agreeing')
    expect(agreeing.get('agrees')).toMatchObject({
      contact: { id: 'agrees', name: 'Anna', email: 'agrees@crm.example' },
      ...{ reason: 'import', mailable: true, strength: null, evidence: [], grade: null, matched_at: null },
    })
    expect(agreeing.get('is-minor')).toMatchObject({ mailable: false, why_not_mailable: 'minor' })
    const refusing = await members('refusing')
    expect(refusing.get('refuses')).toMatchObject({ mailable: false, why_not_mailable: 'no_mail_consent' })
    expect(await server.get('/api/v1/contacts/agrees')).toMatchObject({ mailable: true, visitors: [], cart: null })
    const csv = await (await server.api('/api/v1/segments/agreeing/members?format=csv')).text()
    expect(csv).toContain('agrees@crm.example')
    const preview = await server.post('/api/v1/segments/preview', { node: { consent: { mail: true } } })
    // Those of the demonstration are contacts too.
    expect(preview).toMatchObject({ people: agreeing.size, mailable: agreeing.size - 1, not_mailable: { minor: 1 } })
  })

  test('is in no answer about visits: the feed, the overview, and who is matched', async () => {
    const visitors = async () => (await server.get('/api/v1/reports/overview')).total.visitors
    const [count, log] = [await visitors(), await server.query('select count(*) as n from match_changes')]
    await contacts({ id: 'unseen', email: 'unseen@crm.example', mail_consent: true })
    await contacts({ id: 'unseen', mail_consent: false, attributes: { tier: 'gold' } })
    await server.post('/api/v1/orders', [
      { order_id: 'un-1', contact_id: 'unseen', at: '2026-03-01T10:00:00Z', total: 5, currency: 'EUR' },
    ])
    expect(await members('refusing')).toHaveProperty('size')
    expect((await members('refusing')).has('unseen')).toBe(true)
    expect((await members('known')).has('unseen')).toBe(false)
    expect((await members('unknown')).has('unseen')).toBe(false)
    expect(await server.query('select count(*) as n from match_changes')).toEqual(log)
    expect(await server.query("select * from feed_state where contact_id = 'unseen'")).toEqual([])
    const { data } = await server.get<{ data: { contact: { id: string } }[] }>('/api/v1/matches?after=0')
    expect(data.map(({ contact }) => contact.id)).not.toContain('unseen')
    expect(await visitors()).toEqual(count)
  })

  test('has its orders, even if it came after them', async () => {
    await server.post('/api/v1/orders', [
      { order_id: 'late-1', contact_id: 'comes-late', at: '2026-03-01T10:00:00Z', total: 50, currency: 'EUR' },
    ])
    expect(await rowOf('comes-late')).toBeUndefined()
    await contacts({ id: 'comes-late' })
    expect(await rowOf('comes-late')).toMatchObject({ visitors: 0, purchases: 1, orders_total: 5000 })
    await server.post('/api/v1/orders', [
      {
        ...{ order_id: 'late-1', contact_id: 'comes-late', at: '2026-03-01T10:00:00Z', total: 50, currency: 'EUR' },
        status: 'refunded',
      },
    ])
    expect(await rowOf('comes-late')).toMatchObject({ purchases: 0 })
    expect(await server.query('select * from person_orders where person_id = ?', of('comes-late'))).toEqual([])
  })

  test('is matched at its first visit, and is without visits again when its link is voided', async () => {
    await contacts({ id: 'visits', email: 'visits@crm.example', mail_consent: true })
    const { first_seen: told } = (await rowOf('visits')) ?? {}
    const visitor = newVisitor()
    await logIn(visitor, 'visits', 2 * HOUR)
    expect(await rowOf('visits')).toMatchObject({ visitors: 1, strength: 'verified', first_seen: expect.any(Number) })
    expect((await rowOf('visits'))?.first_seen).toBeLessThan(told as number)
    expect((await members('known')).get('visits')).toMatchObject({ reason: 'link' })
    const feed = async () =>
      (
        await server.query<{ change: string }>(
          "select change from match_changes where contact_id = 'visits' order by seq",
        )
      ).map((row) => row.change)
    expect(await feed()).toEqual(['matched'])
    const { data } = await server.get<{ data: { id: string }[] }>(`/api/v1/links?visitor=${visitor}`)
    await server.post(`/api/v1/links/${data[0]?.id}/void`, {})
    expect(await rowOf('visits')).toMatchObject({ visitors: 0, strength: null, matched_at: null, first_seen: told })
    expect(await feed()).toEqual(['matched', 'unmatched'])
    expect((await members('known')).has('visits')).toBe(false)
    expect((await members('agreeing')).get('visits')).toMatchObject({ mailable: true })
  })
})

describe('the contacts that are persons', () => {
  test('are those that survive the merges of the CRM', async () => {
    const added = { 'm-1': 0, 'm-2': 0, 'm-3': 0 }
    await contacts({ id: 'm-1' }, { id: 'm-2' }, { id: 'm-3' })
    expect(await persons()).toMatchObject(added)
    await contacts({ id: 'm-1', merged_into: 'm-2' }, { id: 'm-2', merged_into: 'm-3' })
    const merged = await persons()
    expect(merged).toHaveProperty('m-3', 0)
    expect(merged).not.toHaveProperty('m-1')
    expect(merged).not.toHaveProperty('m-2')
    expect((await members('refusing')).has('m-1')).toBe(false)
    await contacts({ id: 'm-3', merged_into: 'not-there-yet' })
    expect(await persons()).toHaveProperty('m-3', 0)
    await contacts({ id: 'not-there-yet' })
    expect(await persons()).toHaveProperty('not-there-yet', 0)
    expect(await persons()).not.toHaveProperty('m-3')
    await contacts({ id: 'm-1', merged_into: null })
    expect(await persons()).toHaveProperty('m-1', 0)
    // A circle of merges leaves each as it is.
    await contacts({ id: 'c-1', merged_into: 'c-2' }, { id: 'c-2', merged_into: 'c-1' })
    expect(await persons()).toMatchObject({ 'c-1': 0, 'c-2': 0 })
  })

  test('take the orders of the records that were merged into them', async () => {
    await contacts({ id: 'keeps' }, { id: 'gives' })
    await server.post('/api/v1/orders', [
      { order_id: 'mg-9', contact_id: 'gives', at: '2026-03-01T10:00:00Z', total: 5, currency: 'EUR' },
    ])
    expect(await rowOf('gives')).toMatchObject({ purchases: 1 })
    await contacts({ id: 'gives', merged_into: 'keeps' })
    expect(await rowOf('keeps')).toMatchObject({ purchases: 1 })
    expect(await rowOf('gives')).toBeUndefined()
    expect(await server.query('select * from person_orders where person_id = ?', of('gives'))).toEqual([])
  })

  test('go when they are erased, deleted at their source, or their import is undone', async () => {
    await contacts({ id: 'erased', mail_consent: true })
    expect(await persons()).toHaveProperty('erased', 0)
    await server.api('/api/v1/contacts/erased', { method: 'DELETE' })
    const { id } = await upload(
      '/api/v1/contacts',
      'id,email\nof-file-1,of-file-1@x.example\nof-file-2,of-file-2@x.example\n',
    )
    const imported = await persons()
    expect(imported).toMatchObject({ 'of-file-1': 0, 'of-file-2': 0 })
    expect(Object.keys(imported)).not.toContain('erased')
    await upload('/api/v1/contacts', 'id,email,IsDeleted\nof-file-1,of-file-1@x.example,true\n')
    expect(await persons()).not.toHaveProperty('of-file-1')
    await server.post(`/api/v1/imports/${id}/undo`, {})
    expect(await persons()).not.toHaveProperty('of-file-2')
    // Of an erased contact a nameless row stays, which is nobody.
    const live = await server.query<{ n: number }>('select count(*) as n from contacts where erased_at is not null')
    expect(live[0]?.n).toBeGreaterThan(0)
    expect(Object.keys(await persons()).every((each) => each.length < 40)).toBe(true)
  })

  test('leave the figures of the past as they are, whatever the CRM says of them later', async () => {
    await contacts({ id: 'recovered', email: 'recovered@crm.example', mail_consent: true })
    const visitor = newVisitor()
    await logIn(visitor, 'recovered', 3 * HOUR)
    const items = [{ item_id: 'tiara', price: 500, quantity: 1 }]
    await sendAll(server, visitor, [event('add_to_cart', 2 * HOUR, { currency: 'EUR', items })])
    const at = new Date(Date.now() - HOUR).toISOString()
    await server.post('/api/v1/orders', [
      { order_id: 'rec-1', contact_id: 'recovered', at, total: 500, currency: 'EUR', items: [{ item_id: 'tiara' }] },
    ])
    await settled(server)
    const figures = async () => {
      await settled(server)
      return (await server.get('/api/v1/reports/overview')).total.carts.recovered
    }
    expect(await figures()).toMatchObject({ count: 1 })
    await sendAll(server, visitor, [event('page')], { consent: consent({ id: 'no', identity: false }) })
    expect(await rowOf('recovered')).toMatchObject({ visitors: 0, purchases: 1 })
    const left = await figures()
    await contacts({ id: 'recovered', attributes: { tier: 'gold' } })
    expect(await figures()).toEqual(left)
  })

  test('are the same after a rebuild, which removes those that nothing supports', async () => {
    const before = await persons()
    expect(Object.keys(before).length).toBeGreaterThan(5)
    await server.change('delete from persons where person_id = ?', of('agrees'))
    await server.change(
      `insert into persons (person_id, contact_id, first_seen, last_seen, visitors, evidence, identity, marketing, minor,
         purchases, bucket) values (?, 'ghost', 1, 1, 0, '[]', 0, 0, 0, 0, 0)`,
      of('ghost'),
    )
    const log = await server.query('select count(*) as n from match_changes')
    await server.cli('rebuild')
    expect(await persons()).toEqual(before)
    expect((await members('agreeing')).get('agrees')).toMatchObject({ mailable: true })
    expect(await server.query('select count(*) as n from match_changes')).toEqual(log)
  })
})

describe('an installation of an earlier version', () => {
  test.each([['with visitors'], ['without any visitor']])(
    '%s gets them at the upgrade, and the feed says nothing',
    async (which) => {
      let own = await startServer()
      const { dataDir, databaseUrl } = own
      await own.post('/api/v1/contacts', [{ id: 'old-1', mail_consent: true }, { id: 'old-2' }, { id: 'old-3' }])
      await own.post('/api/v1/contacts', [{ id: 'old-3', merged_into: 'old-2' }])
      if (which === 'with visitors') await sendAll(own, newVisitor(), [event('page')])
      await settled(own)
      await own.stop({ wipe: false })
      const store = await openStore(dataDir)
      await store.change('delete from persons where visitors = 0')
      await store.change('delete from segment_members')
      await store.close({ wipe: false })
      const db = openCommandStore({ dataDir, databaseUrl })
      await MIGRATIONS['037-contact-persons']!.up(db)
      await db.destroy()
      own = await startServer({ dataDir })
      try {
        await settled(own)
        const rows = await own.query(
          "select contact_id, visitors from persons where contact_id like 'old-%' order by 1",
        )
        expect(rows).toEqual([
          { contact_id: 'old-1', visitors: 0 },
          { contact_id: 'old-2', visitors: 0 },
        ])
        expect(await own.query('select * from match_changes')).toEqual([])
        await own.post('/api/v1/segments', { id: 'agreeing', name: 'agreeing', node: { consent: { mail: true } } })
        await expect
          .poll(async () => (await own.get('/api/v1/segments/agreeing/members')).data)
          .toContainEqual(expect.objectContaining({ person: { kind: 'contact', id: 'old-1' } }))
      } finally {
        await own.stop()
        rmSync(dataDir, { recursive: true, force: true })
      }
    },
  )
})
