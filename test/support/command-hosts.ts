/**
 * Processes that run one command after the other: a new process takes a third of a second of processor time before
 * it does anything. Used for all commands that exit by themselves; tests of the process itself start a new one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { CommandLine, Ran } from './ask.ts'
import { commandHostOf, ROOT, reusing } from './process.ts'

/** Runs each command in an idle host, or in a new one of the bundled product if all are busy. `env` is a host's own. */
export function createCommandHosts(product: () => Promise<string>, env: Record<string, string> = {}) {
  const idle: ChildProcess[] = []
  const all = new Set<ChildProcess>()
  const start = (main: string) => {
    const host = fork(commandHostOf(main), {
      cwd: ROOT,
      env: { ...process.env, ...reusing(main), ...env },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    all.add(host)
    host.once('exit', () => all.delete(host))
    return host
  }
  return {
    async run(line: CommandLine): Promise<Ran> {
      const host = idle.pop() ?? start(await product())
      return new Promise((resolve, reject) => {
        const onExit = (code: number | null) =>
          reject(new Error(`the process that ran "couture ${line.args.join(' ')}" ended with ${code}`))
        host.once('exit', onExit)
        host.once('message', (ran: Ran) => {
          host.off('exit', onExit)
          idle.push(host)
          resolve(ran)
        })
        host.send(line)
      })
    },
    stop() {
      for (const host of all) host.kill('SIGKILL')
    },
  }
}
