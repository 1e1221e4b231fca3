/**
 * The bot filter against labelled lists of user agents, through the public endpoint: how many bots it catches, and how
 * many people it keeps. The lists are not part of the project; without them next to it the tests are skipped.
 */
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { batch, event, send } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const folder = new URL('../../../shared/data/useragents/', import.meta.url)
const absent = !existsSync(folder)
const why = absent ? ' (skipped: the lists are not next to the project)' : ''

let server: TestServer
beforeAll(async () => {
  if (!absent) server = await startServer()
})
afterAll(() => server?.stop())

/** The entries of a YAML list that contains only headings and items. */
function yamlItems(file: string): string[] {
  return readFileSync(new URL(file, folder), 'utf8')
    .split('\n')
    .flatMap((line) => /^\s+- (.*)$/.exec(line)?.[1] ?? [])
    .map((item) => item.replace(/^(["'])(.*)\1$/, '$2'))
}

function crawlerInstances(): string[] {
  const entries = JSON.parse(readFileSync(new URL('crawler-user-agents.json', folder), 'utf8')) as {
    instances?: string[]
  }[]
  return entries.flatMap((entry) => entry.instances ?? [])
}

/** How many of these agents' events are accepted. */
async function taken(agents: string[]): Promise<{ taken: string[]; dropped: string[] }> {
  const result = { taken: [] as string[], dropped: [] as string[] }
  const queue = agents.filter((agent) => agent.trim() !== '')
  const sender = async (number: number) => {
    for (let agent = queue.pop(); agent !== undefined; agent = queue.pop()) {
      // A header is bytes; characters outside Latin-1 are sent as UTF-8 bytes, as in browsers.
      const header = Buffer.from(agent, 'utf8').toString('latin1')
      const response = await send(server, batch([event('page')], { visitor: `agent-${number}-aaaaaaaaaaaaaaaa` }), {
        'user-agent': header,
      })
      const reply = (await response.json()) as { accepted: number }
      result[reply.accepted === 1 ? 'taken' : 'dropped'].push(agent)
    }
  }
  await Promise.all(Array.from({ length: 16 }, (_, i) => sender(i)))
  return result
}

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`

describe.skipIf(absent)(`the bot filter${why}`, () => {
  test.each([
    ['crawlers of one list', () => crawlerInstances(), 0.98],
    ['crawlers of another', () => yamlItems('isbot_crawlers.yml'), 0.98],
  ] as const)('catches %s', async (name, agents, least) => {
    const all = agents()
    const { dropped, taken: missed } = await taken(all)
    console.log(
      `${name}: ${percent(dropped.length, all.length)} of ${all.length} bots caught; missed e.g. ${missed.slice(0, 2).join(' | ')}`,
    )
    expect(all.length).toBeGreaterThan(500)
    expect(dropped.length / all.length).toBeGreaterThan(least)
  })

  test('keeps the user agents of people', async () => {
    const all = yamlItems('isbot_browsers.yml')
    const { taken: kept, dropped } = await taken(all)
    console.log(
      `${percent(kept.length, all.length)} of ${all.length} people kept; lost e.g. ${dropped.slice(0, 2).join(' | ')}`,
    )
    expect(all.length).toBeGreaterThan(500)
    expect(kept.length / all.length).toBeGreaterThan(0.99)
  })
})
