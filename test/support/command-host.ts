/**
 * Started by `command-hosts.ts`: runs the commands that it is sent, one after the other, and returns what they printed.
 */
import type { CommandLine, Ran } from './ask.ts'
import { setClock } from './shifted-clock.ts'

const { run } = await import('../../server/cli/program.ts')

let printed = { stdout: '', stderr: '' }
for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    printed[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    const done = rest.at(-1)
    if (typeof done === 'function') done()
    return true
  }
}

process.on('message', async ({ args, env }: CommandLine) => {
  printed = { stdout: '', stderr: '' }
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
  Object.assign(process.env, env)
  setClock()
  process.exitCode = 0
  const code = (await run(args)) || Number(process.exitCode)
  process.exitCode = 0
  process.send!({ code, ...printed } satisfies Ran)
})
