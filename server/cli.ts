/** The commands: `couture serve`, `sites`, `keys`, `rebuild`, `build`. They work beside a running server. */
import { Command, CommanderError } from 'commander'
import { nanoid } from 'nanoid'
import { writeBuild } from './build.ts'
import { registerImports } from './cli-import.ts'
import { parseSetting, SETTINGS, type Site, type SiteSettings } from './domain/settings.ts'
import { start } from './main.ts'
import { type Config, readConfigFromEnvironment } from './ops/config.ts'
import { sayDamaged } from './ops/damage.ts'
import { checkInside, checkOutside, checkOveractive } from './ops/doctor.ts'
import { createKeyring } from './ops/keyring.ts'
import { createKey, createSite, parseOrigin } from './sites.ts'
import { migrate } from './store/migrate.ts'
import { openCommandStore } from './store/open.ts'
import { listOveractive } from './store/overactive.ts'
import { emptyDerived } from './store/rebuild.ts'
import { seedPresets } from './store/segments.ts'
import { deleteApiKey, findSite, listApiKeys, listSites, SCOPES, updateSite } from './store/sites.ts'

type Store = ReturnType<typeof openCommandStore>

/** Says one plain sentence and ends with 1. */
class Refusal extends Error {}

const program = new Command('couture')
  .description('Sews anonymous visits to the customers a shop already knows, with their consent.')
  .exitOverride()

program
  .command('serve')
  .description('run the collector, the API and the dashboard')
  .action(async () => {
    const config = readConfigFromEnvironment(process.env)
    const running = await start(config)
    console.log(
      [
        `Couture is at      ${running.address}`,
        `Dashboard          ${running.dashboard}`,
        `  password         ${config.adminPassword}`,
        `Demo shop          ${running.demo}`,
        '',
        'Paste into every page of a shop (this is the site "demo"):',
        running.snippet,
      ].join('\n'),
    )
    let stopping = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, async () => {
        if (stopping) return
        stopping = true
        await running.stop()
        process.exit()
      })
    }
  })

program
  .command('build')
  .description('write the tag and the dashboard to dist/')
  .action(async () => {
    for (const file of await writeBuild()) console.log(file)
  })

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
      show(options.json, all.map(siteView), () => all.map((site) => `${site.id}  ${site.origins.join(' ')}`).join('\n'))
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
  .description('change settings, as NAME=VALUE; origins too, separated by commas')
  .option('--json', 'print for programs')
  .action((id: string, assignments: string[], options: { json?: boolean }) =>
    withStore(async (db) => {
      await siteOrRefuse(db, id)
      const site = await updateSite(db, id, readAssignments(assignments))
      show(options.json, siteView(site), () => siteText(site))
    }),
  )

const keys = program.command('keys').description('keys for servers and tools')

keys
  .command('create')
  .description('make a key; it is shown once')
  .requiredOption('--scopes <list>', `separated by commas, of: ${SCOPES.join(', ')}`)
  .option('--json', 'print for programs')
  .action((options: { scopes: string; json?: boolean }) =>
    withStore(async (db) => {
      const scopes = options.scopes.split(',').map((scope) => scope.trim())
      const unknown = scopes.find((scope) => !(SCOPES as readonly string[]).includes(scope))
      if (unknown !== undefined) throw new Refusal(`--scopes must be of ${SCOPES.join(', ')} (got "${unknown}")`)
      const key = await createKey(db, { id: nanoid(10), scopes }, Date.now())
      show(
        options.json,
        key,
        () => `${key.key}\n\nThis is key ${key.id} for ${scopes.join(', ')}. It is not shown again.`,
      )
    }),
  )

keys
  .command('list')
  .description('all keys, without what would let anybody use them')
  .option('--json', 'print for programs')
  .action((options: { json?: boolean }) =>
    withStore(async (db) => {
      const all = await listApiKeys(db)
      show(options.json, all, () => all.map((key) => `${key.id}  ${key.scopes.join(',')}`).join('\n'))
    }),
  )

