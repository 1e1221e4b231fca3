/**
 * The history of imports: the report of a file can be read again, and an import can be undone where nothing has changed
 * since, by the API and by the command. What an undone import said about people is gone everywhere: from the contact, from
 * who may be mailed, and from the matches.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let key: string

beforeAll(async () => {
  server = await startServer()
  key = (
    await server.cli<{ key: string }>(
      'keys',
      'create',
      '--scopes',
      'contacts:write,contacts:read,orders:write,people:read,matches:read',
    )
  ).key
})
afterAll(() => server?.stop())

type Answer = { status: number; body: any }

async function call(method: string, path: string, body?: string, type = 'text/csv', by = key): Promise<Answer> {
  const answer = await fetch(`${server.url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${by}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body }),
  })
  return { status: answer.status, body: await answer.json() }
}

const importContacts = (lines: string[], file = 'clients.csv') =>
  call('POST', `contacts?file=${encodeURIComponent(file)}`, `${lines.join('\n')}\n`)
const contact = async (id: string) => (await call('GET', `contacts/${id}`)).body
const undo = (id: string) => call('POST', `imports/${id}/undo`)

describe('the history', () => {
  test('has each file with who imported it, what became of it, and its report', async () => {
    const { body: reply } = await importContacts(
      ['id,email,city', 'h-1,h1@mail.example,Ulm', ',x,y'],
      'C:\\Temp\\h.csv',
    )
    const { body: listed } = await call('GET', 'imports?limit=1')
    expect(listed.data).toMatchObject([
      {
        ...{ id: reply.id, kind: 'contacts', file: 'h.csv', state: 'complete', undone: null },
        ...{ created: 1, updated: 0, unchanged: 0, rejected_total: 1 },
        actor: expect.stringMatching(/^key:/),
      },
    ])
    const { body: report } = await call('GET', `imports/${reply.id}`)
    expect(report.rejected).toEqual(reply.rejected)
    expect(report.columns).toEqual(reply.columns)
    expect(report.dialect).toEqual(reply.dialect)
  })

  test('is paged, newest first, and has the imports of commands too', async () => {
    const file = join(server.dataDir, 'orders.csv')
    writeFileSync(file, 'order_id,contact_id,date,total,currency\nh-o1,h-1,2026-03-01T10:00:00Z,5,EUR\n')
    const { id } = await server.cli<{ id: string }>('import', 'orders', file)
    const first = (await call('GET', 'imports?limit=1')).body
    expect(first).toMatchObject({ data: [{ id, kind: 'orders', file: 'orders.csv' }], has_more: true })
    const second = (await call('GET', `imports?limit=1&after=${first.next}`)).body
    expect(second.data).toMatchObject([{ kind: 'contacts' }])
    expect(await server.cli('imports', 'list')).toMatchObject([{ id }, { kind: 'contacts' }])
    expect(await server.cli('imports', 'show', id)).toMatchObject({ id, columns: expect.any(Array) })
  })

  test('has no row for a push of JSON, nor for a dry run', async () => {
    const before = (await call('GET', 'imports')).body.data.length
    await call('POST', 'contacts', JSON.stringify([{ id: 'h-2' }]), 'application/json')
    await call('POST', 'contacts?dry_run=true', 'id\nh-3\n')
    expect((await call('GET', 'imports')).body.data).toHaveLength(before)
  })

  test('says so if the file was cut short', async () => {
    const rows = Array.from({ length: 1500 }, (_, i) => `cut-${i}`)
    await importContacts(['id', ...rows, '"never closed'])
    const [last] = (await call('GET', 'imports?limit=1')).body.data
    expect(last).toMatchObject({ created: 1500, rejected_total: 1 })
    expect((await call('GET', `imports/${last.id}`)).body.rejected).toMatchObject([{ code: 'unclosed_quote' }])
  })
})

describe('undoing', () => {
  test('gives contacts back what they were, and removes those that were new', async () => {
    await importContacts(['id,email,mail_consent,city', 'u-1,u1@mail.example,true,Ulm', 'u-2,u2@mail.example,,Bonn'])
    const before = [await contact('u-1'), await contact('u-2')]
    const { body } = await importContacts([
      'id,email,mail_consent,city',
      'u-1,other@mail.example,false,Köln',
      'u-3,u3@mail.example,true,Kiel',
      'u-2,u2@mail.example,,Bonn',
    ])
    expect(body).toMatchObject({ created: 1, updated: 1, unchanged: 1 })
    expect((await contact('u-1')).attributes).toEqual({ city: 'Köln' })
    expect(await undo(body.id)).toMatchObject({ status: 200, body: { removed: 1, kept: 0 } })
    expect([await contact('u-1'), await contact('u-2')]).toEqual(before)
    expect((await call('GET', 'contacts/u-3')).status).toBe(404)
    const { body: listed } = await call('GET', `imports/${body.id}`)
    expect(listed).toMatchObject({ undone: { removed: 1, kept: 0 }, undo_until: null })
    expect(await undo(body.id)).toMatchObject({ status: 409, body: { code: 'import_undone' } })
    expect((await server.query("select 1 from audit where action = 'imports.undo'")).length).toBeGreaterThan(0)
  })

  test('leaves what has changed since, and says how many rows that were', async () => {
    const { body } = await importContacts(['id,email,city', 'k-1,k1@mail.example,Ulm', 'k-2,k2@mail.example,Ulm'])
    await call('POST', 'contacts', JSON.stringify([{ id: 'k-1', attributes: { city: 'Bonn' } }]), 'application/json')
    expect((await undo(body.id)).body).toEqual({ restored: 0, removed: 1, kept: 1 })
    expect((await contact('k-1')).attributes).toEqual({ city: 'Bonn' })
  })

  test('a row that the file holds twice goes back to what it was before the file', async () => {
    await importContacts(['id,city', 't-1,Ulm'])
    const { body } = await importContacts([
      'id,city',
      't-1,Bonn',
      ...Array.from({ length: 600 }, (_, i) => `t-f${i},x`),
      't-1,Kiel',
    ])
    expect((await contact('t-1')).attributes).toEqual({ city: 'Kiel' })
    expect((await undo(body.id)).body).toEqual({ restored: 1, removed: 600, kept: 0 })
    expect((await contact('t-1')).attributes).toEqual({ city: 'Ulm' })
  })

  test('two imports are undone one after the other, the newest first', async () => {
    await importContacts(['id,city', 'n-1,Ulm'])
    const first = (await importContacts(['id,city', 'n-1,Bonn'])).body
    const second = (await importContacts(['id,city', 'n-1,Kiel'])).body
    expect((await undo(second.id)).body).toMatchObject({ restored: 1 })
    expect((await undo(first.id)).body).toMatchObject({ restored: 1 })
    expect((await contact('n-1')).attributes).toEqual({ city: 'Ulm' })
  })

  test('a login that found its contact by the import belongs to nobody again', async () => {
    const site = await server.cli<SiteView>('sites', 'show', 'demo')
    const { body } = await importContacts(['id,email,mail_consent', 'l-1,l1@mail.example,true'])
    const visitor = newVisitor()
    await sendAll(server, visitor, [
      event('identify', 1000, { kind: 'login', token: await signLogin(site.identity_secret, 'l-1') }),
    ])
    await settled(server)
    const matches = async () =>
      (await call('GET', 'matches')).body.data.filter((each: any) => each.contact.id === 'l-1')
    expect(await matches()).toMatchObject([{ change: 'matched', mailable: true }])
    expect((await undo(body.id)).body).toMatchObject({ removed: 1 })
    await settled(server)
    expect(await matches()).toMatchObject([{ change: 'unmatched' }])
  })

  test('orders go back too, and a removed order settles no cart any more', async () => {
    await importContacts(['id,email', 'o-c,oc@mail.example'])
    const orders = (lines: string[]) =>
      call('POST', 'orders', `order_id,contact_id,date,total,currency\n${lines.join('\n')}\n`)
    await orders(['o-1,o-c,2026-03-01T10:00:00Z,10,EUR'])
    const { body } = await orders(['o-1,o-c,2026-03-01T10:00:00Z,99,EUR', 'o-2,o-c,2026-03-02T10:00:00Z,5,EUR'])
    expect((await contact('o-c')).orders).toHaveLength(2)
    expect(await server.cli('imports', 'undo', body.id)).toEqual({ restored: 1, removed: 1, kept: 0 })
    expect((await contact('o-c')).orders).toMatchObject([{ order_id: 'o-1', total: 10 }])
  })

  test('an erased contact does not come back, and nothing of it is kept for undoing', async () => {
    await importContacts(['id,email,city', 'e-1,e1@mail.example,Ulm'])
    const { body } = await importContacts(['id,email,city', 'e-1,e1@mail.example,Bonn'])
    await call('DELETE', 'contacts/e-1')
    expect(await server.query("select 1 from import_changes where item_id = 'e-1'")).toEqual([])
    expect((await undo(body.id)).body).toEqual({ restored: 0, removed: 0, kept: 0 })
    expect((await call('GET', 'contacts/e-1')).status).toBe(404)
  })

  test('needs the scope of what was imported, and an import that exists', async () => {
    const { body } = await importContacts(['id', 's-1'])
    const other = (await server.cli<{ key: string }>('keys', 'create', '--scopes', 'orders:write')).key
    const refused = await call('POST', `imports/${body.id}/undo`, undefined, undefined, other)
    expect(refused).toMatchObject({ status: 403, body: { code: 'missing_scope' } })
    expect(await undo('nothing')).toMatchObject({ status: 404, body: { code: 'unknown_import' } })
  })
})
