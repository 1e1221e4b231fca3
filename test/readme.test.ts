/** Runs the README's commands and calls verbatim, because newcomers copy them. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from './support/server.ts'

const root = new URL('../', import.meta.url).pathname
const readme = readFileSync(`${root}README.md`, 'utf8')
const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!)

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

/** Runs a block in bash, with the packages' commands first in the path, as npm does. */
async function bash(block: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', block], {
    cwd: root,
    env: { ...process.env, DATA_DIR: server.dataDir, PATH: `${root}node_modules/.bin:${process.env.PATH}`, ...env },
  })
  return stdout
}

test('the commands set up a site and make a key, and the calls after them succeed', async () => {
  const [commands, calls] = blocks
  const made = await bash(commands!)
  expect(made).toContain('tag.js?site=shop')
  const key = /^ck_\S+$/m.exec(made)![0]
  const answers = (await bash(calls!.replaceAll(/^curl -s/gm, 'echo; curl -s'), { COUTURE: server.url, KEY: key }))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  expect(answers).toMatchObject([
    { created: 1, updated: 0, unchanged: 0, rejected: [] },
    {
      data: [{ contact: 'crm-7', url: expect.stringContaining('https://shop.example/bracelet#cl=c1.letter-1.') }],
      rejected: [],
    },
    { data: [], has_more: false },
    { data: [], has_more: false },
  ])
})
