/**
 * `couture doctor` with the address of a shop's page: the tag found or missing, its files behind a proxy, strict policies,
 * consent platforms, and the collector's host. The pages are served over HTTP, and the tag by a real server.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Finding } from '../../server/ops/doctor.ts'
import { checkPage } from '../../server/ops/doctor-page.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let shop: Server
let url: string
/** What the shop's proxy passes on below `/c/`. */
let passes = /^\/c\/tag/
const pages: Record<string, { head: string; policy?: string }> = {}

beforeAll(async () => {
  server = await startServer()
  shop = createServer(async (request, response) => {
    const path = request.url ?? '/'
    const page = pages[path]
    if (page !== undefined) {
      const policy = page.policy === undefined ? {} : { 'content-security-policy': page.policy }
      response.writeHead(200, { 'content-type': 'text/html', ...policy })
      response.end(`<!doctype html><html><head>${page.head}</head><body>Rings</body></html>`)
    } else if (passes.test(path)) {
      const encoding = request.headers['accept-encoding']
      const answer = await fetch(server.url + path.slice(2), {
        headers: { 'accept-encoding': encoding ? 'identity' : '' },
      })
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
      response.end(await answer.text())
    } else response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Nothing</h1>')
  })
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`
})
afterAll(async () => {
  await server.stop()
  shop.closeAllConnections()
  await new Promise((resolve) => shop.close(resolve))
})

const TAG = '<script async src="/c/tag.js?site=demo"></script>'
const GRANT = "<script>couture('consent', {analytics: true})</script>"

async function examine(
  path: string,
  rendered: string | null = null,
): Promise<{ wrong: string[]; all: string; isPage: boolean }> {
  const { findings, isPage } = await checkPage(url + path, { fetch, render: async () => rendered })
  const texts = (list: Finding[]) => list.map(({ what }) => what)
  return { wrong: texts(findings.filter(({ state }) => state === 'wrong')), all: texts(findings).join('\n'), isPage }
}

test('a page with the tag, its two stages and a stated choice is fine', async () => {
  pages['/'] = { head: TAG + GRANT }
  const { wrong, all } = await examine('/')
  expect(wrong).toEqual([])
  for (const what of [
    'has the tag',
    'has no Content-Security-Policy',
    "calls couture('consent', …)",
    'served uncompressed',
    'the second stage of the tag is served',
    'its cookie is first party',
  ]) {
    expect(all).toContain(what)
  }
})

test.each<[string, string, string | null, RegExp | null]>([
  ['quotes and entities', `<script src='/c/tag.js?v=2&amp;site=demo' defer></script>`, null, null],
  ['no quotes', '<script async src=/c/tag.js?site=demo></script>', null, null],
  ['a tag manager', '<script src="/gtm.js"></script>', `<html>${TAG}</html>`, null],
  ['no tag', '<script src="/other.js"></script>', '<html></html>', /there is no tag on /],
  ['a tag in a comment of another name', '<script src="/hashtag.js?site=demo"></script>', null, /there is no tag on /],
  ['an unknown site', '<script async src="/c/tag.js?site=none"></script>', null, /answers 404 and is not the tag/],
])('the tag of a page with %s', async (_, head, rendered, expected) => {
  pages['/found'] = { head }
  const { wrong } = await examine('/found', rendered)
  if (expected === null) expect(wrong).toEqual([])
  else expect(wrong).toEqual([expect.stringMatching(expected)])
})

test.each<[string, RegExp | null]>([
  ["script-src 'self'; connect-src 'self'", null],
  ["default-src 'self'", null],
  ["script-src 'unsafe-inline' 127.0.0.1:*; connect-src *", null],
  ["script-src 'nonce-x' 'strict-dynamic'; connect-src 'self'", /does not let it load .* add 'self' to script-src/],
  ["script-src 'self'; connect-src https://api.example", /does not let the tag send to .* add 'self' to connect-src/],
  ["default-src 'none'; script-src 'self'", /does not let the tag send/],
])('the policy %s', async (policy, expected) => {
  pages['/policy'] = { head: TAG, policy }
  const { wrong } = await examine('/policy')
  if (expected === null) expect(wrong).toEqual([])
  else expect(wrong).toEqual([expect.stringMatching(expected)])
})

test('a nonce on the element, and a policy in the page', async () => {
  const meta = `<meta http-equiv="Content-Security-Policy" content="script-src 'nonce-x' 'strict-dynamic'">`
  pages['/nonce'] = { head: meta + TAG.replace('async', 'async nonce="x"') }
  expect((await examine('/nonce')).wrong).toEqual([])
  pages['/meta'] = { head: meta + TAG }
  expect((await examine('/meta')).wrong).toEqual([expect.stringMatching(/does not let it load/)])
})

test.each([
  ['<script src="/klaro.js"></script>', 'klaro'],
  ['<script src="https://cdn.example/tarteaucitron.min.js"></script>', 'tarteaucitron'],
  ["<script>gtag('consent', 'default', {ad_storage: 'denied'})</script>", 'google'],
  ['<script>window.__tcfapi = () => {}</script>', 'tcf'],
])('the consent platform of %s', async (head, name) => {
  pages['/platform'] = { head: TAG + head }
  expect((await examine('/platform')).all).toContain(`the page has a consent platform: ${name}`)
})

test('a proxy that does not pass on the second stage, a collector elsewhere, and what is no page', async () => {
  pages['/'] = { head: TAG }
  passes = /^\/c\/tag\.js/
  expect((await examine('/')).wrong).toEqual([expect.stringMatching(/answers 404; let the proxy pass on tag\.\*\.js/)])
  passes = /^\/c\/tag/
  pages['/far'] = { head: TAG.replace('/c/', `${server.url.replace('127.0.0.1', 'localhost')}/`) }
  expect((await examine('/far')).all).toMatch(/another domain|its cookie is first party/)
  expect((await examine('/c/nothing')).isPage).toBe(false)
  const printed = await server
    .cli<Finding[]>('doctor', `${url}/`)
    .catch((error) => JSON.parse(error.stdout) as Finding[])
  expect(printed.map(({ what }) => what).join('\n')).toContain('has the tag')
})
