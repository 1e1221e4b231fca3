/**
 * The commands, run next to a running server: their changes take effect at once, and each error is one sentence.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Ran } from '../support/ask.ts'
import { newVisitor, type SiteView } from '../support/requests.ts'
import { batch, event, send } from '../support/sender.ts'
import { couture as runCommand, startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** Runs `couture …` on a data folder and returns its output and exit code, whether or not it succeeds. */
function couture(args: string[], env: Record<string, string> = {}, how = { ownProcess: false }): Promise<Ran> {
  return runCommand(args, { ...process.env, DATA_DIR: server.dataDir, PORT: String(server.port), ...env }, how)
}

/** Expects a readable failure: exit code 1, one sentence on stderr, no stack trace, nothing on stdout. */
function expectSentence(ran: Ran, sentence: RegExp): void {
  expect(ran.stderr.trim().split('\n')).toEqual([expect.stringMatching(sentence)])
  expect(ran.stderr).not.toMatch(/\bat .*:\d+:\d+|Error:/)
  expect(ran.stdout).toBe('')
  expect(ran.code).toBe(1)
}

const page = (site: string, headers: Record<string, string> = {}) =>
  send(server, batch([event('page')], { site, visitor: newVisitor() }), headers)

describe('sites', () => {
  test('a new site has its secrets and every setting, and accepts events at once', async () => {
    const made = await server.cli<SiteView>(
      'sites',
      'create',
      '--id',
      'new-shop',
      '--origin',
      'https://new.example',
      'http://new.example:8080',
    )
    const response = await page('new-shop', { origin: 'https://new.example' })
    expect(response.status).toBe(202)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://new.example')
    expect(made).toEqual({
      id: 'new-shop',
      origins: ['https://new.example', 'http://new.example:8080'],
      write_key: expect.stringMatching(/^\S{20,}$/),
      identity_secret: expect.stringMatching(/^\S{32,}$/),
      link_secret: expect.stringMatching(/^\S{32,}$/),
      settings: {
        consent_source: 'manual',
        consent_map: expect.any(Array),
        trust_unsigned_login: false,
        identity_public_key: '',
        email_click_backstitch: 'session',
        form_email_confirms: false,
        shared_from: 2,
        backstitch_days: 30,
        login_days: 90,
        click_days: 90,
        link_param: '#cl',
        form_selectors: [],
        frames: false,
        redirect_hosts: [],
        kept_query: expect.arrayContaining(['utm_*']),
        cookie_name: 'cv',
        session_minutes: 30,
        cart_idle_minutes: 60,
        currency: '',
        timezone: '',
        cart_url: '',
        retention_months: 25,
        image_hosts: [],
        mail_typed_carts: false,
        attribution_days: 5,
        datalayer: 'off',
      },
    })
    expect(new Set([made.write_key, made.identity_secret, made.link_secret]).size).toBe(3)
    expect(await server.cli('sites', 'show', 'new-shop')).toEqual(made)
    expect(await server.cli<SiteView[]>('sites', 'list')).toContainEqual(made)
  })

  test.each([
    ['session_minutes=45', 'session_minutes', 45],
    ['trust_unsigned_login=true', 'trust_unsigned_login', true],
    ['email_click_backstitch=window', 'email_click_backstitch', 'window'],
    ['link_param=nl', 'link_param', 'nl'],
    ['kept_query=utm_*,page, sort', 'kept_query', ['utm_*', 'page', 'sort']],
    ['redirect_hosts=', 'redirect_hosts', []],
    [
      'form_selectors=#guest, form.news.big,[name=guest]',
      'form_selectors',
      ['#guest', 'form.news.big', '[name=guest]'],
    ],
  ])('set %s', async (assignment, name, value) => {
    const changed = await server.cli<SiteView>('sites', 'set', 'demo', assignment)
    expect(changed.settings[name]).toEqual(value)
    const [row] = await server.query<{ settings: string }>("select settings from sites where id = 'demo'")
    expect(JSON.parse(row!.settings)).toEqual(changed.settings)
  })

  test('one command sets several settings and the origins', async () => {
    await server.cli('sites', 'create', '--id', 'moved', '--origin', 'https://old.example')
    const changed = await server.cli<SiteView>(
      'sites',
      'set',
      'moved',
      'origins=https://a.example,https://b.example',
      'shared_from=3',
    )
    expect(changed).toMatchObject({ origins: ['https://a.example', 'https://b.example'], settings: { shared_from: 3 } })
    await until(
      async () => (await page('moved', { origin: 'https://b.example' })).status === 202,
      'the new origin to take effect',
    )
    expect((await page('moved', { origin: 'https://old.example' })).status).toBe(403)
  })

  test('the human-readable output explains each setting in a sentence', async () => {
    const { code, stdout } = await couture(['sites', 'show', 'demo'])
    expect(code).toBe(0)
    const { settings } = await server.cli<SiteView>('sites', 'show', 'demo')
    for (const name of Object.keys(settings)) expect(stdout).toMatch(new RegExp(`^${name} = .*\\n\\s+\\S.*\\.$`, 'm'))
  })

  test.each<[string, string[], RegExp]>([
    [
      'an id in capitals',
      ['sites', 'create', '--id', 'Shop', '--origin', 'https://a.example'],
      /^--id must be 1 to 40 of.*"Shop"/,
    ],
    [
      'an id of 41 characters',
      ['sites', 'create', '--id', 'a'.repeat(41), '--origin', 'https://a.example'],
      /^--id must be 1 to 40/,
    ],
    [
      'an id that is taken',
      ['sites', 'create', '--id', 'demo', '--origin', 'https://a.example'],
      /there is already a site "demo"/,
    ],
    [
      'an origin with a path',
      ['sites', 'create', '--id', 'a', '--origin', 'https://a.example/shop'],
      /an origin must be scheme and host/,
    ],
    [
      'an origin without a scheme',
      ['sites', 'create', '--id', 'a', '--origin', 'a.example'],
      /an origin must be scheme and host/,
    ],
    ['an unknown site', ['sites', 'show', 'nowhere'], /there is no site "nowhere"/],
    ['a change to an unknown site', ['sites', 'set', 'nowhere', 'shared_from=2'], /there is no site "nowhere"/],
    [
      'an unknown setting',
      ['sites', 'set', 'demo', 'session=5'],
      /unknown setting "session"; the settings are .*session_minutes/,
    ],
    [
      'the name of a property of every object',
      ['sites', 'set', 'demo', 'constructor=5'],
      /unknown setting "constructor"/,
    ],
    ['a setting without a value', ['sites', 'set', 'demo', 'session_minutes'], /must be written NAME=VALUE/],
    [
      'text instead of a number',
      ['sites', 'set', 'demo', 'session_minutes=5m'],
      /^session_minutes must be an integer from 1 to 1440 \(got "5m"\)/,
    ],
    [
      'a number that is too large',
      ['sites', 'set', 'demo', 'session_minutes=1441'],
      /^session_minutes must be an integer from 1 to 1440/,
    ],
    ['a negative number', ['sites', 'set', 'demo', 'shared_from=-1'], /^shared_from must be an integer from 2 to 100/],
    [
      'yes instead of true',
      ['sites', 'set', 'demo', 'trust_unsigned_login=yes'],
      /^trust_unsigned_login must be true or false \(got "yes"\)/,
    ],
    [
      'an unknown choice',
      ['sites', 'set', 'demo', 'email_click_backstitch=all'],
      /^email_click_backstitch must be one of session, window/,
    ],
    ['a cookie name with a space', ['sites', 'set', 'demo', 'cookie_name=a b'], /^cookie_name must be/],
    ["the dashboard's own cookie", ['sites', 'set', 'demo', 'cookie_name=couture_session'], /^cookie_name must be/],
    ['a link parameter that is a path', ['sites', 'set', 'demo', 'link_param=/cl'], /^link_param must be/],
    [
      'a redirect host with a scheme',
      ['sites', 'set', 'demo', 'redirect_hosts=https://a.example'],
      /^redirect_hosts must be/,
    ],
    [
      'a selector for every form',
      ['sites', 'set', 'demo', 'form_selectors=form'],
      /^form_selectors must be selectors such as/,
    ],
    [
      'a form selector with a descendant',
      ['sites', 'set', 'demo', 'form_selectors=main form'],
      /^form_selectors must be/,
    ],
    [
      'a selector with a comma in parentheses',
      ['sites', 'set', 'demo', 'form_selectors=:is(#a,#b)'],
      /^form_selectors must be/,
    ],
    ...['demo', 'https://*', 'https://*.shop.example', 'https://me:pass@shop.example', 'https://shop.example/?'].map(
      (origin): [string, string[], RegExp] => [
        `the origin ${origin}`,
        ['sites', 'set', 'demo', `origins=${origin}`],
        /an origin must be scheme and host/,
      ],
    ),
  ])('%s is refused with one sentence and changes nothing', async (_, args, sentence) => {
    const before = await server.query('select * from sites')
    expectSentence(await couture([...args, '--json']), sentence)
    expect(await server.query('select * from sites')).toEqual(before)
  })
})

