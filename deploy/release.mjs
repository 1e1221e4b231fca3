// `npm run release -- VERSION [--dry-run]`: turns the section "Unreleased" of the changelog into a release. It sets the
// version, dates the section, commits and tags; you push yourself. It works on the current directory and changes nothing
// until every check has passed.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim()
const read = (file) => readFileSync(file, 'utf8')

/** Prints one sentence and exits with 1. */
function refuse(sentence) {
  console.error(sentence)
  process.exit(1)
}

const isDryRun = process.argv.includes('--dry-run')
const [version, ...others] = process.argv.slice(2).filter((argument) => argument !== '--dry-run')
if (others.length > 0 || !/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.test(version ?? '')) {
  refuse(
    `VERSION must look like 0.2.0 (got "${[version, ...others].join(' ')}"): npm run release -- VERSION [--dry-run]`,
  )
}

const current = JSON.parse(read('package.json')).version
const [parts, currentParts] = [version, current].map((text) => text.split('.').map(Number))
const changed = parts.findIndex((part, i) => part !== currentParts[i])
if (changed === -1 || parts[changed] < currentParts[changed]) {
  refuse(`VERSION must be higher than ${current}, the version in package.json (got "${version}")`)
}

const branch = git('branch', '--show-current')
if (branch !== 'main') refuse(`releases are made on the branch main (this is "${branch}")`)
if (git('status', '--porcelain') !== '') refuse('the working tree must be clean: commit or stash your changes first')
const tag = `v${version}`
if (git('tag', '--list', tag) !== '') refuse(`the tag ${tag} already exists`)

const changelog = read('CHANGELOG.md')
const unreleased = /^## Unreleased\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(changelog)
if (!unreleased) refuse('CHANGELOG.md must have a section "## Unreleased"')
const notes = unreleased[1].trim()
if (!/^[-*] /m.test(notes)) refuse('the section "Unreleased" of CHANGELOG.md must list at least one change')

const heading = `## ${version} - ${new Date().toISOString().slice(0, 10)}`
console.log(`${current} → ${version}\n\n${heading}\n\n${notes}\n`)
if (isDryRun) {
  console.log('Dry run: nothing was changed.')
  process.exit(0)
}

writeFileSync(
  'CHANGELOG.md',
  changelog.replace(/^## Unreleased\n/m, () => `## Unreleased\n\n${heading}\n`),
)
for (const file of ['package.json', 'package-lock.json']) {
  const content = JSON.parse(read(file))
  content.version = version
  if (content.packages) content.packages[''].version = version
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
}
git('add', 'CHANGELOG.md', 'package.json', 'package-lock.json')
git('commit', '--quiet', '--message', `Release ${version}`)
git('tag', '--annotate', tag, '--message', `Couture ${version}`)
console.log(`Committed and tagged ${tag}. Publish it with: git push --follow-tags`)
