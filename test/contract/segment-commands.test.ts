/**
 * `couture segments …`: definitions that are kept as files are applied together or not at all, with the difference printed
 * first, and again without effect; each error names the file and the path. Segments are listed, shown, previewed, deleted.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { event, sendAll, settled } from '../support/sender.ts'
import { couture, startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
let folder: string
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'couture-segments-'))
  return () => rmSync(folder, { recursive: true, force: true })
})

/** Writes a file of definitions and returns its path. */
function file(name: string, content: unknown): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const run = (...args: string[]) =>
  couture(['segments', ...args], { ...process.env, DATA_DIR: server.dataDir, PORT: String(server.port) })

async function refused(sentence: string, ...args: string[]): Promise<void> {
  const ran = await run(...args)
  expect({ code: ran.code, error: ran.stderr.trim() }).toEqual({ code: 1, error: expect.stringContaining(sentence) })
  expect(ran.stderr).not.toMatch(/\bat .*:\d+:\d+/)
}

const carts = { id: 'carts', name: 'Carts', node: { cart: { value: { gte: 100 } } } }
const known = {
  id: 'known_carts',
  name: { fr: 'Connus', en: 'Known' },
  node: { all: [{ segment: 'carts' }, { matched: true }] },
}

describe('apply', () => {
  test('prints the difference, changes what differs, and nothing the second time', async () => {
    // The folder names the segment that is used after the one that uses it.
    file('a/known.json', known)
    file('b.json', [carts])
    file('README.md', 'No definition.')
    const dry = await run('apply', folder, '--dry-run')
    expect([dry.code, dry.stderr]).toEqual([0, ''])
    expect(dry.stdout).toContain('+ carts')
    expect(dry.stdout).toContain('node: {"cart":{"value":{"gte":100}}}')
    expect(dry.stdout).toContain('2 to be added, 0 to be changed, 0 as they are.')
    expect((await server.api('/api/v1/segments/carts')).status).toBe(404)

    const first = await run('apply', folder, '--yes')
    expect([first.code, first.stderr]).toEqual([0, ''])
    expect(first.stdout).toContain('2 added, 0 changed, 0 as they are.')
    expect(await server.get('/api/v1/segments/known_carts')).toMatchObject({ ...known, version: 1 })

    const second = await run('apply', folder)
    expect([second.code, second.stdout.trim().split('\n').at(-1)]).toEqual([
      0,
      'Nothing to change: the segments are as in the files.',
    ])
    expect(await server.get('/api/v1/segments/carts')).toMatchObject({ version: 1 })

    file('b.json', { ...carts, currency: 'EUR', node: { cart: { value: { gte: 150 } } } })
    const third = await run('apply', folder, '--yes')
    expect(third.stdout).toContain('~ carts')
    expect(third.stdout).toContain('node.cart.value.gte: 100 → 150')
    expect(third.stdout).toContain('currency: nothing → "EUR"')
    const { node, currency, version } = await server.get('/api/v1/segments/carts')
    expect({ node, currency, version }).toEqual({
      ...{ node: { cart: { value: { gte: 150 } } }, currency: 'EUR', version: 2 },
    })

    const json = await run('apply', folder, '--json')
    expect(JSON.parse(json.stdout)).toEqual({
      applied: false,
      changes: [
        { id: 'known_carts', action: 'none', differences: [] },
        { id: 'carts', action: 'none', differences: [] },
      ],
    })
    const audit = await server.query<{ actor: string; action: string }>(
      "select actor, action from audit where action like 'segment.%' and actor like 'cli:%' order by at, action",
    )
    expect(audit.map((row) => row.action).sort()).toEqual(['segment.create', 'segment.create', 'segment.update'])
  })

  test('changes nothing without a yes', async () => {
    await refused('--yes must be given', 'apply', file('one.json', { ...carts, name: 'Other' }))
    await refused('--yes must be given', 'apply', file('one.json', { ...carts, name: 'Other' }), '--json')
    expect(await server.get('/api/v1/segments/carts')).toMatchObject({ name: 'Carts' })
  })

  test('applies all or none, and says what is refused', async () => {
    file('good.json', { id: 'good', name: 'Good', node: { matched: true } })
    file('loop.json', [
      { id: 'one', name: 'One', node: { segment: 'two' } },
      { id: 'two', name: 'Two', node: { any: [{ matched: true }, { segment: 'one' }] } },
    ])
    await refused('loop.json[0]: node.segment must be the id of a segment (got "two")', 'apply', folder, '--yes')
    expect((await server.api('/api/v1/segments/good')).status).toBe(404)
  })

  test.each<[string, unknown, string]>([
    ['no JSON', '{"id": ', 'must be JSON'],
    [
      'a wrong node',
      { ...carts, node: { all: [{ matched: true }, { cart: { idle: { min: '1 h' } } }] } },
      ': node.all.1.cart.idle.min must be',
    ],
    ['an unknown member', { ...carts, colour: 'red' }, 'must not have the member colour'],
    ['an id in capitals', { ...carts, id: 'Carts' }, ': id must be 1 to 64 of a-z 0-9 _ -, a letter first'],
    ['one of a list', [carts, { id: 'x' }], '[1]: name must be'],
    ['the same id twice', [carts, carts], '"carts" is defined in'],
    ['nothing', [], 'there is no definition in'],
    ['a currency that is none', { ...carts, currency: 'Euro' }, ': currency must be a currency by its ISO 4217 code'],
  ])('a file with %s is refused', async (_, content, sentence) => {
    await refused(sentence, 'apply', file('wrong.json', content), '--yes')
  })

  test('a path that leads nowhere is refused', () =>
    refused('there is no file or folder', 'apply', join(folder, 'none')))
})

