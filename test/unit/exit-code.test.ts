/** A test run that started PostgreSQL keeps its own exit code; otherwise failures would go unnoticed. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test.each([0, 3])('a process that has started PostgreSQL ends with its own exit code: %i', (code) => {
  const file = new URL('../support/postgres.ts', import.meta.url).href
  const script = `
    const { startCluster } = await import('${file}')
    const cluster = await startCluster()
    await cluster.stop()
    process.exitCode = ${code}
  `
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([code, ''])
})
