/**
 * `couture doctor`: examines an installation from the inside, and with a URL also how a shop's pages reach it, and says
 * what is wrong and what to do. It changes nothing.
 */
import { accessSync, constants, statfsSync } from 'node:fs'
import { hostName, isLocalName } from './address.ts'
import { withoutEndSlash } from './config.ts'
import { folderAccess, openFiles } from './private-files.ts'

/** One finding. `ok` is good, `note` is worth knowing, `wrong` needs action. */
export type Finding = { state: 'ok' | 'note' | 'wrong'; what: string }

const LOW_DISK_BYTES = 1024 ** 3

/** Checks the runtime and the data folder. */
export function checkDataDir(dataDir: string, nodeVersion: string): Finding[] {
  const findings: Finding[] = [{ state: 'ok', what: `Node ${nodeVersion}` }]
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK)
    findings.push({ state: 'ok', what: `${dataDir} can be read and written` })
  } catch {
    return [...findings, { state: 'wrong', what: `${dataDir} cannot be written; check its owner, or set DATA_DIR` }]
  }
  const { bavail, bsize } = statfsSync(dataDir)
  const free = bavail * bsize
  const gigabytes = `${(free / 1024 ** 3).toFixed(1)} GiB free in ${dataDir}`
  findings.push(
    free < LOW_DISK_BYTES
      ? { state: 'wrong', what: `${gigabytes}; the collector refuses events when the disk is full` }
      : { state: 'ok', what: gigabytes },
  )
  return [...findings, ...checkModes(dataDir)]
}

/** Checks that the installation's files are their owner's only. */
function checkModes(dataDir: string): Finding[] {
  const open = openFiles(dataDir).map((path): Finding => {
    return { state: 'wrong', what: `${path} can be read by others; run chmod 600 on it` }
  })
  const access = folderAccess(dataDir)
  if (access === 'write') {
    open.push({ state: 'wrong', what: `others can replace the files in ${dataDir}; run chmod 700 on it` })
  } else if (access === 'list') {
    open.push({ state: 'note', what: `others can list the files in ${dataDir}; run chmod 700 on it` })
  }
  return open.length > 0 ? open : [{ state: 'ok', what: `${dataDir} and its files are their owner's only` }]
}

/** Lists overactive visitors; `ids` are the first of them. */
export function checkOveractive(ids: string[]): Finding[] {
  if (ids.length === 0) return []
  const what = `overactive visitors, whose events are kept but not used: ${ids.join(', ')}; the API lists them all at /api/v1/visitors?state=overactive`
  return [{ state: 'note', what }]
}

/** Says how many events of late segments know without their details. */
export function checkUndetailed({ events, visitors }: { events: number; visitors: number }): Finding[] {
  if (events === 0) return []
  const what = `${events} events of the last 30 days are known to segments without their details, because visitors did more different things on a day than are kept (${visitors} times); they are in the timelines`
  return [{ state: 'note', what }]
}

/** Lists where links and pictures of carts led to, other than the site's own hosts, the most frequent first. */
export function checkLeftOut(
  hosts: { site: string; kind: 'link' | 'picture'; host: string; carts: number }[],
): Finding[] {
  return hosts.map(({ site, kind, host, carts }) => ({
    state: 'note',
    what: `${kind}s to ${host} are left out of ${carts} open carts of ${site}, because it is no host of the site's own; if it is the shop's, add it to ${kind === 'link' ? 'redirect_hosts' : 'image_hosts'}`,
  }))
}

/** What a site sent and nobody could read, and whether its events come without consent. */
export type Quality = {
  sites: string[]
  problems: { site: string; problem: string; count: number }[]
  missingConsent: { site: string; door: string; sentence: string }[]
}

/** As many kinds of problems are named. */
const NAMED_PROBLEMS = 5

/** Says for each site what could not be read of what it sent. */
export function checkQuality({ sites, problems, missingConsent }: Quality): Finding[] {
  const lacking = missingConsent.map(({ site, door, sentence }): Finding => {
    const what = `${site}: ${sentence} (${door}), and nothing of them was kept; docs/consent.md#missing-consent says what to do`
    return { state: 'note', what }
  })
  const bySite = sites.map((site): Finding => {
    const counts = new Map<string, number>()
    for (const { problem, count } of problems.filter((each) => each.site === site)) {
      counts.set(problem, (counts.get(problem) ?? 0) + count)
    }
    if (counts.size === 0) return { state: 'ok', what: `${site}: no problems in what it sent since yesterday` }
    const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    const named = sorted.slice(0, NAMED_PROBLEMS).map(([problem, count]) => `${problem} (${count})`)
    const more = sorted.length - named.length
    const list = named.join(', ') + (more > 0 ? ` and ${more} more` : '')
    const what = `${site}: problems in what it sent since yesterday: ${list}; /api/v1/reports/quality?site=${site} says where and what to do`
    return { state: 'note', what }
  })
  return [...lacking, ...bySite]
}

