#!/usr/bin/env node
// The first thing that runs, in words that every Node understands: says what is wrong on a version that cannot run
// TypeScript as it is, then hands over to the commands.
import module from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Couture needs Node 22.18 or later; this is ${process.versions.node}. ` +
      'Run it through npm (npm start, npx couture), which brings the right one, or install a newer Node.',
  )
  process.exit(1)
}
// What was compiled at the last start is not compiled again: it halves the time to the first answer.
module.enableCompileCache(new URL('../node_modules/.cache/couture', import.meta.url).pathname)
const { run } = await import('./cli/program.ts')
const code = await run(process.argv.slice(2))
// A start that failed half-way has threads that would keep the process alive.
if (code !== 0) process.exit(code)
