/** The tag that the server makes of a site's settings: its consent platform, its categories, its data layer. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TAG_CONSENT_SOURCES } from '../../tag/wire.ts'
import type { SiteView } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await server.cli<SiteView>('sites', 'create', '--id', 'shop', '--origin', 'https://shop.example')
})
afterAll(() => server.stop())

const set = (...settings: string[]) => server.cli('sites', 'set', 'shop', ...settings)
const get = async (path: string) => {
  const response = await fetch(`${server.url}${path}`)
  return { status: response.status, cache: response.headers.get('cache-control'), text: await response.text() }
}
const first = async () => (await get('/tag.js?site=shop')).text
const secondOf = (text: string) => /tag\.[\w-]{16}\.js/.exec(text)![0]

/** What only the code for a platform holds. */
const MARKS: Record<string, string> = {
  google: '"update"',
  tcf: '__tcfapi',
  'vanilla-cookieconsent': 'cc:onConsent',
  klaro: 'saveConsents',
  tarteaucitron: 'tac.consent_updated',
  osano: 'cookieconsent_status',
  c15t: 'c15tStore',
}

test('it holds the code for the configured platform and no other, or for all of them', async () => {
  for (const source of TAG_CONSENT_SOURCES) {
    await set(`consent_source=${source}`)
    const all = Object.keys(MARKS)
    const held = async () => {
      const text = await first()
      return all.filter((platform) => text.includes(MARKS[platform]!))
    }
    await expect.poll(held).toEqual(source === 'auto' ? all : all.filter((each) => each === source))
    expect((await get(`/${secondOf(await first())}`)).status).toBe(200)
  }
  await expect(set('consent_source=onetrust')).rejects.toThrow(/consent_source must be one of manual, auto, google/)
})

test('it holds the purposes of the site’s categories', async () => {
  await set('consent_source=klaro', 'consent_map=Mesure=analytics,lettres=marketing')
  await expect.poll(first).toContain(',mesure=a,lettres=m')
})

test('it reads a data layer for sites that have one, and for pages that name one', async () => {
  await set('datalayer=off')
  const without = await first()
  const plain = await get(`/${secondOf(without)}`)
  expect(plain.text).not.toContain('ecommerce')
  expect(plain.cache).toContain('immutable')
  const asked = await get(`/${secondOf(without)}?datalayer`)
  expect(asked.text).toContain('ecommerce')
  expect(asked.cache).toBe('public, max-age=300')
  await set('datalayer=ElevarDataLayer')
  await expect.poll(first).toContain('ElevarDataLayer')
  expect((await get(`/${secondOf(await first())}`)).text).toBe(asked.text)
  await expect(set('datalayer=a.b')).rejects.toThrow(/datalayer must be off, or the name of the page/)
})
