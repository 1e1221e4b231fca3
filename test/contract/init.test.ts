/**
 * `couture init` on a fresh folder: it asks at a terminal for what was not given, refuses to guess for programs, and what
 * it prints is enough to run the shop's first site.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../support/process.ts'
import { couture, startServer } from '../support/server.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'couture-init-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const env = (name: string) => ({ ...process.env, DATA_DIR: join(folder, name), DATABASE_URL: '', COUTURE_SECRET: '' })

/** Runs a command in a terminal, types an answer after each question, and returns what was shown. */
function atTerminal(
  command: string,
  dataDir: string,
  answers: string[],
): Promise<{ code: number | null; shown: string }> {
  const line = `${process.execPath} server/couture.mjs ${command}`
  const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: ROOT, env: env(dataDir) })
  let shown = ''
  let asked = 0
  child.stdout.on('data', (piece: Buffer) => {
    // Without the movements of the cursor.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's own
    shown += piece.toString().replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, '')
    const questions = shown.split(': ').length - 1
    if (!shown.endsWith(': ') || questions <= asked) return
    asked = questions
    child.stdin.write(`${answers.shift()}\n`)
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, shown })))
}

test('at a terminal it asks for each thing, again where the answer is wrong, and proposes the zone of the machine', async () => {
  const answers = ['My Shop!', 'shop', 'shop.example', 'https://shop.example', 'euros', 'eur', '']
  const { code, shown } = await atTerminal('init', 'asked', answers)
  expect(shown).toMatch(/must be 1 to 40 of a-z 0-9 _ -/)
  expect(shown).toMatch(/an origin must be scheme and host/)
  expect(shown).toMatch(/currency must be an ISO 4217 code/)
  expect(shown).toContain('tag.js?site=shop')
  expect(shown).toContain('PUBLIC_URL=https://shop.example/c')
  expect(shown).toContain('proxy_pass http://127.0.0.1:3000/')
  expect(code).toBe(0)
  const { stdout } = await couture(['sites', 'show', 'shop', '--json'], env('asked'))
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  expect(JSON.parse(stdout)).toMatchObject({
    origins: ['https://shop.example'],
    settings: { currency: 'EUR', timezone: zone },
  })
})

test('a program that leaves something out is told what, and nothing is made', async () => {
  const { code, stderr } = await couture(['init', '--origin', 'https://shop.example'], env('refused'))
  expect(code).toBe(1)
  expect(stderr.trim()).toBe('--id must be given')
  expect(existsSync(join(folder, 'refused', 'couture.db'))).toBe(false)
})

test.each([
  ['--id', 'My Shop', /^--id must be 1 to 40/],
  ['--origin', 'shop.example', /an origin must be scheme and host/],
  ['--currency', 'euros', /currency must be an ISO 4217 code/],
  ['--timezone', 'Paris', /timezone must be/],
])('%s %s is refused with one sentence', async (option, value, sentence) => {
  const right = {
    '--id': 'shop',
    '--origin': 'https://shop.example',
    '--currency': 'EUR',
    '--timezone': 'Europe/Paris',
  }
  const args = Object.entries({ ...right, [option]: value }).flat()
  const { code, stderr } = await couture(['init', ...args], env('refused'))
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(stderr).toMatch(sentence)
})

test('a server on the folder has the site, and the password that was printed signs in', async () => {
  const args = ['--id', 'shop', '--origin', 'https://shop.example', '--currency', 'EUR', '--timezone', 'Europe/Paris']
  const { stdout, code } = await couture(['init', ...args, '--json'], { ...env('given'), ADMIN_PASSWORD: '' })
  expect(code).toBe(0)
  const made = JSON.parse(stdout)
  expect(made).toMatchObject({ id: 'shop', settings: { currency: 'EUR', timezone: 'Europe/Paris' } })
  const server = await startServer({
    dataDir: join(folder, 'given'),
    fromSources: true,
    env: { DATABASE_URL: '', COUTURE_SECRET: '', ADMIN_PASSWORD: '' },
  })
  try {
    const answer = await fetch(`${server.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ name: made.owner.name, password: made.owner.password }),
    })
    expect(answer.status).toBeLessThan(300)
    expect((await fetch(`${server.url}/tag.js?site=shop`)).status).toBe(200)
  } finally {
    await server.stop()
  }
})

test.each(['init', 'sites create'])('%s stores an origin as browsers send it', async (command) => {
  const name = command === 'init' ? 'slash' : 'asked'
  const args = ['--id', 'outlet', '--origin', 'https://Outlet.example/', '--currency', 'eur', '--timezone', 'UTC']
  const { stdout } = await couture([...command.split(' '), ...args, '--json'], env(name))
  expect(JSON.parse(stdout)).toMatchObject({ origins: ['https://outlet.example'], settings: { currency: 'EUR' } })
})
