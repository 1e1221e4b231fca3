/** Runs the calls of docs/api.md against a real server, in the order of the page, because people copy them. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settled } from './support/sender.ts'
import { startServer, type TestServer } from './support/server.ts'

const page = readFileSync(new URL('../docs/api.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/## (.*)\n[^#]*?```sh\n([\s\S]*?)```/g)].map(([, title, block]) => ({
  title: title!,
  block: block!,
}))

/** The beginning of each call. */
const CALL = /^(TYPE=\S+ )?(call [/']|curl )/gm

let server: TestServer
let env: Record<string, string>
beforeAll(async () => {
  server = await startServer()
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'admin,events:write')
  env = { COUTURE: server.url, KEY: key }
})
afterAll(() => server?.stop())

test('every call of the page succeeds', async () => {
  expect(blocks.length).toBeGreaterThan(5)
  const helper = /^call\(\) .*$/m.exec(page)![0]
  for (const { title, block } of blocks) {
    // Each call on a line of its own says what it answers. A refusal ends the script with its status.
    const script = `${helper}\n${block.replaceAll(CALL, 'echo; $&')}`
    const run = promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { env: { ...process.env, ...env } })
    const { stdout } = await run.catch((error) => {
      throw new Error(`${title}: ${error.stdout}\n${error.stderr}`)
    })
    const calls = block.match(CALL)!.length
    const answers = stdout.split('\n').filter((line) => line.startsWith('{') || line.startsWith('['))
    expect(answers.length, title).toBeGreaterThanOrEqual(calls - 1)
    for (const answer of answers) expect(JSON.parse(answer), title).not.toMatchObject({ rejected: [expect.anything()] })
    await settled(server)
  }
})
