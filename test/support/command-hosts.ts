/**
 * Processes that run one command after the other: a new process takes a third of a second of processor time before
 * it does anything. Used for all commands that exit by themselves; tests of the process itself start a new one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { CommandLine, Ran } from './ask.ts'
import { PRELOADS, ROOT } from './process.ts'

const HOST = new URL('./command-host.ts', import.meta.url).pathname

/** Runs each command in an idle host, or in a new one if all are busy. Each host is started with `preloads`. */
export function createCommandHosts(preloads = PRELOADS) {
  const idle: ChildProcess[] = []
  const all = new Set<ChildProcess>()
  const start = () => {
    const host = fork(HOST, { cwd: ROOT, execArgv: preloads, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    all.add(host)
    host.once('exit', () => all.delete(host))
    return host
  }
  return {
    run: (line: CommandLine): Promise<Ran> =>
      new Promise((resolve, reject) => {
        const host = idle.pop() ?? start()
        const onExit = (code: number | null) =>
          reject(new Error(`the process that ran "couture ${line.args.join(' ')}" ended with ${code}`))
        host.once('exit', onExit)
        host.once('message', (ran: Ran) => {
          host.off('exit', onExit)
          idle.push(host)
          resolve(ran)
        })
        host.send(line)
      }),
    stop() {
      for (const host of all) host.kill('SIGKILL')
    },
  }
}
