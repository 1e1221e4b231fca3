/** What an operator sees: liveness, readiness, metrics, the log, and the doctor's report. */
import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Finding } from '../../server/ops/doctor.ts'
import { type SiteView, signLogin } from '../support/requests.ts'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { LOG_LEVEL: 'info' } })
})
afterAll(() => server?.kill())

test('a server that accepts events reports that it is live and ready', async () => {
  expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ ok: true })
  expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({
    ready: true,
    missing: [],
    warnings: [],
    journal: { writable: true, waiting_entries: expect.any(Number), waiting_bytes: expect.any(Number) },
    store: { reachable: true },
    lag_seconds: expect.any(Number),
  })
})

test('metrics count accepted and refused events, and name no visitor', async () => {
  await sendAll(server, 'visitor-aaaaaaaaaaaaaaaaa', [event('page'), event('page')])
  await send(server, batch([{ id: 'x' }], { visitor: 'visitor-aaaaaaaaaaaaaaaaa' }))
  await settled(server)
  // The landing thread reports its figures a moment later.
  const text = await until(async () => {
    const now = await (await fetch(`${server.url}/metrics`)).text()
    const told = [/^couture_landed_events_total 2$/m, /^couture_derived_total\{kind="visitor"\} [1-9]/m]
    return [...told, /^couture_journal_backlog_entries 0$/m].every((line) => line.test(now)) && now
  }, 'the figures of what has landed')
  expect(text).toMatch(/^couture_events_total\{outcome="accepted"\} 2$/m)
  expect(text).toMatch(/^couture_events_total\{outcome="invalid_event"\} 1$/m)
  expect(text).toMatch(/^couture_landing_lag_seconds \d/m)
  expect(text).toMatch(/^couture_journal_backlog_bytes \d+$/m)
  expect(text).toMatch(/^couture_build_info\{version="[^"]+",node="[^"]+"\} 1$/m)
  expect(text).toMatch(/^couture_landed_events_total 2$/m)
  expect(text).toMatch(/^couture_derived_total\{kind="visitor"\} [1-9]/m)
  expect(text).toMatch(/^couture_landing_batch_seconds_count [1-9]/m)
  expect(text).toMatch(/^couture_deriving_round_seconds_bucket\{le="0.1"\} \d+$/m)
  expect(text).toMatch(/^couture_journal_backlog_entries 0$/m)
  expect(text).toMatch(/^couture_journal_oldest_waiting_seconds 0$/m)
  expect(text).toMatch(/^couture_dirty_marks\{kind="visitors"\} 0$/m)
  expect(text).toMatch(/^couture_dead_letters\{kind="land"\} 0$/m)
  expect(text).toMatch(/^couture_file_bytes\{file="couture.db"\} [1-9]/m)
  expect(text).toMatch(/^couture_http_requests_total\{method="POST",route="\/v1\/events",status="202"\} [1-9]/m)
  for (const metric of text.matchAll(/^# TYPE (couture_\S+) (\S+)$/gm)) {
    expect(text).toMatch(new RegExp(`^# HELP ${metric[1]} [A-Z].+\\.$`, 'm'))
    expect(metric[1]!.endsWith('_total')).toBe(metric[2] === 'counter')
  }
  expect(text).not.toContain('visitor-')
})

test('requests are counted by route pattern, so that ids do not create series', async () => {
  await server.api('/api/v1/contacts/some-person')
  await server.api('/api/v1/visitors/some-visitor/timeline')
  await fetch(`${server.url}/nothing/here/of-mine`)
  const text = await (await fetch(`${server.url}/metrics`)).text()
  expect(text).toMatch(/^couture_http_requests_total\{method="GET",route="\/api\/v1\/contacts\/:id",status="404"\} 1$/m)
  for (const id of ['some-person', 'some-visitor', 'of-mine']) expect(text).not.toContain(id)
})

test('the most verbose log contains the route of each request and nothing personal', async () => {
  const loud = await startServer({ env: { LOG_LEVEL: 'trace' } })
  const { identity_secret: secret } = await loud.cli<SiteView>('sites', 'show', 'demo')
  const login = await signLogin(secret, 'crm-secret-7')
  await loud.post('/api/v1/contacts', [{ id: 'crm-secret-7', email: 'jp@example.com', mail_consent: true }])
  const links = { site: 'demo', contacts: ['crm-secret-7'], message: 'letter' }
  const { data } = await loud.post('/api/v1/link-tokens', links)
  const visitor = 'visitor-bbbbbbbbbbbbbbbbb'
  const headers = { 'x-forwarded-for': '203.0.113.77', cookie: `a=cookie-of-somebody; ${loud.cookie(visitor)}` }
  await send(loud, batch([event('page', 0, { email: 'jp@example.com' })], { visitor }), headers)
  await send(loud, batch([event('identify', 0, { kind: 'login', token: login })], { visitor }))
  await send(loud, '{"email": "broken@example.com", ')
  await fetch(`${loud.url}/l/${data[0].token}`, { redirect: 'manual' })
  await fetch(`${loud.url}/api/v1/matches?after=secret-cursor`, { headers: { authorization: 'Bearer ck_stolen' } })
  await loud.api('/api/v1/contacts?q=jp@example.com')
  await loud.api('/api/v1/contacts/crm-secret-7')
  await loud.api(`/api/v1/visitors/${visitor}/timeline`)
  await loud.api('/api/v1/contacts', {
    method: 'POST',
    body: 'row@example.com',
    headers: { 'content-type': 'text/csv' },
  })
  await settled(loud)
  const store = new BetterSqlite3(`${loud.dataDir}/couture.db`)
  store.prepare("update events set props = 'broken@example.com' where type = 'page'").run()
  store.prepare("update events set type = 'add_to_cart' where type = 'page'").run()
  store.close()
  await send(loud, batch([event('page')], { visitor }))
  await until(() => loud.output().stderr.includes('a key failed to derive'), 'the failure to be logged')
  await loud.kill()
  const log = loud.output().stderr
  rmSync(loud.dataDir, { recursive: true, force: true })
  expect(log).toContain('"route":"/v1/events"')
  expect(log).toContain('"route":"/api/v1/contacts/:id"')
  const secrets = ['@example.com', 'crm-secret-7', visitor, 'secret-cursor', 'ck_', login, data[0].token, '203.0.113']
  for (const text of [...secrets, 'cookie-of-somebody', secret]) expect(log).not.toContain(text)
})

test.runIf(process.platform === 'linux')('landing yields the processor to collecting', () => {
  const threads = `/proc/${server.process.pid}/task`
  // The fields after the name in parentheses start with the third of proc(5); the nineteenth is the nice value.
  const yields = readdirSync(threads).map(
    (id) => readFileSync(`${threads}/${id}/stat`, 'utf8').split(') ')[1]!.split(' ')[16],
  )
  expect(yields.filter((each) => each !== '0')).toEqual(['10'])
})

test('the doctor finds nothing wrong with a fresh installation', async () => {
  const findings = await server.cli<Finding[]>('doctor', `${server.url}/tag.js`)
  expect(findings.filter((finding) => finding.state === 'wrong')).toEqual([])
  const said = findings.map((finding) => finding.what).join('\n')
  for (const what of [
    'can be reached',
    'a server is running on this folder and answers',
    'the clock says',
    'have landed',
    'the schema is 0',
    'couture.db ',
    'events are kept for 25 months (demo)',
    'no dead letters',
  ])
    expect(said).toContain(what)
})

test('the doctor reports what is wrong and what to do, and exits with 1', async () => {
  await server.cli('sites', 'create', '--id', 'far', '--origin', 'https://shop.example')
  chmodSync(`${server.dataDir}/secret`, 0o644)
  const dead = await freePort()
  const failure = (await server.cli('doctor', `http://localhost:${dead}/c/tag.js`).catch((error) => error)) as {
    code: number
    stdout: string
  }
  expect(failure.code).toBe(1)
  const wrong = (JSON.parse(failure.stdout) as Finding[]).filter((finding) => finding.state === 'wrong')
  expect(wrong.map((finding) => finding.what)).toEqual([
    expect.stringMatching(/secret can be read by others; run chmod 600/),
    expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
  ])
  const reached = (await server.cli('doctor', server.url).catch((error) => error)) as { stdout: string }
  expect(reached.stdout).toContain('on another domain, where browsers drop its cookie')
})

test('a server that is asked to stop finishes its accepted work and exits with 0', async () => {
  const other = await startServer()
  const port = other.port
  await sendAll(other, 'visitor-ccccccccccccccccc', [event('page')])
  await other.stop({ wipe: false })
  expect(other.process.exitCode).toBe(0)
  const again = await startServer({ port, dataDir: other.dataDir })
  await settled(again)
  expect((await again.get('/api/v1/visitors/visitor-ccccccccccccccccc/timeline')).data).toHaveLength(1)
  await again.stop()
})
