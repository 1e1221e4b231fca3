/**
 * The files below `deploy/` and the operator's page. The image's content is started, the proxies run in front of a real
 * collector, and the remaining files are checked by their tools if the machine has them.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { DCLinter } from 'dclint'
import { validate } from 'dockerfile-utils'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findBrowser, INSTALL_MS, newVisitor, openBrowser } from './support/browser.ts'
import { batch, event } from './support/sender.ts'
import { freePort, startServer, type TestServer, until } from './support/server.ts'

const root = new URL('../', import.meta.url).pathname
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8')
const settings = new Set(
  [...read('server/ops/config.ts').matchAll(/(?:env\.|env, ')([A-Z_]{4,})/g)].map(([, name]) => name!),
)
const has = (tool: string, ...args: string[]) => spawnSync(tool, args, { stdio: 'ignore' }).error === undefined
const folder = mkdtempSync(join(tmpdir(), 'couture-deploy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the documentation matches the code', () => {
  test('the page of settings contains exactly the settings of the environment', () => {
    const named = [...read('docs/settings.md').matchAll(/^\| `([A-Z_]+)` /gm)].map(([, name]) => name)
    expect(new Set(named)).toEqual(settings)
    expect(named).toHaveLength(settings.size)
  })

  test.each([
    ['deploy/Dockerfile', /^ENV (.*)$/gm],
    ['deploy/compose.yaml', /^x-collector:[\s\S]*? {2}environment:\n((?: {4}.*\n)+)/gm],
    ['deploy/couture.service', /^(?:Environment=|# {3}install .* and in it )(.*)$/gm],
    ['deploy/nginx.conf', /^# Couture runs with (.*)$/gm],
    ['deploy/Caddyfile', /^# Couture runs with (.*)$/gm],
  ])('%s sets only settings that the product reads', (path, part) => {
    const text = [...read(path).matchAll(part)].map(([, found]) => found).join('\n')
    const set = [...text.matchAll(/\b([A-Z_]+)(?:=|: )/g)].map(([, name]) => name).filter((name) => name !== 'PATH')
    expect(set.length).toBeGreaterThan(0)
    expect([...settings]).toEqual(expect.arrayContaining(set))
  })

  test('every command is documented', () => {
    const help = execFileSync(process.execPath, ['server/couture.mjs', '--help'], { cwd: root, encoding: 'utf8' })
    const commands = [...help.matchAll(/^ {2}([a-z-]+) .*/gm)].map(([, name]) => name).filter((name) => name !== 'help')
    expect(commands.length).toBeGreaterThan(5)
    const text = ['README.md', 'CONTRIBUTING.md', 'docs/operating.md', 'docs/files.md'].map(read).join('')
    expect(
      commands.filter((name) => !new RegExp(`couture ${name}\\b|npm (start|run ${name})\\b.*`).test(text)),
    ).toEqual([])
  })
})

