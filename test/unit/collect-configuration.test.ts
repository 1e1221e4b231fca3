/**
 * The collector's snapshot of sites and keys: an entry created by a command in another process is found at once,
 * however often somebody asks for missing ones; and without the store the last snapshot is used.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createConfiguration, type Snapshot } from '../../server/collect/configuration.ts'
import { defaultSettings, type Site } from '../../server/domain/settings.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'couture-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const site = (id: string): Site => ({
  id,
  origins: [`https://${id}.example`],
  write_key: '',
  identity_secret: '',
  link_secret: '',
  settings: defaultSettings(),
})

/** A store as the configuration sees it: it counts reads, and has a gate that delays them. */
function createStore() {
  const store = {
    now: { version: 1, sites: [site('first')], keys: [] } as Snapshot,
    looks: 0,
    down: false,
    gate: Promise.resolve(),
    errors: [] as unknown[],
    change(change: Partial<Snapshot>) {
      store.now = { ...store.now, ...change, version: store.now.version + 1 }
    },
    open: () =>
      createConfiguration({
        file: join(folder, 'sites.json'),
        version: async () => {
          store.looks++
          if (store.down) throw new Error('the store is down')
          const { version } = store.now
          await store.gate
          return version
        },
        read: async () => store.now,
        now: () => Date.now(),
        onChange: () => {},
        onError: (error) => store.errors.push(error),
      }),
  }
  return store
}

const key = (hash: string) => ({ id: `key-${hash}`, hash, name: null, scopes: ['admin'], expires_at: null })

test('a key that is created just after a failed lookup is found', async () => {
  const store = createStore()
  const configuration = await store.open()
  expect(await configuration.freshKey('guessed')).toBeUndefined()
  store.change({ keys: [key('made')] })
  expect(await configuration.freshKey('made')).toMatchObject({ id: 'key-made' })
})

test('a site that is created just after a failed lookup is found', async () => {
  const store = createStore()
  const configuration = await store.open()
  expect(await configuration.freshSite('guessed')).toBeUndefined()
  store.change({ sites: [site('first'), site('made')] })
  expect(await configuration.freshSite('made')).toMatchObject({ id: 'made' })
})

test('a key that is created during a refresh is found', async () => {
  const store = createStore()
  const configuration = await store.open()
  let go = () => {}
  store.gate = new Promise((resolve) => {
    go = resolve
  })
  const under = configuration.refresh()
  store.change({ keys: [key('made')] })
  const found = configuration.freshKey('made')
  go()
  await under
  expect(await found).toMatchObject({ id: 'key-made' })
})

test('a thousand failed lookups read the store only a few times', async () => {
  const store = createStore()
  const configuration = await store.open()
  const before = store.looks
  await Promise.all(Array.from({ length: 1000 }, (_, i) => configuration.freshKey(`guessed-${i}`)))
  expect(store.looks - before).toBeGreaterThanOrEqual(1)
  expect(store.looks - before).toBeLessThanOrEqual(3)
})

test('known entries are returned without a refresh', async () => {
  const store = createStore()
  const configuration = await store.open()
  const before = store.looks
  expect(await configuration.freshSite('first')).toMatchObject({ id: 'first' })
  expect(store.looks).toBe(before)
})

test('a deleted site and its origin are gone after the next refresh', async () => {
  const store = createStore()
  const configuration = await store.open()
  expect(configuration.knowsOrigin('https://first.example')).toBe(true)
  store.change({ sites: [site('second')] })
  expect(await configuration.refresh()).toBe(true)
  expect([...configuration.sites()].map(({ id }) => id)).toEqual(['second'])
  expect(configuration.knowsOrigin('https://first.example')).toBe(false)
})

test('while the store is down the last snapshot is used, even after a restart', async () => {
  const store = createStore()
  await store.open()
  store.down = true
  const configuration = await store.open()
  expect(store.errors).toHaveLength(1)
  expect(await configuration.freshSite('first')).toMatchObject({ id: 'first' })
  expect(await configuration.freshSite('guessed')).toBeUndefined()
  expect(await configuration.refresh()).toBe(false)
})
