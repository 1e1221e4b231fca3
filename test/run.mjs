// `npm test`: says what is wrong on an old Node, finds a Chromium or installs one, then runs every test.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`The tests need Node 22.18 or later; this is ${process.versions.node}. Run them through npm: npm test.`)
  process.exit(1)
}

const run = (command, args) => spawnSync(command, args, { stdio: 'inherit' }).status === 0
const { findChromium } = await import('./support/chromium.ts')
if (!findChromium()) {
  console.log('No Chromium here; installing one for the tests in a browser.')
  const isRoot = process.getuid?.() === 0
  const apt = isRoot && existsSync('/usr/bin/apt-get') && run('apt-get', ['update', '-qq'])
  if (!apt || !run('apt-get', ['install', '-y', '-qq', 'chromium'])) {
    run('npx', ['--yes', 'playwright', 'install', 'chromium'])
  }
  if (!findChromium()) {
    console.error('The tests need a Chromium: install one, or set CHROMIUM_PATH to its executable.')
    process.exit(1)
  }
}
const { status } = spawnSync('vitest', ['run', ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(status ?? 1)
