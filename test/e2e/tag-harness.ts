/**
 * A shop's site and a recording collector on one local port, for the tests of the tag in a real browser.
 *
 * This collector only records requests and answers as a test requires: it exists to inject faults and to show the
 * decoded wire. It does not check whether the events are right; the real collector is tested against the same contract
 * elsewhere.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buildTag } from '../../server/ops/bundle.ts'
import type { Precompressed } from '../../server/ops/precompressed.ts'
import { createTagFiles } from '../../server/ops/tag-files.ts'
import type { TagSettings } from '../../tag/settings.ts'
import type { TagConsentSource, WireBatch, WireEvent } from '../../tag/wire.ts'
import { freePort } from '../support/port.ts'

/** The collector's answer. `cut` ends the connection without an answer; `hold` answers when it resolves. */
export type Answer = {
  status?: number
  headers?: Record<string, string>
  body?: string
  cut?: true
  hold?: Promise<void>
}

/** One received request, and the status of its answer (0: none). */
export type Recorded = {
  body: WireBatch
  bytes: number
  headers: IncomingMessage['headers']
  status: number
  /** Whether the collector's own 202 was sent. */
  isOwn: boolean
  at: number
}

/** The site under test. */
export type Shop = Awaited<ReturnType<typeof openShop>>

/** What shops paste beside the script's element. */
export const SNIPPET =
  "if(typeof couture!='function')window.couture=function(){(couture.q=couture.q||[]).push(arguments)}"
/** The same in its first form, which pages keep. */
const FIRST_SNIPPET = 'window.couture=window.couture||function(){(couture.q=couture.q||[]).push(arguments)}'
const SCRIPT = '<script async src="/c/tag.js?site=demo"></script>'

/** A page with the snippet as a shop pastes it; `script` replaces the tag's element. */
export function page(title: string, parts: { inline?: string; body?: string; script?: string } = {}): string {
  const { inline = '', body = '', script = SCRIPT } = parts
  return `<!doctype html><html lang="en"><head><title>${title}</title>${script}<script>${FIRST_SNIPPET}</script>
<script>${inline}</script></head><body><h1>${title}</h1>${body}</body></html>`
}

const files = createTagFiles(buildTag)

const textOf = async (file: Precompressed) => Buffer.from((await file.for(undefined)).body).toString()

/** Opens the site. `pages` are by path; every other path is a plain page. */
export async function openShop(
  pages: Record<string, string> = {},
  settings: Partial<TagSettings> = {},
  source: TagConsentSource = 'manual',
) {
  const defaults = { link_param: '#cl', form_selectors: [], frames: false }
  const order = {
    site: 'demo',
    variant: {
      consent_source: source,
      forms: (settings.form_selectors ?? []).length > 0,
      datalayer: settings.datalayer !== undefined,
    },
    settings: { site: 'demo', ...defaults, ...settings },
  }
  const tag = await textOf(await files.first(order))
  const requests: Recorded[] = []
  const shop = {
    url: '',
    requests,
    pages,
    /** Further scripts, by path. */
    scripts: {} as Record<string, string>,
    /** Decides on each request; undefined means the ordinary 202. */
    answer: (_request: Recorded): Answer | undefined => undefined,
    /** The requests for the second stage. */
    parts: [] as string[],
    /** Decides on each of them. */
    answerPart: (): Answer | undefined => undefined,
    /** Every received event, including repeats. */
    arrived: (): WireEvent[] => requests.flatMap((request) => request.body.events),
    /** The acknowledged events, in order of arrival. */
    acknowledged: (): WireEvent[] => requests.filter((r) => r.status === 202).flatMap((request) => request.body.events),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }

  async function collect(request: IncomingMessage, response: ServerResponse) {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const raw = Buffer.concat(chunks)
    const body = JSON.parse(raw.toString()) as WireBatch
    const recorded: Recorded = {
      body,
      bytes: raw.length,
      headers: request.headers,
      status: 0,
      isOwn: false,
      at: Date.now(),
    }
    requests.push(recorded)
    const answer = shop.answer(recorded) ?? {}
    await answer.hold
    if (answer.cut) {
      request.socket.destroy()
      return
    }
    const cookie = /(?:^|; )cv=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
    // As at the collector, a batch's own candidate proves the visitor that it names; else the cookie counts.
    const own = `v.${body.candidate}`
    const visitor = body.consent.analytics ? (body.visitor === own ? own : (cookie ?? own)) : null
    recorded.status = answer.status ?? 202
    recorded.isOwn = recorded.status === 202 && answer.body === undefined
    response.writeHead(recorded.status, {
      'Content-Type': 'application/json',
      Connection: 'close',
      ...(recorded.status === 202 && {
        'Set-Cookie': `cv=${visitor ?? '; Max-Age=0'}; HttpOnly; SameSite=Lax; Path=/`,
      }),
      ...answer.headers,
    })
    response.end(answer.body ?? JSON.stringify({ visitor, accepted: body.events.length, duplicate: 0, rejected: [] }))
  }

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://shop')
    if (pathname === '/c/v1/events') {
      collect(request, response).catch((error) => response.destroy(error))
      return
    }
    if (pathname === '/favicon.ico') {
      response.writeHead(204).end()
      return
    }
    const part = /^\/c\/tag\.([\w-]{16})\.js$/.exec(pathname)?.[1]
    if (part !== undefined) shop.parts.push(pathname)
    if (part !== undefined && files.second(part) !== null) {
      const isLayered = request.url!.includes('?datalayer')
      serveSecond(part, isLayered, response).catch((error) => response.destroy(error))
      return
    }
    if (pathname === '/c/tag.debug.js') {
      serveDebug(response).catch((error) => response.destroy(error))
      return
    }
    // Connections are never reused, because Chromium itself repeats a request that fails on a reused one.
    const script = /^\/c\/tag(\.\w+)?\.js$/.test(pathname) ? tag : shop.scripts[pathname]
    response.writeHead(200, { 'Content-Type': script ? 'text/javascript' : 'text/html', Connection: 'close' })
    response.end(script ?? shop.pages[pathname] ?? page(pathname))
  })
  async function serveDebug(response: ServerResponse) {
    response.writeHead(200, { 'Content-Type': 'text/javascript', Connection: 'close' })
    response.end(await textOf(await files.debug()))
  }

  async function serveSecond(part: string, isLayered: boolean, response: ServerResponse) {
    const second = (isLayered ? await files.layered(part) : files.second(part))!
    const answer = shop.answerPart() ?? {}
    await answer.hold
    if (answer.cut) {
      response.destroy()
      return
    }
    response.writeHead(answer.status ?? 200, {
      'Content-Type': 'text/javascript',
      Connection: 'close',
      ...answer.headers,
    })
    response.end(answer.body ?? (await textOf(second)))
  }
  // No other test has had this origin, so nothing is stored for it.
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  shop.url = `http://127.0.0.1:${port}`
  return shop
}