/** What `checkReachability` needs. */
export type ReachabilityDeps = {
  fetch: typeof fetch
  /** The shop's origins. */
  origins: string[]
  /** Whether the private routes are meant to answer at an address: the server's own, or the dashboard's. */
  isPrivate: (base: URL) => boolean
}

/** Checks the collector as browsers reach it. `url` is the tag's address or the folder it is in. */
export async function checkReachability(url: string, deps: ReachabilityDeps): Promise<Finding[]> {
  const [page = ''] = url.split('?', 1)
  const base = new URL(`${withoutEndSlash(page.endsWith('tag.js') ? page.slice(0, -'tag.js'.length) : page)}/`)
  const findings: Finding[] = []
  if (base.protocol === 'http:' && !isLocalName(hostName(base.host))) {
    findings.push({
      state: 'wrong',
      what: `${base.origin} is http; serve it over https, or the cookie can be read on the way`,
    })
  }
  try {
    const answer = await deps.fetch(new URL('healthz', base), { redirect: 'manual' })
    findings.push(
      answer.status === 200
        ? { state: 'ok', what: `${base.href} can be reached` }
        : {
            state: 'wrong',
            what: `${base.href}healthz answered ${answer.status}; the proxy must strip the path's prefix and pass on the rest`,
          },
    )
  } catch (error) {
    const reason =
      (error as Error).cause instanceof Error ? ((error as Error).cause as Error).message : (error as Error).message
    return [...findings, { state: 'wrong', what: `${base.href} cannot be reached: ${reason}` }]
  }
  if (!deps.isPrivate(base)) findings.push(await checkPrivate(base, deps.fetch))
  for (const origin of deps.origins) findings.push(firstParty(base, new URL(origin)))
  return findings
}

/** How browsers see the collector from a shop's page: the closer it is, the longer the cookie lives. */
function firstParty(collector: URL, shop: URL): Finding {
  if (collector.host === shop.host) {
    return { state: 'ok', what: `${shop.origin}: the collector is a path of the shop; its cookie is first party` }
  }
  const site = (host: string) => host.split('.').slice(-2).join('.')
  if (site(collector.hostname) === site(shop.hostname)) {
    return {
      state: 'note',
      what: `${shop.origin}: the collector is on another host of the same domain; Safari shortens the cookie to 7 days if their networks differ. Serving it from a path of the shop is better.`,
    }
  }
  return {
    state: 'wrong',
    what: `${shop.origin}: the collector is on another domain, where browsers drop its cookie; serve it from a path of the shop`,
  }
}

/** Private paths, each with a text that only its own answer contains: a shop may have a page of its own there. */
const PRIVATE_PATHS = {
  'dashboard/': '/dashboard/main.js',
  metrics: 'couture_',
  demo: '/demo/',
  'openapi.json': '"openapi"',
}

/** How long a private path may take to answer. */
const PRIVATE_MS = 5000

/** Looks for private routes under the collector's public address, where a proxy passes on more than it should. */
async function checkPrivate(base: URL, get: typeof fetch): Promise<Finding> {
  const opened = async ([path, mark]: [string, string]) => {
    try {
      const answer = await get(new URL(path, base), { redirect: 'follow', signal: AbortSignal.timeout(PRIVATE_MS) })
      return answer.ok && (await answer.text()).includes(mark)
    } catch {
      return false
    }
  }
  const paths = Object.entries(PRIVATE_PATHS)
  const open = await Promise.all(paths.map(opened))
  const found = paths.flatMap(([path], at) => (open[at] ? [new URL(path, base).href] : []))
  if (found.length === 0) return { state: 'ok', what: `${base.href} serves nothing private` }
  return {
    state: 'wrong',
    what: `PRIVATE ROUTES ARE PUBLIC: anybody can reach ${found.join(', ')}. Let the proxy pass on only tag.js, tag.*.js, v1/, l/ and healthz, as deploy/nginx.conf does`,
  }
}

/** A site whose link tokens can name `done` of `total` contacts. */
export type KeysProgress = { site: string; done: number; total: number }

/** Says how far the link tokens of a site are. */
export function keysSentence({ site, done, total }: KeysProgress): string {
  return `the link tokens of ${site} can name ${done} of ${total} contacts so far; a running server adds the others, and decides again about clicks that came before`
}