describe('keys', () => {
  type Key = { id: string; key: string; scopes: string[] }

  test('a new key works at once, for its scopes only', async () => {
    const made = await server.cli<Key>('keys', 'create', '--scopes', 'matches:read, segments:read')
    const read = (path: string) => fetch(server.url + path, { headers: { authorization: `Bearer ${made.key}` } })
    expect((await read('/api/v1/matches')).status).toBe(200)
    expect((await read('/api/v1/segments')).status).toBe(200)
    expect((await read('/api/v1/contacts/crm-1001')).status).toBe(403)
    expect(made).toEqual({
      id: expect.stringMatching(/./),
      key: expect.stringMatching(/^\S{24,}$/),
      scopes: ['matches:read', 'segments:read'],
    })
  })

  test('a new key can send events at once', async () => {
    const { key } = await server.cli<Key>('keys', 'create', '--scopes', 'events:write')
    expect((await page('demo', { authorization: `Bearer ${key}` })).status).toBe(202)
  })

  test('the list of keys does not reveal the keys themselves', async () => {
    const made = await server.cli<Key>('keys', 'create', '--scopes', 'admin')
    const { stdout } = await couture(['keys', 'list', '--json'])
    const listed = (JSON.parse(stdout) as Partial<Key>[]).find((key) => key.id === made.id)
    expect(listed).toMatchObject({ id: made.id, scopes: ['admin'] })
    expect(stdout).not.toContain(made.key)
    expect(listed).not.toHaveProperty('key')
    expect(listed).not.toHaveProperty('hash')
  })

  test('a deleted key stops working, and the others keep working', async () => {
    const [goes, stays] = [
      await server.cli<Key>('keys', 'create', '--scopes', 'events:write,matches:read'),
      await server.cli<Key>('keys', 'create', '--scopes', 'events:write,matches:read'),
    ]
    const read = ({ key }: Key) =>
      fetch(`${server.url}/api/v1/matches`, { headers: { authorization: `Bearer ${key}` } })
    expect((await read(goes)).status).toBe(200)
    // An id that starts with a dash could not be passed to a command.
    expect(goes.id).toMatch(/^key-/)
    expect(await server.cli('keys', 'delete', goes.id)).toMatchObject({ id: goes.id, deleted: true })
    await until(async () => (await read(goes)).status === 401, 'the key to stop working')
    expect((await page('demo', { authorization: `Bearer ${goes.key}` })).status).toBe(401)
    expect((await read(stays)).status).toBe(200)
    expect((await server.cli<Key[]>('keys', 'list')).map((key) => key.id)).not.toContain(goes.id)
  })

  test.each<[string, string[], RegExp]>([
    [
      'an unknown scope',
      ['keys', 'create', '--scopes', 'matches:read,matches:write'],
      /^--scopes must be from .*events:write.*\(got "matches:write"\)/,
    ],
    ['no scope', ['keys', 'create', '--scopes', ''], /^--scopes must be from/],
    ['an unknown key', ['keys', 'delete', 'nothing'], /there is no key "nothing"/],
  ])('%s is refused with one sentence and changes nothing', async (_, args, sentence) => {
    const before = await server.query('select * from api_keys')
    expectSentence(await couture([...args, '--json']), sentence)
    expect(await server.query('select * from api_keys')).toEqual(before)
  })
})

