/** Runs the snippets and test vectors of docs/identity.md verbatim, because shops copy them. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMint } from '../server/actions/link-tokens.ts'
import { readToken } from '../server/domain/token.ts'
import { linkMac } from '../server/ops/keyring.ts'
import { readLink } from '../server/ops/link-reader.ts'
import { newVisitor, type SiteView } from './support/requests.ts'
import { event, sendAll, settled } from './support/sender.ts'
import { startServer, type TestServer, until } from './support/server.ts'

const text = readFileSync(new URL('../docs/identity.md', import.meta.url), 'utf8')
const SECRET = 'a-secret-for-tests'

/** The first code block of a language that contains a name. */
function block(language: string, name: string): string {
  const blocks = [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code]) => code!)
  return blocks.find((code) => code.includes(name))!
}

type Vector = { contact: string; message: string; issued: number; target: string | null; token: string }
const VECTORS = [...text.matchAll(/^\| `(.+?)` +\| `(.+?)` +\| (\d+) +\| (?:`(.+?)`)? *\| `(c1\..+?)` +\|$/gm)].map(
  ([, contact, message, issued, target, token]): Vector => {
    return { contact: contact!, message: message!, issued: Number(issued), target: target ?? null, token: token! }
  },
)

/** Calls a function of a snippet with JSON arguments in a separate process. */
type Call = (code: string, name: string, args: unknown[]) => string

let folder: string
const inNode: Call = (code, name, args) => {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, `${code}\nconsole.log(${name}(...JSON.parse(process.argv[2])))\n`)
  return execFileSync(process.execPath, [file, JSON.stringify(args)], { encoding: 'utf8' }).trim()
}
const inPython: Call = (code, name, args) => {
  const file = join(folder, `${name}.py`)
  writeFileSync(
    file,
    `${code}\nimport sys\nprint(${name}(*json_loads(sys.argv[1])))\n`.replace('json_loads', '__import__("json").loads'),
  )
  return execFileSync('python3', [file, JSON.stringify(args)], { encoding: 'utf8' }).trim()
}
const inPhp: Call = (code, name, args) => {
  const file = join(folder, `${name}.php`)
  writeFileSync(file, `${code}\necho ${name}(...json_decode($argv[1]));\n`)
  return execFileSync('php', [file, JSON.stringify(args)], { encoding: 'utf8' }).trim()
}
const inRuby: Call = (code, name, args) => {
  const file = join(folder, `${name}.rb`)
  writeFileSync(file, `${code}\nrequire 'json'\nputs ${name}(*JSON.parse(ARGV[0]))\n`)
  return execFileSync('ruby', ['-w', file, JSON.stringify(args)], { encoding: 'utf8' }).trim()
}

/** Why the snippets of a language cannot be run here; null if they can. */
function missing(command: string): string | null {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return null
  } catch {
    return `there is no ${command} on this machine`
  }
}
const LANGUAGES: [string, string, string, string, Call, string | null][] = [
  ['Node', 'js', 'loginToken', 'linkToken', inNode, null],
  ['Python', 'python', 'login_token', 'link_token', inPython, missing('python3')],
  ['PHP', 'php', 'login_token', 'link_token', inPhp, missing('php')],
  ['Ruby', 'ruby', 'login_token', 'link_token', inRuby, missing('ruby')],
]

let server: TestServer
let site: SiteView
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'couture-docs-'))
  server = await startServer()
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  await server.post('/api/v1/contacts', [{ id: 'crm-7' }])
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server?.stop()
})

const linksOf = async (visitor: string) => (await server.get(`/api/v1/visitors/${visitor}`)).links

describe.each(LANGUAGES)('in %s', (_, language, login, link, call, reason) => {
  test('a login signed by the snippet is verified, and each one is unique', async ({ skip }) => {
    if (reason !== null) skip(reason)
    const sign = () => call(block(language, login), login, [site.identity_secret, 'demo', 'crm-7'])
    const token = sign()
    expect(sign()).not.toBe(token)
    const visitor = newVisitor()
    await sendAll(server, visitor, [event('identify', 0, { kind: 'login', token })])
    await settled(server)
    expect(await linksOf(visitor)).toMatchObject([{ contact: 'crm-7', strength: 'verified', state: 'open' }])
  })

  test('the snippet makes the link tokens of the test vectors', ({ skip }) => {
    if (reason !== null) skip(reason)
    const made = VECTORS.map(({ contact, message, issued, target }) =>
      call(block(language, link), link, [SECRET, contact, message, issued, target]),
    )
    expect(made).toEqual(VECTORS.map((vector) => vector.token))
  })
})

test('a login signed with a key pair that was made and configured as documented is verified', async () => {
  const path = `${new URL('../', import.meta.url).pathname}node_modules/.bin:${process.env.PATH}`
  const env = { ...process.env, ...server.storeEnv, DATA_DIR: server.dataDir, PATH: path }
  const commands = block('sh', 'openssl').replaceAll(
    'npx couture',
    `node ${new URL('../server/couture.mjs', import.meta.url).pathname}`,
  )
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands], { cwd: folder, env })
  const privatePem = readFileSync(join(folder, 'login-key.pem'), 'utf8')
  const sign = () => inNode(block('js', 'keyLoginToken'), 'keyLoginToken', [privatePem, 'demo', 'crm-7'])
  const visitor = newVisitor()
  await until(async () => {
    const events = [event('identify', 0, { kind: 'login', token: sign() })]
    return sendAll(server, visitor, events).then(
      () => true,
      () => false,
    )
  }, 'the collector to load the key')
  await settled(server)
  expect(await linksOf(visitor)).toMatchObject([{ contact: 'crm-7', strength: 'verified' }])
})

test('the test vectors are parsed as documented, and those with a page are minted identically', () => {
  expect(VECTORS.length).toBeGreaterThanOrEqual(3)
  const mint = createMint('https://shop.example/c')
  for (const { contact, message, issued, target, token } of VECTORS) {
    expect(readLink(SECRET, token)).toEqual({
      message,
      contact: linkMac(SECRET, `contact:${contact}`),
      issuedAt: issued * 1000,
      target,
    })
    expect(readToken(linkMac, 'another secret', (each) => each, token)).toBeNull()
    if (target === null) continue
    const shop = { ...site, link_secret: SECRET, settings: { link_param: '#cl' } } as never
    expect(mint(shop, { message, contactId: contact, issuedAt: issued * 1000, target }).token).toBe(token)
  }
})

test('the documented server-side login succeeds', async () => {
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'identify:write')
  const visitor = newVisitor()
  await sendAll(server, visitor, [event('page')])
  await settled(server)
  const env = { ...process.env, COUTURE: server.url, KEY: key, VISITOR: visitor, CONTACT: 'crm-7' }
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', block('sh', 'identify')], { env })
  expect(JSON.parse(stdout)).toMatchObject({ visitor })
  await settled(server)
  expect(await linksOf(visitor)).toMatchObject([{ contact: 'crm-7', strength: 'verified' }])
})
