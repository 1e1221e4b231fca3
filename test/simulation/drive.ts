/**
 * Sends what happens in a town to a real server, over HTTP and in order of time, while the server's clock follows the
 * town's: everything is received within six hours of happening, so that delays and periods counted from receipt behave
 * realistically.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { SignJWT } from 'jose'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { type Deed, type Happening, happenings } from './deeds.ts'
import { HOUR, type Town } from './town.ts'

const STEP_MS = 6 * HOUR
const SETTLE_MS = 600_000
const AT_ONCE = 8

const AGENTS = {
  browser: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  bot: 'Mozilla/5.0 (compatible; SafeLinksBot/1.0; +https://scanner.example/bot)',
}

/** A server that has received everything. `stored` lists the ids that it confirmed. */
export type Driven = { server: TestServer; stored: Set<string>; refused: Map<string, number>; stop(): Promise<void> }

/** Starts a server, sends it a town's deeds, and waits until all of them are derived. */
export async function drive(town: Town, deeds: Deed[]): Promise<Driven> {
  let aheadMs = town.begin - HOUR - Date.now()
  const server = await startServer({ movable: true, clockMs: aheadMs, env: { TRUST_PROXY: '1' } })
  const setClock = (time: number) => {
    aheadMs = time - Date.now()
    return server.setClock(aheadMs)
  }
  const stop = () => server.stop()
  try {
    const teller = await createTeller(server, () => Date.now() + aheadMs)
    for (let from = town.begin, i = 0; from < town.end; from += STEP_MS) {
      const until = from + STEP_MS
      const step: Deed[] = []
      while (i < deeds.length && deeds[i]!.at < until) step.push(deeds[i++]!)
      await setClock(until)
      await teller.tell(step)
    }
    await settled(server, SETTLE_MS)
    return { server, ...teller.told, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Changes a setting and waits until everything is derived again. */
export async function change(server: TestServer, setting: string): Promise<void> {
  await server.cli('sites', 'set', 'demo', setting)
  // A running server checks its configuration about every second.
  await sleep(3000)
  await settled(server, SETTLE_MS)
}

async function createTeller(server: TestServer, now: () => number) {
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  const { identity_secret } = await server.cli<{ identity_secret: string }>('sites', 'show', 'demo')
  const links = new Map<string, { token: string; path: string }>()
  const logins = new Map<string, string>()
  const told = { stored: new Set<string>(), refused: new Map<string, number>() }

  const sign = (event: Happening, secret: string) => {
    const seconds = Math.floor(event.at / 1000)
    return new SignJWT({ jti: event.id })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(event.says!.contact.id)
      .setAudience('demo')
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 600)
      .sign(new TextEncoder().encode(secret))
  }

  const propsOf = async (event: Happening): Promise<Record<string, unknown> | null> => {
    const { says } = event
    if (!says) return event.props
    switch (says.how) {
      case 'signed':
        return { kind: 'login', token: logins.get(event.id) }
      case 'replayed':
        return { kind: 'login', token: logins.get(says.of) }
      case 'forged_login':
        return { kind: 'login', token: await sign(event, 'what an intruder thinks that the secret could be') }
      case 'unsigned':
        return { kind: 'login', contact_id: says.contact.id }
      case 'unsigned_address':
        return { kind: 'login', email: says.contact.email }
      case 'click':
        return { kind: 'link', link: links.get(`${says.message} ${says.contact.id}`)!.token }
      case 'forged_click': {
        const { token } = links.get(`${says.message} ${says.contact.id}`) ?? [...links.values()][0]!
        return { kind: 'link', link: `${token.slice(0, -6)}forged` }
      }
    }
  }

  /** Each browser has a network of its own: the guard of contacts counts those of one network once. */
  const networks = new Map<string, number>()
  const addressOf = (visitor: string) => {
    const n = networks.get(visitor) ?? networks.size
    networks.set(visitor, n)
    return `10.${n >> 8}.${n & 255}.1`
  }

  /** Sends one request of a browser: of one visit, under one choice, with at most one claim. */
  const send = async (events: Happening[]) => {
    const { visitor, choice, sender } = events[0]!
    const consent = { ...choice, at: new Date(choice.at).toISOString(), source: 'manual' }
    const body = {
      site: 'demo',
      visitor,
      consent,
      ...(sender === 'shop' ? {} : { sent_at: new Date(now()).toISOString() }),
      events: await Promise.all(
        events.map(async (event) => {
          const props = await propsOf(event)
          return { id: event.id, type: event.type, at: new Date(event.at).toISOString(), ...(props ? { props } : {}) }
        }),
      ),
    }
    const response = await fetch(`${server.url}/v1/events`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': sender === 'bot' ? AGENTS.bot : AGENTS.browser,
        'x-forwarded-for': addressOf(visitor),
        ...(sender === 'shop' ? { authorization: `Bearer ${key}` } : { cookie: server.cookie(visitor) }),
      },
      body: JSON.stringify(body),
    })
    const reply = (await response.json()) as { accepted: number; rejected: { index: number; code: string }[] }
    if (response.status !== 202) throw new Error(`events were answered ${response.status} ${JSON.stringify(reply)}`)
    const refused = new Map(reply.rejected.map(({ index, code }) => [index, code]))
    events.forEach((event, index) => {
      const code = refused.get(index) ?? (sender === 'bot' ? 'bot' : null)
      if (code === null) told.stored.add(event.id)
      else told.refused.set(code, (told.refused.get(code) ?? 0) + 1)
    })
    if (sender !== 'bot' && reply.accepted + reply.rejected.length !== events.length) {
      throw new Error(`${events.length} events were sent, ${JSON.stringify(reply)}`)
    }
  }

  const tell = async (deeds: Deed[]) => {
    const imports = deeds.filter((deed) => deed.kind === 'import').map(({ contact: { id, email } }) => ({ id, email }))
    for (let i = 0; i < imports.length; i += 1000) {
      const part = imports.slice(i, i + 1000).map((contact) => ({ ...contact, mail_consent: true }))
      const reply = await server.post<{ created: number }>('/api/v1/contacts', part)
      if (reply.created !== part.length) throw new Error(`of ${part.length} contacts ${reply.created} were created`)
    }
    for (const mailing of deeds.filter((deed) => deed.kind === 'mailing')) {
      if (mailing.contacts.length === 0) continue
      const reply = await server.post('/api/v1/link-tokens', {
        site: 'demo',
        contacts: mailing.contacts.map((contact) => contact.id),
        message: mailing.message,
        issued_at: new Date(mailing.at).toISOString(),
      })
      if (reply.rejected.length > 0) throw new Error(`links were refused: ${JSON.stringify(reply.rejected)}`)
      for (const { contact, token } of reply.data)
        links.set(`${mailing.message} ${contact}`, { token, path: `/l/${token}` })
    }
    const fetches = deeds.filter((deed) => deed.kind === 'fetch')
    await inTurns(fetches, async ({ message, contact }) => {
      const response = await fetch(server.url + links.get(`${message} ${contact.id}`)!.path, { redirect: 'manual' })
      if (response.status !== 302) throw new Error(`a mail server's GET was answered ${response.status}`)
    })
    const events = happenings(deeds)
    for (const event of events) {
      if (event.says?.how === 'signed') logins.set(event.id, await sign(event, identity_secret))
    }
    const visitors = [...Map.groupBy(events, (event) => event.visitor).values()].map(requestsOf)
    await inTurns(visitors, async (own) => {
      for (const request of own) if (!usesToken(request)) await send(request)
    })
    // Who used a token first is decided by the time of receipt, so these are received in the order in which they happen.
    const using = visitors.flat().filter(usesToken)
    for (const request of using.sort((a, b) => a.at(-1)!.at - b.at(-1)!.at)) {
      await send(request)
      await sleep(1)
    }
  }
  return { tell, told }
}

/** Whether a request ends with a claim that another visitor may repeat. */
function usesToken(request: Happening[]): boolean {
  return ['signed', 'click', 'replayed'].includes(request.at(-1)?.says?.how ?? '')
}

/** Splits a visitor's events where a tag would: a request holds one visit, choice and sender, and ends with a claim. */
function requestsOf(events: Happening[]): Happening[][] {
  const requests: Happening[][] = []
  let before: Happening | null = null
  for (const event of events) {
    const joins =
      before !== null &&
      before.says === null &&
      before.visit === event.visit &&
      before.choice === event.choice &&
      before.sender === event.sender
    if (joins) requests.at(-1)!.push(event)
    else requests.push([event])
    before = event
  }
  return requests
}

/** Runs an action for each item of a list, a few at a time. */
export async function inTurns<T>(list: T[], act: (each: T) => Promise<void>): Promise<void> {
  const rest = list.values()
  const work = async () => {
    for (const each of rest) await act(each)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}