describe('serve refuses to start with an invalid setting, and says which one and what it must be', () => {
  test.each([
    ['PORT', '80a', /^PORT must be an integer from 1 to 65535 \(got "80a"\)/],
    ['PORT', '0', /^PORT must be an integer from 1 to 65535/],
    ['PORT', '65536', /^PORT must be an integer from 1 to 65535/],
    ['PUBLIC_URL', 'shop.example', /^PUBLIC_URL must be an http or https URL/],
    ['PUBLIC_URL', 'ftp://shop.example', /^PUBLIC_URL must be an http or https URL/],
    ['ADMIN_URL', 'https://shop.example/?a=1', /^ADMIN_URL must be an http or https URL without query/],
    ['JOURNAL_MAX_BYTES', '4GB', /^JOURNAL_MAX_BYTES must be an integer from 1048576 to \d+ \(got "4GB"\)/],
    ['JOURNAL_MAX_AGE_HOURS', '0', /^JOURNAL_MAX_AGE_HOURS must be an integer from 1 to 8760/],
    ['TRUST_PROXY', 'yes', /^TRUST_PROXY must be/],
    ['DEMO', 'yes', /^DEMO must be true or false \(got "yes"\)/],
    ['LOG_LEVEL', 'loud', /^LOG_LEVEL must be one of fatal, error, warn/],
    ['COUTURE_SECRET', 'short', /^COUTURE_SECRET must have at least 16 characters/],
    ['ADMIN_PASSWORD', 'short', /^ADMIN_PASSWORD must have at least 8 characters/],
    ['DATA_DIR', '/dev/null/data', /^DATA_DIR must be a folder that can be written/],
    ['DATABASE_URL', 'mysql://a', /^DATABASE_URL must be a URL such as postgres:/],
    ['DATABASE_URL', 'postgres://a:b@c/d', /^COUTURE_SECRET must be set with DATABASE_URL/],
  ])('%s=%s', async (name, value, sentence) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'couture-test-'))
    try {
      expectSentence(await couture(['serve'], { DATA_DIR: dataDir, [name]: value }), sentence)
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  test('a port that is in use', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'couture-test-'))
    try {
      // The server has started its threads by then and must still exit.
      const ran = await couture(['serve'], { DATA_DIR: dataDir }, { ownProcess: true })
      expectSentence(ran, new RegExp(`^PORT ${server.port} is in use`))
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})

test.each([
  '--help',
  'serve --help',
  'sites create --help',
  'keys --help',
  'tokens mint --help',
  'tokens revoke --help',
  'rebuild --help',
  'backup --help',
  'restore --help',
  'dead-letters --help',
  'dead-letters show --help',
  'dead-letters replay --help',
  'dead-letters drop --help',
  'doctor --help',
])('couture %s prints its usage', async (line) => {
  const { code, stdout } = await couture(line.split(' '))
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Usage: couture/)
})

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(await couture(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})
