/** What an operator sees: whether it lives and is ready, its figures, its log, and what the doctor says. */
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Finding } from '../../server/ops/doctor.ts'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { LOG_LEVEL: 'info' } })
})
afterAll(() => server?.kill())

test('a server that takes events says that it lives and is ready', async () => {
  expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ ok: true })
  expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({ ready: true })
})

test('the figures count what was taken and what was refused, and name no visitor', async () => {
  await sendAll(server, 'visitor-aaaaaaaaaaaaaaaaa', [event('page'), event('page')])
  await send(server, batch([{ id: 'x' }], { visitor: 'visitor-aaaaaaaaaaaaaaaaa' }))
  await settled(server)
  const text = await (await fetch(`${server.url}/metrics`)).text()
  expect(text).toMatch(/^couture_events_total\{outcome="accepted"\} 2$/m)
  expect(text).toMatch(/^couture_events_total\{outcome="invalid_event"\} 1$/m)
  expect(text).toMatch(/^couture_landing_lag_seconds \d/m)
  expect(text).toMatch(/^couture_journal_backlog_bytes \d+$/m)
  expect(text).not.toContain('visitor-')
})

test('the log holds no address, no visitor and no query string', async () => {
  await send(server, batch([event('page', 0, { email: 'jp@example.com' })], { visitor: 'visitor-bbbbbbbbbbbbbbbbb' }))
  await fetch(`${server.url}/api/v1/matches?after=secret-cursor`)
  await settled(server)
  const { stderr, stdout } = server.output()
  for (const text of ['jp@example.com', 'visitor-bbbb', 'secret-cursor']) expect(stderr + stdout).not.toContain(text)
})

test.runIf(process.platform === 'linux')('landing leaves the processor to collecting', () => {
  const threads = `/proc/${server.process.pid}/task`
  // The words after the name in brackets begin with the third of proc(5); the nineteenth is how far a thread yields.
  const yields = readdirSync(threads).map(
    (id) => readFileSync(`${threads}/${id}/stat`, 'utf8').split(') ')[1]!.split(' ')[16],
  )
  expect(yields.filter((each) => each !== '0')).toEqual(['10'])
})

test('the doctor finds nothing wrong with a fresh installation', async () => {
  const findings = await server.cli<Finding[]>('doctor', `${server.url}/tag.js`)
  expect(findings.filter((finding) => finding.state === 'wrong')).toEqual([])
  expect(findings.map((finding) => finding.what).join('\n')).toContain('is reached')
})

test('the doctor says what is wrong and what to do, and ends with 1', async () => {
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
    expect.stringMatching(/secret can be read by others; chmod 600/),
    expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
  ])
  const reached = (await server.cli('doctor', server.url).catch((error) => error)) as { stdout: string }
  expect(reached.stdout).toContain('on another domain, where browsers drop its cookie')
})

test('a server that is told to stop finishes what it took and ends with 0', async () => {
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
