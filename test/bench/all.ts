/**
 * All benchmarks in one table, in about two minutes: `collect` and `project` on SQLite, then `project` on a PostgreSQL
 * of its own with production flushing. Each runs in its own process, so that none warms up or fills up another.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startCluster } from '../support/postgres.ts'

const runner = fileURLToPath(new URL('./run.mjs', import.meta.url))

/** Runs them. With `long` each takes as long as when run alone. */
export async function bench({ long }: { long: boolean }): Promise<Record<string, unknown>> {
  const collect = await run('collect', long)
  const sqlite = await run('project', long)
  const cluster = await startCluster({ safe: true })
  try {
    const postgres = await run('project', long, { DATABASE_URL: cluster.url })
    return { ...collect, ...named('sqlite', sqlite), ...named('postgres', postgres) }
  } finally {
    await cluster.stop()
  }
}

function named(engine: string, line: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(line).map(([name, value]) => [`${engine} ${name}`, value]))
}

async function run(name: string, long: boolean, env: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const args = [runner, name, '--json', ...(long ? [] : ['--brief'])]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`the benchmark ${name} ended with ${code}`)
  return JSON.parse(output.trim().split('\n').at(-1)!) as Record<string, unknown>
}
