/**
 * What tests send besides batches of the tag: raw bodies, and logins signed as by a shop's server. And what they
 * read: replies, timelines, and files on disk.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { expect } from 'vitest'
import type { TestServer } from './server.ts'

/** A browser's user agent. */
export const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** A site as `couture sites show` prints it. */
export type SiteView = {
  id: string
  origins: string[]
  write_key: string
  identity_secret: string
  link_secret: string
  settings: Record<string, unknown>
}

/** An event of a timeline, as far as the tests look at it. */
export type Seen = {
  id: string
  at: string
  type: string
  site: string
  visitor: string
  link: { id: string; strength: string } | null
  props: Record<string, unknown>
  url: string | null
  referrer: string | null
  title: string | null
}

let visitors = 0
const run = Math.random().toString(36).slice(2, 10).padEnd(8, '0')

/** A unique visitor id, which is also a valid candidate. */
export function newVisitor(): string {
  return `visitor-${run}-${String(++visitors).padStart(8, '0')}`
}

/** Posts a body verbatim. Headers with the value `null` are omitted. */
export function post(
  server: Pick<TestServer, 'url'>,
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Record<string, string | null> = {},
): Promise<Response> {
  const all = { 'content-type': 'text/plain', 'user-agent': BROWSER, ...headers }
  const kept = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null)
  const init = { method: 'POST', headers: Object.fromEntries(kept), body, duplex: 'half' }
  return fetch(`${server.url}/v1/events`, init as RequestInit)
}

/** A visitor's events, oldest first. */
export async function timeline(server: TestServer, visitor: string): Promise<Seen[]> {
  return (await server.get<{ data: Seen[] }>(`/api/v1/visitors/${encodeURIComponent(visitor)}/timeline`)).data
}

/** The status of a visitor's timeline: 404 if the visitor is unknown. */
export async function timelineStatus(server: TestServer, visitor: string): Promise<number> {
  const response = await server.api(`/api/v1/visitors/${encodeURIComponent(visitor)}/timeline`)
  await response.body?.cancel()
  return response.status
}

/** Expects a reply to be a problem of RFC 9457, and returns it. */
export async function problemOf(response: Response): Promise<{ status: number; code: string; detail: string }> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const body = (await response.json()) as { type: string; title: string; status: number; code: string; detail: string }
  expect(body).toEqual({
    type: expect.any(String),
    title: expect.stringMatching(/./),
    status: response.status,
    code: expect.stringMatching(/^[a-z0-9_]+$/),
    detail: expect.stringMatching(/./),
  })
  return body
}

/** Signs a login of a contact as the shop's server does; no two are the same. `seconds` is `iat`, since 1970. */
export function signLogin(
  secret: string,
  contact: string,
  { seconds = Math.floor(Date.now() / 1000), lifeS = 600, audience = 'demo' } = {},
): Promise<string> {
  return new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(contact)
    .setAudience(audience)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + lifeS)
    .sign(new TextEncoder().encode(secret))
}

/** The password that the first start of a server printed for its owner. */
export function printedPassword(server: Pick<TestServer, 'output'>): string {
  return /^ {2}password +(\S+)/m.exec(server.output().stdout)![1]!
}

/** The tables of the store with a row that contains a text. */
export async function tablesHolding(server: Pick<TestServer, 'query' | 'tables'>, text: string): Promise<string[]> {
  const holding: string[] = []
  for (const name of await server.tables()) {
    const rows = await server.query(`select * from "${name}"`)
    if (rows.some((row) => JSON.stringify(row).includes(text))) holding.push(name)
  }
  return holding
}

/** The files of the data folder that contain a text, and the tables of a store that is elsewhere. */
export async function filesHolding(
  server: Pick<TestServer, 'dataDir' | 'databaseUrl' | 'query' | 'tables'>,
  text: string,
): Promise<string[]> {
  const files = readdirSync(server.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text))
    .map((entry) => entry.name)
  return server.databaseUrl === null ? files : [...files, ...(await tablesHolding(server, text))]
}
