/** `couture doctor`: what the installation looks like, and what is wrong with it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { openJournalReader } from '../journal/journal.ts'
import type { Config } from '../ops/config.ts'
import { checkDataDir, checkInstallation, checkOveractive, checkReachability, type Inspection } from '../ops/doctor.ts'
import { sizesOf } from '../ops/sizes.ts'
import { readCursor } from '../store/cursors.ts'
import { storeFigures } from '../store/figures.ts'
import { schemaVersion } from '../store/migrate.ts'
import { listSites } from '../store/sites.ts'
import { listVisitors } from '../store/visitors.ts'
import { holdFolder } from './folder.ts'
import { Refusal, type Store, show, withStore } from './store.ts'

/** A server that does not answer by then does not answer. */
const ANSWER_MS = 3000

/** So many overactive visitors are named. */
const OVERACTIVE = 20

/** Adds the command. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor [url]')
    .description('look at this installation, and with the address of the tag at how a shop reaches it')
    .option('--json', 'print for programs')
    .action((url: string | undefined, options: { json?: boolean }) =>
      withStore(async (db, config) => {
        const findings = checkDataDir(config.dataDir, process.versions.node)
        if (config.databaseUrl !== null) findings.push({ state: 'ok', what: 'the database of DATABASE_URL is reached' })
        findings.push(...checkInstallation(await lookAt(db, config)))
        findings.push(...checkOveractive(await listVisitors(db, 'overactive', '', OVERACTIVE)))
        if (url !== undefined) {
          if (!URL.canParse(url))
            throw new Refusal(`the address must be a URL such as https://shop.example/c/tag.js (got "${url}")`)
          const origins = (await listSites(db)).filter((site) => site.id !== 'demo').flatMap((site) => site.origins)
          findings.push(...(await checkReachability(url, { fetch, origins })))
        }
        const marks = { ok: ' ok ', note: 'note', wrong: 'BAD ' }
        show(options.json, findings, () => findings.map(({ state, what }) => `${marks[state]}  ${what}`).join('\n'))
        if (findings.some((finding) => finding.state === 'wrong')) process.exitCode = 1
      }),
    )
}

async function lookAt(db: Store, config: Config): Promise<Inspection> {
  const { dirty, deadLetters } = await storeFigures(db)
  const sites = await listSites(db)
  return {
    now: Date.now(),
    schema: await schemaVersion(db),
    journal: await journalOf(db, join(config.dataDir, 'journal.db')),
    sizes: sizesOf(config.dataDir),
    dirty: dirty.visitors + dirty.persons + dirty.contacts,
    deadLetters: deadLetters.land + deadLetters.derive,
    retention: sites.map((site) => ({ site: site.id, months: site.settings.retention_months })),
    server: await serverOf(config),
  }
}

async function journalOf(db: Store, file: string): Promise<Inspection['journal']> {
  if (!existsSync(file)) return null
  const journal = openJournalReader(file)
  try {
    const cursor = await readCursor(db, journal.identity().journalId)
    return { ...journal.waiting(cursor?.position ?? 0), newestAt: journal.newestAt() }
  } finally {
    journal.close()
  }
}

async function serverOf(config: Config): Promise<Inspection['server']> {
  const host = ['0.0.0.0', '::'].includes(config.host) ? '127.0.0.1' : config.host
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${config.port}`
  const free = holdFolder(config.dataDir)
  free?.release()
  const answers = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
    (response) => response.ok,
    () => false,
  )
  return { url, runs: free === null, answers }
}
