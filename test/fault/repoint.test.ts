/**
 * A visitor with many events logs in, and all of them move to the contact in one transaction, so that nobody ever
 * reads half a person. The server is killed several times meanwhile; nothing is ever half done, and in
 * the end everything equals a rebuild from the facts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contactId, contactPerson, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { openCommandStore } from '../../server/store/open.ts'
import { type Cluster, startCluster } from '../support/postgres.ts'
import { type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

const VISITOR = 'visitor-of-many-events-aa'
const EVENTS = 20_000
const REQUEST_EVENTS = 500
const KILLS = 2
const DAY_MS = 24 * 3600_000
/** Too few to make a visitor overactive on one day. */
const DAYS = 4

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

type Kill = (server: TestServer, attempt: number) => Promise<void>

/** Kills the server while PostgreSQL runs a statement that re-points events. */
async function killAtWork(server: TestServer): Promise<void> {
  const client = new Client({ connectionString: server.databaseUrl! })
  await client.connect()
  try {
    for (let seen = false; !seen; ) {
      const { rows } = await client.query(
        `select 1 from pg_stat_activity where datname = current_database() and query like 'update "events" set "person_id"%'
          and state <> 'idle'`,
      )
      seen = rows.length > 0
    }
    await server.kill()
  } finally {
    await client.end()
  }
}

/** SQLite's progress is not visible from outside, so each kill is later than the previous one. */
async function killLater(server: TestServer, attempt: number): Promise<void> {
  await sleep(100 * attempt)
  await server.kill()
}

const ENGINES: { engine: string; env: () => Promise<Record<string, string>>; kill: Kill; certain: boolean }[] = [
  { engine: 'SQLite', env: async () => ({}), kill: killLater, certain: false },
  {
    engine: 'PostgreSQL',
    env: async () => ({ DATABASE_URL: await cluster.create('repoint') }),
    kill: killAtWork,
    certain: true,
  },
]

/** The persons of the visitor's events, readable even if the server is dead. */
async function owners(server: TestServer): Promise<string[]> {
  const store = openCommandStore({ databaseUrl: server.databaseUrl, dataDir: server.dataDir })
  try {
    const rows = await store
      .selectFrom('events')
      .select('person_id')
      .distinct()
      .where('visitor_id', '=', VISITOR)
      .orderBy('person_id')
      .execute()
    return rows.map((row) => row.person_id ?? '')
  } finally {
    await store.destroy()
  }
}

/** All derived rows, read with the same SQL on either engine. */
async function derived(server: TestServer): Promise<Record<string, string[]>> {
  const all = async (sql: string) => (await server.query(sql)).map((row) => JSON.stringify(row))
  return {
    events: await all('select visitor_id, id, person_id from events order by 1, 2'),
    visitors: await all('select * from visitors order by visitor_id'),
    parts: await all('select * from visitor_persons order by visitor_id, person_id'),
    epochs: await all('select * from epochs order by visitor_id, n'),
    links: await all('select * from links order by visitor_id, id'),
    persons: await all('select * from persons order by person_id'),
    members: await all('select * from segment_members order by segment_id, person_id'),
    told: await all('select * from feed_state order by contact_id'),
  }
}

test.each(ENGINES)(
  '$engine: a kill while a login re-points events never splits them between two persons',
  async ({ env: makeEnv, kill, certain }) => {
    const env = await makeEnv()
    const port = await freePort()
    let server = await startServer({ env, port })
    try {
      const { identity_secret: secret } = await server.cli<SiteView>('sites', 'show', 'demo')
      const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
      await server.post('/api/v1/contacts', [{ id: 'anna', email: 'anna@shop.example', mail_consent: true }])
      for (let sent = 0; sent < EVENTS; sent += REQUEST_EVENTS) {
        const events = Array.from({ length: REQUEST_EVENTS }, (_, i) =>
          event('page', 60_000 + DAYS * DAY_MS * (1 - (sent + i) / EVENTS)),
        )
        await sendAll(server, VISITOR, events, {}, { authorization: `Bearer ${key}` })
      }
      await settled(server, 60_000)
      expect(await owners(server)).toEqual([visitorPerson(visitorId(VISITOR), 1)])
      const login = event('identify', 0, { kind: 'login', token: await signLogin(secret, 'anna') })
      await sendAll(server, VISITOR, [login])
      const seen: string[][] = []
      for (let attempt = 1; attempt <= KILLS; attempt++) {
        await kill(server, attempt)
        seen.push(await owners(server))
        server = await startServer({ env, port, dataDir: server.dataDir })
        if (seen.at(-1)!.includes(contactPerson(contactId('anna')))) break
      }
      for (const each of seen) expect(each).toHaveLength(1)
      if (certain) expect(seen).toEqual(Array.from({ length: KILLS }, () => [visitorPerson(visitorId(VISITOR), 1)]))
      await settled(server, 60_000)
      expect(await owners(server)).toEqual([contactPerson(contactId('anna'))])
      const [{ n }] = (await server.query<{ n: number }>('select count(*) as n from events')) as [{ n: number }]
      expect(Number(n)).toBe(EVENTS + 1)
      const state = await derived(server)
      await server.cli('rebuild')
      await settled(server, 60_000)
      expect(await derived(server)).toEqual(state)
    } finally {
      await server.stop()
    }
  },
  120_000,
)