describe('the container', () => {
  const dockerfile = read('deploy/Dockerfile')

  test('the image’s content is enough to serve, to pass its health check, and to stop on its signal', async () => {
    const app = join(folder, 'app')
    const final = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
    for (const [, from, to] of final.matchAll(/^COPY (?!--from)(.+) (\S+)$/gm)) {
      for (const path of from!.split(' ')) {
        const target = join(app, to!.endsWith('/') ? join(to!, path) : to!)
        cpSync(join(root, path), target, { recursive: true })
      }
    }
    symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'))
    const env = {
      PATH: `${app}/node_modules/.bin:${process.env.PATH}`,
      HOST: '0.0.0.0',
      PORT: String(await freePort()),
      DATA_DIR: join(folder, 'data'),
      LOG_LEVEL: 'warn',
    }
    const [command, ...args] = JSON.parse(/^CMD (.*)$/m.exec(final)![1]!) as string[]
    const server = spawn(command!, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    server.stdout.on('data', (data) => (stdout += data))
    server.stderr.on('data', (data) => (stderr += data))
    const ended = new Promise((resolve) => server.once('exit', resolve))
    const [probe, ...probeArgs] = JSON.parse(/HEALTHCHECK [\s\S]*?CMD (.*)$/m.exec(final)![1]!) as string[]
    const health = () => spawnSync(probe!, probeArgs, { cwd: app, env }).status
    expect(health()).toBe(1)
    try {
      await until(() => stdout.includes('couture.q') || server.exitCode !== null, 'the start')
      expect(stderr).toBe('')
      expect(health()).toBe(0)
    } finally {
      server.kill(/^STOPSIGNAL (\w+)$/m.exec(final)![1] as NodeJS.Signals)
    }
    expect(await ended).toBe(0)
  })

  test('a linter finds nothing in the Dockerfile, but finds a planted mistake', () => {
    const faults = (text: string) => validate(text).map(({ message }) => message)
    expect(faults(dockerfile)).toEqual([])
    expect(faults(dockerfile.replace('\nWORKDIR', '\nWORKDIRR'))).toEqual(['Unknown instruction: WORKDIRR'])
    expect(faults(dockerfile.replace('--from=packages', '--form=packages'))).not.toEqual([])
  })

  test('a linter finds no error in the compose file, but finds a planted one', () => {
    const lint = (text: string) => {
      const file = join(folder, 'compose.yaml')
      writeFileSync(file, text)
      const [found] = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] }).lintFiles([file], false)
      const messages: { type: string; rule: string }[] = found?.messages ?? []
      return messages.filter(({ type }) => type === 'error').map(({ rule }) => rule)
    }
    const text = read('deploy/compose.yaml')
    expect(lint(text)).toEqual([])
    expect(lint(text.replace('stop_grace_period: 30s', 'stop_grace: 30s'))).toContain('invalid-schema')
    expect(lint(text.replace('127.0.0.1:3002', '127.0.0.1:3001'))).toContain('no-duplicate-exported-ports')
  })

  const compose = [['docker', 'compose'], ['docker-compose']].find(
    ([tool, ...args]) => spawnSync(tool!, [...args, 'version']).status === 0,
  )
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    PUBLIC_URL: 'https://shop.example/c',
    ADMIN_URL: 'https://couture.example',
    COUTURE_SECRET: 'a secret for tests',
    ADMIN_PASSWORD: 'a password',
    POSTGRES_PASSWORD: 'letters',
  }
  const config = (given: Record<string, string | undefined>) => {
    const [tool, ...args] = compose!
    const options = { cwd: root, env: given, encoding: 'utf8' as const }
    return spawnSync(tool!, [...args, '-f', 'deploy/compose.yaml', 'config'], options)
  }

  test.skipIf(!compose)('compose accepts its file (skipped without docker compose)', () => {
    const { status, stdout, stderr } = config(env)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    // Each collector has its own volume, and all share one secret and one database.
    expect([...stdout.matchAll(/collector-\d:\/data/g)].map(([volume]) => volume)).toEqual([
      'collector-1:/data',
      'collector-2:/data',
    ])
    expect(stdout.match(/COUTURE_SECRET: a secret of the tests/g)).toHaveLength(2)
  })

  test.skipIf(!compose).each(['PUBLIC_URL', 'ADMIN_URL', 'COUTURE_SECRET', 'ADMIN_PASSWORD', 'POSTGRES_PASSWORD'])(
    'compose does not start without %s',
    (name) => expect(config({ ...env, [name]: undefined }).status).not.toBe(0),
  )
})

test.skipIf(!has('systemd-analyze', '--version'))('systemd accepts the unit (skipped without systemd-analyze)', () => {
  const unit = join(folder, 'couture.service')
  writeFileSync(unit, read('deploy/couture.service').replaceAll('/opt/couture/', root))
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
  expect(stdout + stderr).toBe('')
  expect(status).toBe(0)
})

