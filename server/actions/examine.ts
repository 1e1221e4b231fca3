/** Examines an installation for `couture doctor`: its folder, store and journal, and how a shop's pages reach it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DEMO_SITE } from '../domain/demo.ts'
import { consentSentence, DOOR_NAMES, lacksConsent } from '../domain/quality.ts'
import { readFolderHolder } from '../journal/folder-lock.ts'
import { openJournalReader } from '../journal/journal.ts'
import { hostName, INSTANCE_HEADER, isLocalName, ownAddress } from '../ops/address.ts'
import type { Config } from '../ops/config.ts'
import { checkConsentSources } from '../ops/consent-sources.ts'
import {
  checkDataDir,
  checkInstallation,
  checkLeftOut,
  checkOveractive,
  checkQuality,
  checkReachability,
  checkUndetailed,
  type Finding,
  type Inspection,
  type Quality,
} from '../ops/doctor.ts'
import { checkPage, renderPage } from '../ops/doctor-page.ts'
import { sizesOf } from '../ops/sizes.ts'
import { judgingProgress } from '../segments/judging.ts'
import { leftOutHosts } from '../store/carts.ts'
import { choiceSources } from '../store/consents.ts'
import { readCursor } from '../store/cursors.ts'
import { storeFigures, undetailedEvents } from '../store/figures.ts'
import { schemaVersion } from '../store/migrate.ts'
import { arrivedLately, listQuality } from '../store/quality.ts'
import { listSites } from '../store/sites.ts'
import { listVisitors } from '../store/visitors.ts'
import { keysProgress } from '../store/wanted-keys.ts'
import type { Store } from './prepare-store.ts'

/** How long a running server may take to answer. */
const ANSWER_MS = 3000

const DAY_MS = 24 * 3600_000

/** How far back choices and busy days are looked at. */
const LATELY_MS = 30 * DAY_MS

/** More lines of what could not be read are not looked at. */
const MOST_LINES = 100_000

/** The most overactive visitors that are listed. */
const OVERACTIVE = 20

/** Returns all findings. `url` is the tag's URL in a shop's pages; null skips the check of how they reach it. */
export async function examine(db: Store, config: Config, url: string | null): Promise<Finding[]> {
  const findings = checkDataDir(config.dataDir, process.versions.node)
  if (config.databaseUrl !== null) findings.push({ state: 'ok', what: 'the database of DATABASE_URL can be reached' })
  const inspection = await inspect(db, config)
  findings.push(...checkInstallation(inspection))
  findings.push(...checkLeftOut(await leftOutHosts(db)))
  findings.push(...checkQuality(await qualityOf(db)))
  const now = Date.now()
  findings.push(...checkConsentSources(await listSites(db), await choiceSources(db, now - LATELY_MS, now)))
  findings.push(...checkUndetailed(await undetailedEvents(db, Math.floor((now - LATELY_MS) / DAY_MS))))
  findings.push(...checkOveractive(await listVisitors(db, 'overactive', '', OVERACTIVE)))
  if (url !== null) {
    const origins = (await listSites(db)).filter((site) => site.id !== DEMO_SITE).flatMap((site) => site.origins)
    const isPrivate = privateAt(config, origins, inspection.server.url)
    const isTag = new URL(url).pathname.endsWith('tag.js')
    const page = isTag ? null : await checkPage(url, { fetch, render: renderPage })
    findings.push(...(page?.findings ?? []))
    // What is neither a page nor the tag is the folder that the tag is in.
    const tag = page?.isPage ? page.tag : url
    if (tag !== null) findings.push(...(await checkReachability(tag, { fetch, origins, isPrivate })))
  }
  return findings
}

async function qualityOf(db: Store): Promise<Quality> {
  const now = Date.now()
  const today = Math.floor(now / DAY_MS)
  const lines = await listQuality(db, { from: today - 1, to: today, site: null }, null, MOST_LINES)
  const lacking = (await arrivedLately(db, now)).filter(lacksConsent)
  return {
    sites: (await listSites(db)).map((site) => site.id),
    problems: lines.filter((line) => line.lastAt > now - DAY_MS),
    missingConsent: lacking.map((each) => ({ ...each, door: DOOR_NAMES[each.door], sentence: consentSentence(each) })),
  }
}

/** Whether an address is the server's own, or one under which the private routes are meant to answer. */
function privateAt({ adminUrl, publicUrl }: Config, origins: string[], own: string): (base: URL) => boolean {
  const { port } = new URL(own)
  const admin = new URL(adminUrl ?? publicUrl)
  const isShop = adminUrl === null && origins.some((origin) => new URL(origin).hostname === admin.hostname)
  return (base) =>
    isLocalName(hostName(base.host)) ? base.port === port : !isShop && hostName(base.host) === hostName(admin.host)
}

async function inspect(db: Store, config: Config): Promise<Inspection> {
  const { dirty, deadLetters } = await storeFigures(db)
  const server = await serverOf(config)
  const sites = await listSites(db)
  return {
    now: Date.now(),
    schema: await schemaVersion(db),
    journal: await journalOf(db, join(config.dataDir, 'journal.db')),
    sizes: sizesOf(config.dataDir),
    dirty: dirty.visitors + dirty.persons + dirty.contacts,
    judging: [...(await judgingProgress(db))].map(([segment, progress]) => ({ segment, ...progress })),
    keys: await keysProgress(db),
    deadLetters: deadLetters.land + deadLetters.derive,
    retention: sites.map((site) => ({ site: site.id, months: site.settings.retention_months })),
    server,
    forwardedUnread: server.answers === 'itself' ? await forwardedUnread(server.url) : 0,
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
  const holder = readFolderHolder(config.dataDir)
  // A server of an earlier version has not announced its address.
  const url = holder?.address ?? ownAddress(config)
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => null)
  const instance = answer?.ok ? answer.headers.get(INSTANCE_HEADER) : undefined
  const answers = instance === undefined ? 'nobody' : holder && instance === holder.instance ? 'itself' : 'another'
  return { url, pid: holder === null ? null : (holder.pid ?? 'unknown'), answers }
}

/** Reads the server's own count, which it tells this machine only; 0 if it does not. */
async function forwardedUnread(url: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => null)
  const text = answer?.ok ? await answer.text() : ''
  return Number(/^couture_forwarded_unread_total (\d+)$/m.exec(text)?.[1] ?? 0)
}
