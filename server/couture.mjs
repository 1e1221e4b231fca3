#!/usr/bin/env node
// The entry point, in syntax that every version of Node can parse: reports a version that cannot run TypeScript, then
// runs the command line.
import module from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Couture needs Node 22.18 or later; this is ${process.versions.node}. ` +
      'Run it through npm (npm start, npx couture), which brings the right one, or install a newer Node.',
  )
  process.exit(1)
}
// Reuses the compiled code of the last start, which halves the time to the first reply.
module.enableCompileCache(new URL('../node_modules/.cache/couture', import.meta.url).pathname)
const { run } = await import('./cli/program.ts')
const code = await run(process.argv.slice(2))
// A start that failed halfway may leave threads that would keep the process alive.
if (code !== 0) process.exit(code)
