/**
 * `couture init`: makes an installation if there is none, asks what a first site needs, and prints what is left to do: the
 * lines for the shop's proxy, the snippet, and the next commands.
 */
import type { Command } from 'commander'
import { prepareStore, withStoreOf } from '../actions/prepare-store.ts'
import { createSite } from '../actions/sites.ts'
import { welcomeTo } from '../actions/welcome.ts'
import { type Config, readServerConfig } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import { commandBy } from './by.ts'
import { ownerLines } from './owner-lines.ts'
import { type GivenSite, newSiteOf } from './site-questions.ts'
import { siteView } from './sites.ts'
import { show } from './store.ts'

/** Adds the command. */
export function registerInit(program: Command): void {
  program
    .command('init')
    .description(
      'set up the first site: asks for what is not given, and prints the snippet, the proxy lines and next steps',
    )
    .option('--id <id>', 'a short name, such as shop')
    .option('--origin <url...>', 'the origin of its pages, such as https://shop.example; can be repeated')
    .option('--currency <code>', 'the currency of its prices, such as EUR, or none')
    .option('--timezone <zone>', 'its time zone, such as Europe/Paris')
    .option('--json', 'print JSON')
    .action((options: GivenSite & { json?: boolean }) => init(options))
}

async function init(options: GivenSite & { json?: boolean }): Promise<void> {
  const config = readServerConfig(process.env)
  const keyring = createKeyring(config.secret)
  const given = await newSiteOf(options, Intl.DateTimeFormat().resolvedOptions().timeZone)
  const { id, origins } = given
  const owner = await prepareStore(config, keyring, Date.now())
  await withStoreOf(config, async (db) => {
    const { actor, at: now, newId } = commandBy()
    const site = await createSite(db, given, { actor, id: newId(), now })
    const { dashboard, snippet } = welcomeTo(config, [site], false)
    const view = { ...siteView(site), snippet, dashboard, ...(owner?.password ? { owner } : {}) }
    show(options.json, view, () =>
      [
        `The site "${id}" is set up in ${config.databaseUrl === null ? config.dataDir : 'the database'}.`,
        ...(owner === null
          ? []
          : ['', 'Sign in to the dashboard as', ...ownerLines(owner, config.adminPassword !== null)]),
        '',
        'Paste into every page of the shop:',
        snippet,
        '',
        ...proxyLines(config, origins),
        'Next:',
        `  couture serve                            run it; the dashboard is at ${dashboard}`,
        '  couture import contacts FILE             bring in your customers',
        `  couture sites show ${id.padEnd(22)}see the secrets for signed logins, and all settings`,
        '  couture keys create --scopes matches:read --name MAILER   give your e-mail tool a key',
      ].join('\n'),
    )
  })
}

/** The proxy under which the shop's own domain serves the collector, which keeps the cookie first-party. */
function proxyLines({ publicUrl, port }: Config, origins: string[]): string[] {
  const { hostname, pathname } = new URL(publicUrl)
  const shop = origins.map((origin) => new URL(origin).hostname)
  if (shop.includes(hostname) && pathname !== '/') return []
  const origin = origins[0] ?? publicUrl
  return [
    `Serve the collector below the shop's own domain, so that its cookie is first-party, and start it with`,
    `PUBLIC_URL=${origin}/c TRUST_PROXY=1. With Caddy:`,
    '',
    '    handle_path /c/* {',
    `        reverse_proxy 127.0.0.1:${port}`,
    '    }',
    '',
    'or with nginx:',
    '',
    '    location /c/ {',
    `        proxy_pass http://127.0.0.1:${port}/;`,
    '        proxy_set_header Host $host;',
    '        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    '    }',
    '',
    'The files in deploy/ publish only what browsers need, with a host of its own for the dashboard.',
    '',
  ]
}