describe('the others', () => {
  test('list, show and preview', async () => {
    await run('apply', file('all.json', [{ ...carts, currency: 'EUR', node: { cart: {} } }]), '--yes')
    const shop = event('add_to_cart', 60_000, { currency: 'EUR', items: [{ item_id: 'ring', price: 120 }] })
    await sendAll(server, 'visitor-with-cart-aaaaa', [shop])
    await settled(server)
    await until(async () => /^carts +1 people, 0 mailable {2}Carts/m.test((await run('list')).stdout), 'the size')
    const listed = JSON.parse((await run('list', '--json')).stdout)
    expect(listed).toContainEqual(expect.objectContaining({ id: 'carts', people: 1, mailable: 0 }))

    const shown = await run('show', 'carts')
    expect(shown.stdout).toContain('Persons who')
    expect(shown.stdout).toContain('Named by known_carts.')
    const json = (await run('show', 'carts', '--json')).stdout
    expect(JSON.parse(json)).toEqual({ id: 'carts', name: 'Carts', currency: 'EUR', node: { cart: {} } })
    // What is shown can be applied.
    expect((await run('apply', file('shown.json', json))).stdout).toContain('Nothing to change')

    const previewed = await run('preview', file('new.json', { id: 'new', name: 'New', node: { cart: {} } }))
    expect([previewed.code, previewed.stdout]).toEqual([0, expect.stringContaining('new: 1 people')])
    expect((await run('preview', 'carts')).stdout).toContain('carts: 1 people')
    await refused('there is no segment "nothing"', 'show', 'nothing')
    await refused('there is no file or folder nothing', 'preview', 'nothing')
  })

  test('delete', async () => {
    await refused('the segment "carts" is in use: known_carts must no longer name it', 'delete', 'carts', '--yes')
    await refused('--yes must be given', 'delete', 'known_carts')
    expect((await run('delete', 'known_carts', '--yes')).stdout).toContain('is deleted')
    expect(JSON.parse((await run('delete', 'carts', '--yes', '--json')).stdout)).toEqual({ id: 'carts', deleted: true })
    expect((await server.api('/api/v1/segments/carts')).status).toBe(404)
  })
})
