/** `couture sites …`: the shops that may send events, their secrets and settings. */
import type { Command } from 'commander'
import { deleteWholeSite } from '../actions/delete-site.ts'
import type { Store } from '../actions/prepare-store.ts'
import { changeSite } from '../actions/site-changes.ts'
import { createSite } from '../actions/sites.ts'
import { SETTINGS, type Site, type SiteSettings } from '../domain/settings.ts'
import { keysSentence } from '../ops/doctor.ts'
import { countVisitors } from '../store/deleted-sites.ts'
import { findSite, listSites } from '../store/sites.ts'
import { keysProgress } from '../store/wanted-keys.ts'
import { createBar, shareText } from './bar.ts'
import { commandBy } from './by.ts'
import { type GivenSite, newSiteOf } from './site-questions.ts'
import { Refusal, show, withStore } from './store.ts'

/** Adds the commands. */
export function registerSites(program: Command): void {
  const sites = program.command('sites').description('the shops that may send events')

  sites
    .command('create')
    .description('add a site')
    .option('--id <id>', 'a short name, such as shop')
    .option('--origin <url...>', 'the origin of its pages, such as https://shop.example; can be repeated')
    .option('--currency <code>', 'the currency of its prices, such as EUR, or none')
    .option('--timezone <zone>', 'its time zone, such as Europe/Paris')
    .option('--json', 'print JSON')
    .action((options: GivenSite & { json?: boolean }) =>
      withStore(async (db) => {
        const site = await createSite(db, await newSiteOf(options, ''), byCommand())
        if (site.settings.currency === '') console.error(NO_CURRENCY)
        show(options.json, siteView(site), () => siteText(site))
      }),
    )

  sites
    .command('list')
    .description('list all sites')
    .option('--json', 'print JSON')
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
    .description('show a site with its secrets and settings')
    .option('--json', 'print JSON')
    .action((id: string, options: { json?: boolean }) =>
      withStore(async (db) => {
        const site = await siteOrRefuse(db, id)
        const making = (await keysProgress(db)).filter((each) => each.site === site.id)
        show(options.json, siteView(site), () => [siteText(site), ...making.map(keysSentence)].join('\n\n'))
      }),
    )

  sites
    .command('set <id> <settings...>')
    .description(
      'change settings, as NAME=VALUE; also origins=, comma-separated; identity_public_key=@FILE; identity_secret=new ' +
        'creates another, identity_secret= removes it',
    )
    .option('--json', 'print JSON')
    .action((id: string, assignments: string[], options: { json?: boolean }) =>
      withStore(async (db) => {
        const found = await siteOrRefuse(db, id)
        const site = await changeSite(db, found, assignments, byCommand(), { files: true })
        show(options.json, siteView(site), () => siteText(site))
      }),
    )

  sites
    .command('delete <id>')
    .description(
      'delete a site with its keys, its visitors and all they left; contacts stay. The id cannot be used again',
    )
    .option('--yes', 'do it; without this the command says what would go')
    .option('--json', 'print JSON')
    .action((id: string, options: { yes?: boolean; json?: boolean }) =>
      withStore(async (db, config) => {
        await siteOrRefuse(db, id)
        const number = (n: number) => `${n.toLocaleString('en')} visitor${n === 1 ? '' : 's'}`
        if (!options.yes) {
          const visitors = number(await countVisitors(db, id))
          throw new Refusal(
            `this deletes the site "${id}", its keys and its ${visitors} with all they left, for ever; repeat it with --yes`,
          )
        }
        const bar = createBar()
        const visitors = await deleteWholeSite(db, config, id, byCommand(), (done, total) =>
          bar.draw((_, width) => shareText(done, total, 'visitors removed', width)),
        ).finally(() => bar.end())
        if (visitors === null) throw new Refusal(`there is no site "${id}"`)
        show(options.json, { id, deleted: true, visitors }, () =>
          [
            `The site "${id}" is deleted, with ${number(visitors)}.`,
            'Each collector removes the rest from its journal within moments, or when it next starts.',
            'Backups still hold it; delete them yourself.',
          ].join('\n'),
        )
      }),
    )
}

const NO_CURRENCY =
  'The site has no currency: amounts without one stay unknown. Give it one with `couture sites set ID currency=EUR`.'

/** Who changes sites here. */
function byCommand() {
  const { actor, at: now, newId } = commandBy()
  return { actor, id: newId(), now }
}

/** A site as commands print it in JSON. */
export function siteView(site: Site) {
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

/** Finds a site, or throws a refusal. */
export async function siteOrRefuse(db: Store, id: string): Promise<Site> {
  const site = await findSite(db, id)
  if (!site) throw new Refusal(`there is no site "${id}"; \`couture sites list\` lists them`)
  return site
}
