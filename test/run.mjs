// `npm test` and `npm run test:long`: says what is wrong on an old Node, then runs the tests.
import { spawnSync } from 'node:child_process'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`The tests need Node 22.18 or later; this is ${process.versions.node}. Run them through npm: npm test.`)
  process.exit(1)
}
const { status } = spawnSync('vitest', ['run', ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(status ?? 1)
