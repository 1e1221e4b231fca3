/**
 * Processes that run one command after the other: a process of its own takes a third of a second of the processor before
 * it does anything. For all commands that end by themselves; where the process itself is tested, it is started.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { CommandLine, Ran } from './ask.ts'
import { PRELOADS, ROOT } from './process.ts'

const HOST = new URL('./command-host.ts', import.meta.url).pathname

/** Runs commands, each in a host that has nothing else to do; a new one where all are busy. */
export function createCommandHosts() {
  const idle: ChildProcess[] = []
  const all = new Set<ChildProcess>()
  const start = () => {
    const host = fork(HOST, { cwd: ROOT, execArgv: PRELOADS, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
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