describe('a proxy on the path of the shop', () => {
  let couture: TestServer
  let shopPort: number
  const page = `<!doctype html><title>Shop</title><script async src="/c/tag.js?site=demo"></script>
    <script>if(typeof couture!='function')window.couture=function(){(couture.q=couture.q||[]).push(arguments)}</script>
    <script>couture('consent', { analytics: true, identity: true, marketing: false })</script>`
  const shop = createServer((_, response) => response.setHeader('content-type', 'text/html').end(page))
  beforeAll(async () => {
    const env = { PUBLIC_URL: 'http://shop.example/c', ADMIN_URL: 'http://couture.example', TRUST_PROXY: '1' }
    couture = await startServer({ env })
    await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
    shopPort = (shop.address() as { port: number }).port
  })
  afterAll(async () => {
    shop.close()
    await couture?.stop()
  })

  /**
   * Changes the configuration to local ports without TLS, because this machine has no certificate for the shop's name.
   */
  const local = (text: string) =>
    text.replaceAll('127.0.0.1:3000', `127.0.0.1:${couture.port}`).replaceAll('127.0.0.1:8080', `127.0.0.1:${shopPort}`)
  const PROXIES = {
    nginx(port: number) {
      const file = join(folder, 'nginx.conf')
      const own = local(read('deploy/nginx.conf'))
        .replace(/^ *(listen \[::\]|ssl_).*\n/gm, '')
        .replaceAll('listen 443 ssl', `listen 127.0.0.1:${port}`)
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder}/${of};`)
      const main = `daemon off; pid ${folder}/nginx.pid; error_log stderr warn; events {}`
      writeFileSync(file, `${main}\nhttp { access_log off; ${paths.join(' ')}\n${own}}`)
      return spawn('nginx', ['-e', 'stderr', '-c', file])
    },
    caddy(port: number) {
      const file = join(folder, 'Caddyfile')
      const own = local(read('deploy/Caddyfile')).replaceAll(/^(\w+\.example) \{/gm, `http://$1:${port} {`)
      writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}\n${own}`)
      const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
      return spawn('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], { env })
    },
  }

  describe.each(['nginx', 'caddy'] as const)('%s (skipped if not installed)', (name) => {
    describe.skipIf(!has(name, name === 'nginx' ? '-v' : 'version'))('', () => {
      let proxy: ChildProcess
      let port: number
      beforeAll(async () => {
        await findBrowser()
        port = await freePort()
        proxy = PROXIES[name](port)
        let said = ''
        proxy.stderr!.on('data', (data) => (said += data))
        await until(async () => {
          if (proxy.exitCode !== null) throw new Error(`${name} did not start: ${said}`)
          return (await call('shop.example', '/').catch(() => null)) !== null
        }, name)
      }, INSTALL_MS)
      afterAll(async () => {
        const ended = new Promise((resolve) => proxy?.once('exit', resolve))
        proxy?.kill('SIGTERM')
        await ended
      })

      type Call = { from?: string; headers?: Record<string, string>; body?: string }
      const call = (host: string, path: string, { from = '127.0.0.1', headers = {}, body }: Call = {}) =>
        new Promise<number>((resolve, reject) => {
          const to = { host: '127.0.0.1', port, path, localAddress: from, headers: { host, ...headers } }
          const sent = request({ ...to, method: body === undefined ? 'GET' : 'POST' }, (response) => {
            response.resume().on('end', () => resolve(response.statusCode!))
          })
          sent.on('error', reject).end(body)
        })

      test.each([
        ['the tag', 'shop.example', '/c/tag.js?site=demo', 200],
        ['the health check', 'shop.example', '/c/healthz', 200],
        ['a forged newsletter link', 'shop.example', '/c/l/c1.no.no.no', 400],
        ['the settings of an SDK without a key', 'shop.example', '/c/sourceConfig/?p=npm', 401],
        ['the shop itself', 'shop.example', '/dashboard/', 200],
        ['the dashboard', 'couture.example', '/dashboard/', 200],
        ['the API without a key', 'couture.example', '/api/v1/matches', 401],
        ['the dashboard under the shop', 'shop.example', '/c/dashboard/', 404],
        ['the API under the shop', 'shop.example', '/c/api/v1/matches', 404],
        ['its description under the shop', 'shop.example', '/c/openapi.json', 404],
        ['the demo under the shop', 'shop.example', '/c/demo', 404],
        ['metrics under the shop', 'shop.example', '/c/metrics', 404],
        ['the API through a path with ..', 'shop.example', '/c/v1/../api/v1/matches', 404],
        ['the API through a path with encoded ..', 'shop.example', '/c/v1/%2e%2e/api/v1/matches', 404],
      ])('%s: %s%s answers %i', async (_, host, path, status) => {
        expect(await call(host, path)).toBe(status)
      })

      test('a client that claims to be this machine gets no access to the API', async () => {
        for (const host of ['localhost', '127.0.0.1', `localhost:${couture.port}`]) {
          expect(await call(host, '/c/v1/../api/v1/matches')).not.toBe(401)
          expect(await call(host, '/c/api/v1/matches')).not.toBe(401)
        }
      })

      test('the address is the client’s whatever its headers claim, and is stored truncated', async () => {
        const body = JSON.stringify(batch([event(`view-${name}`)], { candidate: 'candidate-behind-a-proxy' }))
        const headers = {
          'content-type': 'text/plain',
          'x-forwarded-for': '203.0.113.9',
          'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0',
        }
        expect(await call('shop.example', '/c/v1/events', { from: '127.9.8.7', headers, body })).toBe(202)
        const journal = new BetterSqlite3(join(couture.dataDir, 'journal.db'), { readonly: true })
        const bodies = journal.prepare('select body from entries order by id').pluck().all() as string[]
        journal.close()
        const entries = bodies.flatMap((each) => JSON.parse(each) as { events: { type: string }[]; ip: string }[])
        expect(entries.filter(({ events }) => events[0]?.type === `view-${name}`)).toMatchObject([{ ip: '127.9.8.0' }])
      })

      test('a page of the shop loads the tag, which sends to the path it was loaded from', async () => {
        const browser = await openBrowser(`--host-resolver-rules=MAP shop.example:80 127.0.0.1:${port}`)
        try {
          const visitor = await (await newVisitor(browser)).newPage()
          const sent = visitor.waitForResponse((response) => response.request().method() === 'POST')
          await visitor.goto('http://shop.example/')
          const response = await sent
          expect([response.url(), response.status()]).toEqual(['http://shop.example/c/v1/events', 202])
        } finally {
          await browser.close()
        }
      })
    })
  })
})
