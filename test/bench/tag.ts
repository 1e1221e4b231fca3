/**
 * What the tag costs a shop's visitors: the bytes of each variant, the main thread's milliseconds for one view and three
 * events on a processor four times slower, and the requests and bytes of that visit. An empty page and a small peer
 * (`peer-tag.js`) are measured in the same run, in turn, so that a busy machine is as busy for each. That the events arrived
 * is checked.
 */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync } from 'node:zlib'
import { transform } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { buildTag } from '../../server/ops/bundle.ts'
import { createTagFiles } from '../../server/ops/tag-files.ts'
import { TAG_BUDGETS, weighTag } from '../../server/ops/tag-weight.ts'
import { newVisitor } from '../support/browser.ts'
import { installedChromium, SWITCHES } from '../support/chromium.ts'
import { quantile } from './table.ts'

const RUNS = { brief: 3, usual: 9, long: 25 }
const SLOWER = 4
/** Long enough for every request, also on a busy machine. */
const VISIT_MS = 2500

const PAGES = {
  empty: { head: '', events: '' },
  peer: {
    head: '<script async src="/peer.js" data-site-id="demo"></script>',
    events: "for (const name of ['a', 'b', 'c']) peer.track(name, {value: 890, items: [{item_id: 'r-1', price: 890}]})",
  },
  couture: {
    head: `<script>window.couture=function(){(couture.q=couture.q||[]).push(arguments)}
      couture('consent', {analytics: true, identity: true, marketing: false})</script>
      <script async src="/c/tag.js?site=demo"></script>`,
    events:
      "for (const name of ['a', 'b', 'c']) couture('track', name, {value: 890, items: [{item_id: 'r-1', price: 890}]})",
  },
}
type Name = keyof typeof PAGES

/** Runs the benchmark. */
export async function bench({ brief, long }: { brief: boolean; long: boolean }): Promise<Record<string, unknown>> {
  const variants: Record<string, unknown> = {}
  for (const [name, { variant }] of Object.entries(TAG_BUDGETS)) {
    const { first, total } = await weighTag(variant)
    variants[`${name}, before consent`] = first
    variants[name] = total
  }
  const site = await openSite()
  const browser = await chromium.launch({ executablePath: installedChromium(), args: SWITCHES })
  try {
    const took: Record<Name, number[]> = { empty: [], peer: [], couture: [] }
    const traffic: Record<string, { requests: number; bytes: number }> = {}
    for (let run = 0; run < RUNS[brief ? 'brief' : long ? 'long' : 'usual']; run++) {
      for (const name of Object.keys(PAGES) as Name[]) {
        took[name].push(await visit(browser, site.url, name))
        traffic[name] = site.takeTraffic(name)
      }
    }
    const median = (name: Name) => Math.round(quantile(took[name], 0.5) * 10) / 10
    return {
      variants,
      cpu_ms: median('couture'),
      cpu_ms_empty: median('empty'),
      cpu_ms_peer: median('peer'),
      ...traffic.couture,
      peer: { ...traffic.peer, brotli: site.peerBytes },
    }
  } finally {
    await browser.close()
    await site.close()
  }
}

/** The main thread's time for a visit by somebody new. */
async function visit(browser: Browser, url: string, name: Name): Promise<number> {
  const context = await newVisitor(browser)
  const tab = await context.newPage()
  const session = await context.newCDPSession(tab)
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
  await session.send('Performance.enable')
  await tab.goto(`${url}/${name}`)
  await tab.waitForTimeout(VISIT_MS)
  const { metrics } = await session.send('Performance.getMetrics')
  const spent = metrics.find((metric) => metric.name === 'TaskDuration')
  if (spent === undefined) throw new Error('the browser does not say how long its tasks took')
  await context.close()
  return spent.value * 1000
}

/** Serves the pages and the tags, and takes the events as a collector would. */
async function openSite() {
  const files = createTagFiles(buildTag)
  const settings = { site: 'demo', link_param: '#cl', form_selectors: [], frames: false }
  const first = await files.first({
    site: 'demo',
    variant: { consent_source: 'manual', forms: false, datalayer: false },
    settings,
  })
  const source = await readFile(new URL('./peer-tag.js', import.meta.url), 'utf8')
  const { code: peer } = await transform(source, { minify: true })
  const traffic = { requests: 0, bytes: 0, events: 0 }

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site')
    const reply = (type: string, body: string | Uint8Array, more: Record<string, string> = {}) => {
      traffic.bytes += Buffer.byteLength(body)
      response.writeHead(request.method === 'POST' ? 202 : 200, { 'content-type': type, ...more }).end(body)
    }
    const page = PAGES[pathname.slice(1) as Name]
    if (page !== undefined) {
      // After the page has loaded, as a shop's own code calls.
      const later = `<script>addEventListener('load', () => setTimeout(() => { ${page.events} }, 300))</script>`
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(`<!doctype html><title>Shop</title>${page.head}${later}<h1>Shop</h1>`)
      return
    }
    if (pathname === '/favicon.ico') {
      response.writeHead(204).end()
      return
    }
    traffic.requests++
    if (request.method === 'POST') {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks)
      traffic.bytes += body.length
      const { events } = JSON.parse(body.toString()) as { events?: { type: string }[] }
      const accepted = events?.filter(({ type }) => type !== 'consent').length ?? 1
      traffic.events += accepted
      reply('application/json', JSON.stringify({ visitor: 'v', accepted, duplicate: 0, rejected: [], cache: 'c' }))
      return
    }
    const isFirst = pathname === '/c/tag.js'
    const file = isFirst ? first : files.second(pathname.slice('/c/tag.'.length, -'.js'.length))
    if (file === null) reply('text/javascript', brotliCompressSync(peer), { 'content-encoding': 'br' })
    else reply('text/javascript', (await file.for('br')).body, { 'content-encoding': 'br' })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    peerBytes: brotliCompressSync(peer).length,
    /** The requests and bytes since the last call, of one view and three events; throws if events are missing. */
    takeTraffic(name: Name) {
      const { requests, bytes, events } = traffic
      Object.assign(traffic, { requests: 0, bytes: 0, events: 0 })
      const expected = name === 'empty' ? 0 : 4
      if (events !== expected) throw new Error(`${name} sent ${events} of ${expected} events`)
      return { requests, bytes }
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
