/**
 * The load: 64 connections that send batches of page views and carts, from a process of its own, so that making the
 * requests does not slow what is measured more than it must. Each request has ids that no other has.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'

/** What one run of the load gave. Requests that the end of the run cut off are in neither count. */
export type LoadResult = { requestsPerS: number; p99Ms: number; ok: number; notOk: number; durationS: number }

/** Each connection has visitors of its own: enough that one has a visit's worth of events and not a year's. */
const CONNECTIONS = 64
const VISITORS_A_CONNECTION = 80

/** The body of a batch of `events` events; `[<id>]` is replaced for each request. */
export function body(visitor: number, events: number): string {
  const at = new Date().toISOString()
  const kinds = ['page', 'view_item', 'page', 'add_to_cart']
  return JSON.stringify({
    site: 'demo',
    visitor: `visitor-${String(visitor).padStart(14, '0')}`,
    consent: { id: 'choice', analytics: true, identity: true, marketing: true, source: 'manual' },
    sent_at: at,
    events: Array.from({ length: events }, (_, i) => ({
      id: `[<id>]-${i}`,
      type: kinds[i % kinds.length],
      at,
      url: `https://shop.example/products/item-${i % 40}?utm_source=mail`,
      title: 'A piece of the collection',
      props: { currency: 'EUR', items: [{ item_id: `item-${i % 40}`, item_name: 'Ring', price: 120.5, quantity: 1 }] },
    })),
  })
}

/** Runs the load in a process of its own. `rate`: requests a second over all connections; absent: as fast as it goes. */
export async function runLoad(
  url: string,
  options: { events: number; seconds: number; rate?: number },
): Promise<LoadResult> {
  const args = [fileURLToPath(import.meta.url), url, JSON.stringify(options)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the load ended with ${code}`)
  return JSON.parse(output) as LoadResult
}

/** Starts the baseline and waits until it answers. */
export async function startBare(port: number): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('./bare.ts', import.meta.url))
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [url, text] = process.argv.slice(2)
  const { events, seconds, rate } = JSON.parse(text!) as { events: number; seconds: number; rate?: number }
  let connection = 0
  const result = await autocannon({
    url: `${url}/v1/events`,
    connections: CONNECTIONS,
    duration: seconds,
    idReplacement: true,
    ...(rate === undefined ? {} : { overallRate: rate }),
    setupClient(client) {
      const first = connection++ * VISITORS_A_CONNECTION
      client.setRequests(
        Array.from({ length: VISITORS_A_CONNECTION }, (_, n) => ({
          method: 'POST' as const,
          path: '/v1/events',
          headers: {
            'content-type': 'text/plain;charset=UTF-8',
            'user-agent':
              'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
          },
          body: body(first + n, events),
        })),
      )
    },
  })
  console.log(
    JSON.stringify({
      requestsPerS: result.requests.total / result.duration,
      p99Ms: result.latency.p99,
      ok: result['2xx'],
      notOk: result.non2xx,
      durationS: result.duration,
    } satisfies LoadResult),
  )
}