/** What was found in a data folder and its store. */
export type Inspection = {
  now: number
  schema: string
  /** Null if there is none yet. */
  journal: { entries: number; oldestAt: number | null; newestAt: number | null } | null
  sizes: Record<string, number>
  dirty: number
  /** The segments by which everybody is being judged, and how many persons were. */
  judging: { segment: string; done: number; total: number }[]
  /** The sites whose link tokens cannot name all contacts yet, and how many they can. */
  keys: KeysProgress[]
  deadLetters: number
  retention: { site: string; months: number }[]
  /** The process that runs on the folder, null if none does; where it listens, and who answers there. */
  server: { url: string; pid: number | 'unknown' | null; answers: 'itself' | 'another' | 'nobody' }
  /** How many requests the server has taken for a proxy's own, although the proxy named their clients. */
  forwardedUnread: number
}

/** If entries wait longer than this while a server runs, it is no ordinary backlog. */
const LATE_MS = 5 * 60_000

/** A clock before this was never set; entries may be this far ahead of it. */
const EARLIEST = Date.UTC(2025, 0, 1)
const AHEAD_MS = 60_000

/** Evaluates the inspection. */
export function checkInstallation(life: Inspection): Finding[] {
  return [checkServer(life), ...checkProxy(life), checkClock(life), checkBacklog(life), ...checkStore(life)]
}

function checkServer({ server: { url, pid, answers } }: Inspection): Finding {
  if (pid === null) {
    const other = answers === 'nobody' ? '' : `; another one answers at ${url}`
    return { state: 'note', what: `no server is running on this folder${other}` }
  }
  if (answers === 'itself') {
    return { state: 'ok', what: `a server is running on this folder and answers at ${url} (process ${pid})` }
  }
  const instead = answers === 'another' ? 'the server of another installation answers' : 'nobody answers'
  return {
    state: 'wrong',
    what: `a server is running on this folder (process ${pid}), but at its address ${url} ${instead}; check its log, and that this command runs on the same machine`,
  }
}

function checkProxy({ forwardedUnread }: Inspection): Finding[] {
  if (forwardedUnread === 0) return []
  const what = `since its start ${forwardedUnread} requests came through a proxy that names the client, but TRUST_PROXY is not set: all visitors share one address or none, so limits and guards do not tell them apart; set TRUST_PROXY to the number of proxies`
  return [{ state: 'wrong', what }]
}

function checkClock({ now, journal }: Inspection): Finding {
  const newest = journal?.newestAt ?? 0
  const time = new Date(now).toISOString()
  if (now < EARLIEST) return { state: 'wrong', what: `the clock says ${time}; set it, or events will get wrong times` }
  if (newest > now + AHEAD_MS) {
    const what = `the clock says ${time}, but there are entries from ${new Date(newest).toISOString()}; it was set back or is wrong`
    return { state: 'wrong', what }
  }
  return { state: 'ok', what: `the clock says ${time}` }
}

function checkBacklog({ now, journal, server }: Inspection): Finding {
  if (journal === null) return { state: 'note', what: 'there is no journal yet; the first start creates it' }
  const { entries, oldestAt } = journal
  if (entries === 0) return { state: 'ok', what: 'all accepted events have landed' }
  const minutes = Math.floor(Math.max(0, now - (oldestAt ?? now)) / 60_000)
  const what = `${entries} groups of requests are waiting to be landed, the oldest for ${minutes} minutes`
  if (server.pid === null) return { state: 'note', what: `${what}; the next start will land them` }
  return { state: now - (oldestAt ?? now) > LATE_MS ? 'wrong' : 'ok', what }
}

function checkStore({ schema, sizes, dirty, judging, keys, deadLetters, retention }: Inspection): Finding[] {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
  const files = Object.entries(sizes).map(([name, bytes]) => `${name} ${megabytes(bytes)}`)
  return [
    { state: 'ok', what: `the schema is ${schema}; ${dirty} keys are waiting to be derived` },
    ...judging.map(({ segment, done, total }): Finding => {
      return { state: 'note', what: `${done} of ${total} persons have been judged by the new definition of ${segment}` }
    }),
    ...keys.map((each): Finding => ({ state: 'note', what: keysSentence(each) })),
    { state: 'ok', what: files.join(', ') },
    {
      state: 'ok',
      what: `events are kept for ${retention.map((each) => `${each.months} months (${each.site})`).join(', ')}`,
    },
    deadLetters === 0
      ? { state: 'ok', what: 'there are no dead letters' }
      : { state: 'note', what: `there are ${deadLetters} dead letters; see couture dead-letters` },
  ]
}
