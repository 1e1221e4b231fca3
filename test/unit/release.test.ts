/** The release script, run on repositories made for the test: what it refuses, and what a release changes. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = new URL('../../', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'couture-release-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const env = {
  PATH: process.env.PATH,
  HOME: folder,
  ...{ GIT_AUTHOR_NAME: 'Test', GIT_AUTHOR_EMAIL: 'test@mail.example' },
  ...{ GIT_COMMITTER_NAME: 'Test', GIT_COMMITTER_EMAIL: 'test@mail.example' },
}
const CHANGELOG = '# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n## 0.1.0 - 2026-01-01\n\n- The first.\n'

let made = 0
/** A clone of a repository with this project's packages and a changelog, on the branch main. */
function repository({ changelog = CHANGELOG } = {}) {
  const [source, clone] = ['source', 'clone'].map((name) => join(folder, `${name}-${++made}`)) as [string, string]
  const git = (cwd: string, ...args: string[]) => execFileSync('git', args, { cwd, env, encoding: 'utf8' }).trim()
  git(folder, 'init', '--quiet', '--initial-branch=main', source)
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, file), join(source, file))
  writeFileSync(join(source, 'CHANGELOG.md'), changelog)
  git(source, 'add', '.')
  git(source, 'commit', '--quiet', '--message', 'Begin')
  git(folder, 'clone', '--quiet', source, clone)
  return {
    path: clone,
    git: (...args: string[]) => git(clone, ...args),
    read: (file: string) => readFileSync(join(clone, file), 'utf8'),
    release(...args: string[]) {
      const script = join(root, 'deploy/release.mjs')
      const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
        cwd: clone,
        env,
        encoding: 'utf8',
      })
      return { status, stdout, stderr }
    },
  }
}

test('a release sets the version, dates the section, commits and tags', () => {
  const { git, read, release } = repository()
  const before = read('package-lock.json')
  expect(release('9.0.0')).toMatchObject({ status: 0, stderr: '' })
  const today = new Date().toISOString().slice(0, 10)
  expect(read('CHANGELOG.md')).toBe(CHANGELOG.replace('## Unreleased\n', `## Unreleased\n\n## 9.0.0 - ${today}\n`))
  expect(JSON.parse(read('package.json')).version).toBe('9.0.0')
  const lock = JSON.parse(read('package-lock.json'))
  expect([lock.version, lock.packages[''].version]).toEqual(['9.0.0', '9.0.0'])
  // Nothing else of the files is touched.
  expect(read('package-lock.json').split('\n').length).toBe(before.split('\n').length)
  expect(git('diff', '--stat', 'HEAD~1', '--', 'package.json')).toContain('1 insertion(+), 1 deletion(-)')
  expect(git('diff', '--stat', 'HEAD~1', '--', 'package-lock.json')).toContain('2 insertions(+), 2 deletions(-)')
  expect(git('log', '-1', '--format=%s')).toBe('Release 9.0.0')
  expect(git('describe')).toBe('v9.0.0')
  expect(git('status', '--porcelain')).toBe('')
  // There is nothing new to release now.
  expect(release('9.0.1').stderr).toContain('must list at least one change')
})

test('a dry run says what would be released and changes nothing', () => {
  const { git, release } = repository()
  const { status, stdout } = release('9.0.0', '--dry-run')
  expect(status).toBe(0)
  expect(stdout).toContain('- A thing.')
  expect(stdout).not.toContain('- The first.')
  expect([git('status', '--porcelain'), git('tag'), git('log', '--format=%s')]).toEqual(['', '', 'Begin'])
})

test.each([
  ['without a version', [], 'VERSION must look like 0.2.0'],
  ['with two versions', ['9.0.0', '9.1.0'], 'VERSION must look like 0.2.0'],
  ['with something else than a version', ['v9'], 'VERSION must look like 0.2.0'],
  ['with a version that is no higher', ['0.0.9'], 'VERSION must be higher than'],
])('%s it refuses', (_, args, sentence) => {
  const { git, release } = repository()
  const { status, stderr } = release(...args)
  expect(status).toBe(1)
  expect(stderr).toContain(sentence)
  expect(git('log', '--format=%s')).toBe('Begin')
})

test('it refuses another branch, a changed tree, a tag that exists, and an empty changelog', () => {
  const branch = repository()
  branch.git('checkout', '--quiet', '-b', 'feature')
  expect(branch.release('9.0.0').stderr).toContain('on the branch main')

  const dirty = repository()
  writeFileSync(join(dirty.path, 'notes.txt'), 'left lying about')
  expect(dirty.release('9.0.0').stderr).toContain('working tree must be clean')

  const tagged = repository()
  tagged.git('tag', 'v9.0.0')
  expect(tagged.release('9.0.0').stderr).toContain('the tag v9.0.0 already exists')

  const empty = repository({ changelog: '# Changelog\n\n## Unreleased\n\n## 0.1.0 - 2026-01-01\n\n- The first.\n' })
  expect(empty.release('9.0.0').stderr).toContain('must list at least one change')
  const missing = repository({ changelog: '# Changelog\n\n## 0.1.0 - 2026-01-01\n\n- The first.\n' })
  expect(missing.release('9.0.0').stderr).toContain('must have a section')
})