keys
  .command('delete <id>')
  .description('end a key')
  .option('--json', 'print for programs')
  .action((id: string, options: { json?: boolean }) =>
    withStore(async (db) => {
      if (!(await deleteApiKey(db, id))) throw new Refusal(`there is no key "${id}"`)
      show(options.json, { id, deleted: true }, () => `Key ${id} is ended.`)
    }),
  )

program
  .command('rebuild')
  .description('make everything derived again from the facts; a running server does the work')
  .option('--json', 'print for programs')
  .action((options: { json?: boolean }) =>
    withStore(async (db) => {
      const visitors = await emptyDerived(db)
      show(options.json, { visitors }, () => `${visitors} visitors are marked; the running server derives them again.`)
    }),
  )

program
  .command('doctor [url]')
  .description('look at this installation, and with the address of the tag at how a shop reaches it')
  .option('--json', 'print for programs')
  .action((url: string | undefined, options: { json?: boolean }) =>
    withStore(async (db, config) => {
      const findings = checkInside(config.dataDir, process.versions.node)
      if (config.databaseUrl !== null) findings.push({ state: 'ok', what: 'the database of DATABASE_URL is reached' })
      findings.push(...checkOveractive(await listOveractive(db, '', 20)))
      if (url !== undefined) {
        if (!URL.canParse(url))
          throw new Refusal(`the address must be a URL such as https://shop.example/c/tag.js (got "${url}")`)
        const origins = (await listSites(db)).filter((site) => site.id !== 'demo').flatMap((site) => site.origins)
        findings.push(...(await checkOutside(url, { fetch, origins })))
      }
      const marks = { ok: ' ok ', note: 'note', wrong: 'BAD ' }
      show(options.json, findings, () => findings.map(({ state, what }) => `${marks[state]}  ${what}`).join('\n'))
      if (findings.some((finding) => finding.state === 'wrong')) process.exitCode = 1
    }),
  )

registerImports(program, withStore)

async function withStore(work: (db: Store, config: Config) => Promise<void>): Promise<void> {
  const config = readConfigFromEnvironment(process.env)
  const db = openCommandStore(config)
  try {
    await migrate(db).catch(sayDamaged(config.dataDir, 'couture.db'))
    await seedPresets(db, Date.now())
    await work(db, config)
  } finally {
    await db.destroy()
  }
}

function show(json: boolean | undefined, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(value) : text())
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

async function siteOrRefuse(db: Store, id: string): Promise<Site> {
  const site = await findSite(db, id)
  if (!site) throw new Refusal(`there is no site "${id}"; \`couture sites list\` shows those there are`)
  return site
}

function originOrRefuse(text: string): string {
  const parsed = parseOrigin(text.trim())
  if ('error' in parsed) throw new Refusal(parsed.error)
  return parsed.origin
}

function readAssignments(assignments: string[]): { origins?: string[]; settings?: Partial<SiteSettings> } {
  const change: { origins?: string[]; settings?: Record<string, unknown> } = {}
  for (const assignment of assignments) {
    const cut = assignment.indexOf('=')
    if (cut < 1) throw new Refusal(`a setting must be written NAME=VALUE (got "${assignment}")`)
    const [name, text] = [assignment.slice(0, cut), assignment.slice(cut + 1)]
    if (name === 'origins') {
      change.origins = text.split(',').map(originOrRefuse)
      continue
    }
    const parsed = parseSetting(name, text)
    if ('error' in parsed) throw new Refusal(parsed.error)
    change.settings = { ...change.settings, [name]: parsed.value }
  }
  return change as { origins?: string[]; settings?: Partial<SiteSettings> }
}

try {
  await program.parseAsync()
} catch (error) {
  // Commander has said what is wrong by itself; asking for help is no failure.
  if (!(error instanceof CommanderError)) console.error(error instanceof Error ? error.message : String(error))
  // A start that failed half-way has threads that would keep the process alive.
  process.exit(error instanceof CommanderError ? error.exitCode : 1)
}
