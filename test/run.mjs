/**
 * `npm test` and `npm run test:long`: says what is wrong on an old Node, then runs the tests. A short run keeps its
 * temporary files in memory where there is room: on a disk the thousands of small files take a fifth of its processor
 * time, and the tests wait while they are flushed. A long run uses the disk.
 */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`The tests need Node 22.18 or later; this is ${process.versions.node}. Run them through npm: npm test.`)
  process.exit(1)
}

/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm'
/** More than the files and the processes of a run need. */
const ROOM = 6 * 2 ** 30
const PREFIX = 'couture-tests-'

/** Whether files in memory can be executed, as those of PostgreSQL are, and a run has room there. */
function hasRoom() {
  if (process.platform !== 'linux' || !fs.existsSync(MEMORY)) return false
  const mounts = fs.readFileSync('/proc/mounts', 'utf8').split('\n')
  const [, , type, options] = mounts.map((line) => line.split(' ')).find(([, path]) => path === MEMORY) ?? []
  if (type !== 'tmpfs' || options.split(',').includes('noexec')) return false
  const { bavail, bsize } = fs.statfsSync(MEMORY)
  return Math.min(bavail * bsize, process.availableMemory()) > ROOM
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** A folder in memory for a run, also for users other than ours. Removes those of runs that were killed. */
function folderInMemory() {
  for (const name of fs.readdirSync(MEMORY).filter((each) => each.startsWith(PREFIX))) {
    if (!isRunning(Number(name.slice(PREFIX.length)))) fs.rmSync(join(MEMORY, name), { recursive: true, force: true })
  }
  const folder = join(MEMORY, `${PREFIX}${process.pid}`)
  fs.mkdirSync(folder)
  fs.chmodSync(folder, 0o711)
  return folder
}

const wantsMemory = process.env.TEST_LONG !== '1' && process.env.TMPDIR === undefined
const folder = wantsMemory && hasRoom() ? folderInMemory() : null
const env = folder === null ? process.env : { ...process.env, TMPDIR: folder }
const vitest = spawn('vitest', ['run', ...process.argv.slice(2)], { stdio: 'inherit', env })
// At a signal vitest ends first.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => vitest.kill(signal))
vitest.on('error', (error) => console.error(error.message))
vitest.on('close', (status) => {
  if (folder !== null) fs.rmSync(folder, { recursive: true, force: true })
  process.exit(status ?? 1)
})
