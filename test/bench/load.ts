/**
 * The load: 64 connections that send batches of page views and carts, from a separate process. Each request has unique
 * ids.
 *
 * On a machine with two cores, generating requests must take less than answering them. General HTTP clients in
 * JavaScript take twice as much as the bare route; so this one writes requests that are complete except for the digits
 * of their ids, and reads only the status and the end of an answer.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { quantile } from './table.ts'

/** The result of one run. Requests that the end of the run cut off are in neither count. */
export type LoadResult = { requestsPerS: number; p99Ms: number; ok: number; notOk: number; durationS: number }

/**
 * Each connection has several visitors at a time; each sends a visit's worth of requests and is then replaced, so that
 * none has a year's worth of events after a minute.
 */
const CONNECTIONS = 64
const VISITORS_A_CONNECTION = 80
const REQUESTS_A_VISIT = 4

/** Keeps the ids of one run distinct from those of another. */
const RUN = process.pid.toString(36).padStart(5, '0')

/** Placeholders for a request's number and its visitor's, of fixed length, so that the rest stays unchanged. */
const NUMBER = '#########'
const VISITOR = '$$$$$$$$$'

/** The body of a batch of `events` events, whose ids hold `number`. */
export function body(visitor: string, events: number, number: string): string {
  const at = new Date().toISOString()
  const kinds = ['page', 'view_item', 'page', 'add_to_cart']
  return JSON.stringify({
    site: 'demo',
    candidate: `candidate-of-run-${RUN}-${visitor}`,
    consent: { id: 'choice', analytics: true, identity: true, marketing: true, source: 'manual' },
    sent_at: at,
    events: Array.from({ length: events }, (_, i) => ({
      id: `${number}-${RUN}-${i}`,
      type: kinds[i % kinds.length],
      at,
      url: `https://shop.example/products/item-${i % 40}?utm_source=mail`,
      title: 'A piece of the collection',
      props: { currency: 'EUR', items: [{ item_id: `item-${i % 40}`, item_name: 'Ring', price: 120.5, quantity: 1 }] },
    })),
  })
}

/**
 * Runs the load in a separate process. `rate`: requests per second over all connections; absent: as fast as possible.
 */
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

/** A request's bytes, and the positions of its number and its visitor's. */
type Template = { bytes: Buffer; numbersAt: number[]; visitorAt: number[] }

function templateOf(host: string, events: number): Template {
  const text = body(VISITOR, events, NUMBER)
  const head = [
    'POST /v1/events HTTP/1.1',
    `Host: ${host}`,
    'Content-Type: text/plain;charset=UTF-8',
    `User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36`,
    `Content-Length: ${Buffer.byteLength(text)}`,
  ]
  const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`)
  const find = (mark: string) => {
    const found: number[] = []
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) found.push(at)
    return found
  }
  return { bytes, numbersAt: find(NUMBER), visitorAt: find(VISITOR) }
}

function writeDigits(bytes: Buffer, places: number[], number: number): void {
  let rest = number
  for (let digit = NUMBER.length - 1; digit >= 0; digit--) {
    for (const at of places) bytes[at + digit] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

/** The visitor of a connection's n-th request: visitors present at the same time take turns. */
function visitorOf(connection: number, n: number): number {
  const visit = Math.floor(n / (VISITORS_A_CONNECTION * REQUESTS_A_VISIT))
  return (visit * CONNECTIONS + connection) * VISITORS_A_CONNECTION + (n % VISITORS_A_CONNECTION)
}

/** Sends for this long, at most at this rate, as far as connections are free. */
async function load(url: URL, { events, seconds, rate }: { events: number; seconds: number; rate?: number }) {
  const took: number[] = []
  const free: (() => void)[] = []
  let [ok, notOk, numbers] = [0, 0, 0]
  let over = false

  const open = async (connection: number) => {
    const { bytes, numbersAt, visitorAt } = templateOf(url.host, events)
    const socket = connect(Number(url.port), url.hostname)
    await once(socket, 'connect')
    let turn = 0
    let sentAt = 0
    let answer = ''
    const send = () => {
      writeDigits(bytes, numbersAt, ++numbers)
      writeDigits(bytes, visitorAt, visitorOf(connection, turn++))
      sentAt = performance.now()
      socket.write(bytes)
    }
    socket.on('data', (data) => {
      answer += data.toString('latin1')
      const end = answer.indexOf('\r\n\r\n') + 4
      if (end < 4) return
      const length = /\r\ncontent-length: (\d+)\r\n/i.exec(answer)
      if (length === null) throw new Error(`an answer must say its length: ${answer.slice(0, end)}`)
      if (answer.length < end + Number(length[1])) return
      if (!over) {
        took.push(performance.now() - sentAt)
        if (answer.startsWith('HTTP/1.1 2')) ok++
        else notOk++
      }
      answer = ''
      if (over) socket.end()
      else if (rate === undefined) send()
      else free.push(send)
    })
    return send
  }

  const sends = await Promise.all(Array.from({ length: CONNECTIONS }, (_, n) => open(n)))
  const began = performance.now()
  const elapsedS = () => (performance.now() - began) / 1000
  if (rate === undefined) for (const send of sends) send()
  else {
    free.push(...sends)
    const pacing = setInterval(() => {
      while (!over && free.length > 0 && numbers < rate * elapsedS()) free.shift()!()
      if (over) clearInterval(pacing)
    }, 1)
  }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  over = true
  const durationS = elapsedS()
  return { requestsPerS: ok / durationS, p99Ms: quantile(took, 0.99), ok, notOk, durationS } satisfies LoadResult
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [url, text] = process.argv.slice(2)
  const result = await load(new URL(url!), JSON.parse(text!))
  console.log(JSON.stringify(result))
  process.exit()
}
