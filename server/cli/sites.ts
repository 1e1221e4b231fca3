/** `couture sites …`: the shops that may send events, their secrets and settings. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Store } from '../actions/prepare.ts'
import { createSite, parseOrigin } from '../actions/sites.ts'
import { parseSetting, SETTINGS, type Site, type SiteSettings } from '../domain/settings.ts'
import { createKeyring, newSecret } from '../ops/keyring.ts'
import { readPublicKey } from '../ops/public-key.ts'
import { findSite, listSites, updateSite } from '../store/sites.ts'
import { Refusal, show, withStore } from './store.ts'

/** Adds the commands. */
export function registerSites(program: Command): void {
  const sites = program.command('sites').description('the shops that may send events')

  sites
    .command('create')
    .description('add a site')
    .requiredOption('--id <id>', 'a short name, such as shop')
    .requiredOption('--origin <url...>', 'where its pages are, such as https://shop.example; may be given again')
    .option('--json', 'print for programs')
    .action((options: { id: string; origin: string[]; json?: boolean }) =>
      withStore(async (db, config) => {
        if (!/^[a-z0-9][a-z0-9_-]{0,39}$/.test(options.id)) {
          throw new Refusal(`--id must be 1 to 40 of a-z 0-9 _ - (got "${options.id}")`)
        }
        const origins = options.origin.flatMap((each) => each.split(',')).map(originOrRefuse)
        const site = await createSite(db, createKeyring(config.secret), { id: options.id, origins }, Date.now())
        show(options.json, siteView(site), () => siteText(site))
      }),
    )

  sites
    .command('list')
    .description('all sites')
    .option('--json', 'print for programs')
    .action((options: { json?: boolean }) =>
      withStore(async (db) => {
        const all = await listSites(db)
        show(options.json, all.map(siteView), () =>
          all.map((site) => `${site.id}  ${site.origins.join(' ')}`).join('\n'),
        )
      }),
    )

  sites
    .command('show <id>')
    .description('a site with its secrets and settings')
    .option('--json', 'print for programs')
    .action((id: string, options: { json?: boolean }) =>
      withStore(async (db) => {
        const site = await siteOrRefuse(db, id)
        show(options.json, siteView(site), () => siteText(site))
      }),
    )

  sites
    .command('set <id> <settings...>')
    .description(
      'change settings, as NAME=VALUE; origins too, separated by commas; identity_public_key=@FILE; identity_secret=new ' +
        'makes another, identity_secret= removes it',
    )
    .option('--json', 'print for programs')
    .action((id: string, assignments: string[], options: { json?: boolean }) =>
      withStore(async (db) => {
        const before = await siteOrRefuse(db, id)
        const change = readAssignments(assignments)
        const secret = change.identitySecret ?? before.identity_secret
        const publicKey = change.settings?.identity_public_key ?? before.settings.identity_public_key
        if (secret === '' && publicKey === '') {
          throw new Refusal(
            'a site must have an identity_secret or an identity_public_key, or no login could be checked',
          )
        }
        const site = await updateSite(db, id, change)
        show(options.json, siteView(site), () => siteText(site))
      }),
    )
}

function siteView(site: Site) {
  const { id, origins, write_key, identity_secret, link_secret, settings } = site
  return { id, origins, write_key, identity_secret, link_secret, settings }
}

function siteText(site: Site): string {
  const lines = [
    `id               ${site.id}`,
    `origins          ${site.origins.join(' ')}`,
    `write_key        ${site.write_key}`,
    `identity_secret  ${site.identity_secret}`,
    `link_secret      ${site.link_secret}`,
    '',
  ]
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const value = site.settings[name as keyof SiteSettings]
    lines.push(`${name} = ${Array.isArray(value) ? value.join(',') : value}`, `    ${setting.about}`)
  }
  return lines.join('\n')
}

/** The site, or a sentence that it is not there. */
export async function siteOrRefuse(db: Store, id: string): Promise<Site> {
  const site = await findSite(db, id)
  if (!site) throw new Refusal(`there is no site "${id}"; \`couture sites list\` shows those there are`)
  return site
}

function originOrRefuse(text: string): string {
  const parsed = parseOrigin(text.trim())
  if ('error' in parsed) throw new Refusal(parsed.error)
  return parsed.origin
}

type Change = { origins?: string[]; identitySecret?: string; settings?: Partial<SiteSettings> }

function readAssignments(assignments: string[]): Change {
  const change: Omit<Change, 'settings'> & { settings?: Record<string, unknown> } = {}
  for (const assignment of assignments) {
    const cut = assignment.indexOf('=')
    if (cut < 1) throw new Refusal(`a setting must be written NAME=VALUE (got "${assignment}")`)
    const name = assignment.slice(0, cut)
    const text = name === 'identity_public_key' ? keyOrRefuse(assignment.slice(cut + 1)) : assignment.slice(cut + 1)
    if (name === 'origins') {
      change.origins = text.split(',').map(originOrRefuse)
      continue
    }
    if (name === 'identity_secret') {
      if (text !== '' && text !== 'new') throw new Refusal(`identity_secret must be new, or nothing (got "${text}")`)
      change.identitySecret = text === '' ? '' : newSecret()
      continue
    }
    const parsed = parseSetting(name, text)
    if ('error' in parsed) throw new Refusal(parsed.error)
    change.settings = { ...change.settings, [name]: parsed.value }
  }
  return change as Change
}

/** The text of a public key that logins can be checked with. `@FILE` is what the file holds. */
function keyOrRefuse(text: string): string {
  if (text === '') return ''
  const read = readPublicKey(text.startsWith('@') ? readFileOrRefuse(text.slice(1)) : text)
  if ('error' in read) throw new Refusal(`identity_public_key ${read.error}`)
  return read.pem
}

function readFileOrRefuse(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Refusal(`identity_public_key must be @ and a file that can be read: ${(error as Error).message}`)
  }
}
