/**
 * The composition root: makes the threads, hands each part what it needs, and serves HTTP. Nothing is decided here.
 */
import { existsSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { nanoid } from 'nanoid'
import pkg from '../package.json' with { type: 'json' }
import { createDemo } from './actions/demo.ts'
import { createIdentify } from './actions/identify.ts'
import { createMint, revokeTokens } from './actions/link-tokens.ts'
import { prepareStore } from './actions/prepare.ts'
import { createKeysOf } from './actions/sites.ts'
import { createApp } from './app.ts'
import { createConfiguration } from './collect/configuration.ts'
import { createEndpoints } from './collect/endpoints.ts'
import { createRateLimit } from './collect/limits.ts'
import { lockFolder } from './journal/folder-lock.ts'
import type { JournalState } from './journal/group-commit.ts'
import { openJournalReader } from './journal/journal.ts'
import { listen } from './listen.ts'
import { clientAddress, createPrivateHosts, isLoopback } from './ops/address.ts'
import { buildDashboard, buildTag } from './ops/bundle.ts'
import { createSteadyClock } from './ops/clock.ts'
import type { Config } from './ops/config.ts'
import { explainDamage } from './ops/damage.ts'
import { createKeyring, hashApiKey, sameSecret, sha256Hex } from './ops/keyring.ts'
import { readLink } from './ops/link-reader.ts'
import { createLog } from './ops/log.ts'
import { createMetrics } from './ops/metrics.ts'
import { threadId, watchProcessor } from './ops/priority.ts'
import { readinessOf } from './ops/readiness.ts'
import { sizesOf } from './ops/sizes.ts'
import { type Stopped, stopInOrder } from './ops/stop.ts'
import { throttle } from './ops/throttle.ts'
import { warmUpTicks } from './ops/warm-up.ts'
import { readConfig } from './store/config-snapshot.ts'
import { configVersion } from './store/config-version.ts'
import { isPassing } from './store/engine/transact.ts'
import { storeFigures } from './store/figures.ts'
import { openServingStore } from './store/open.ts'
import { startCollector } from './threads/collector.ts'
import { type PipelineThread, startPipeline } from './threads/pipeline.ts'

/** Landed entries stay this long, so that a restored backup of the store can catch up. */
const JOURNAL_KEEP_MS = 24 * 3600_000

/** While the store is away it is looked for this often. */
const STORE_RETRY_MS = 2000

/** How often changes by commands in other processes are looked for. */
const CONFIGURATION_EVERY_MS = 500

/** Landing is woken so long after something was appended: under load not once for each group. */
const WAKE_AFTER_MS = 20

/** The end must not take longer: service managers kill soon after. */
const STOP_MS = 10_000

/** A running server. */
export type Running = {
  address: string
  dashboard: string
  demo: string
  snippet: string
  /** Takes no more, finishes what was accepted, and ends the threads. Says what it could not finish in time. */
  stop(): Promise<Stopped>
}

/** Starts everything and resolves when requests are answered. */
export async function start(config: Config): Promise<Running> {
  await warmUpTicks()
  const lock = lockFolder(config.dataDir)
  const log = createLog(config.logLevel)
  const keyring = createKeyring(config.secret)
  const now = () => Date.now()
  // The times of the journal.
  const steadyNow = createSteadyClock()
  const journalFile = join(config.dataDir, 'journal.db')
  const sitesFile = join(config.dataDir, 'sites.json')
  const waitingOf = ({ backlogBytes }: JournalState) => {
    // How far it has landed is told before anything is landed.
    const position = pipeline?.position() ?? null
    const { entries, oldestAt } = position === null ? { entries: 0, oldestAt: null } : reader.waiting(position)
    const oldestMs = oldestAt === null ? 0 : Math.max(0, steadyNow() - oldestAt)
    return { entries, bytes: backlogBytes, oldestMs }
  }
  const metrics = createMetrics(pkg.version, {
    waiting: async () => waitingOf(await collector.state()),
    store: () => storeFigures(db).catch(() => null),
    files: () => sizesOf(config.dataDir),
  })
  const db = openServingStore(config)
  const building = Promise.all([buildTag(), buildDashboard()])
  const secure = config.publicUrl.startsWith('https:')
  // Needs no store: it starts while the store is brought to its newest schema.
  const collector = startCollector(
    {
      journal: {
        file: journalFile,
        maxBytes: config.journalMaxBytes,
        maxAgeMs: config.journalMaxAgeMs,
        keepLandedMs: JOURNAL_KEEP_MS,
      },
      secret: config.secret,
      secure,
    },
    {
      missed: () => configuration.missed(),
      count: metrics.count,
      onAnswers: () => wakeSoon(),
      onMaintenanceFailed: (message) =>
        log.warn({ error: message }, 'the journal could not be kept small; tried again'),
      onDeath: (error) => {
        // Nothing can be taken any more: better to be restarted by whoever watches the process.
        log.fatal({ err: error }, 'the thread that collects has died')
        process.exitCode = 1
        process.kill(process.pid, 'SIGTERM')
      },
    },
  )
  // They are awaited further down; until then a failure of theirs is nobody's.
  for (const starting of [building, collector.opened]) starting.catch(() => {})
  const prepared = await prepareStore(config, keyring, now()).then(
    () => true,
    (error: unknown) => {
      // Collecting needs only the sites as they were last known; the rest follows when the store is back.
      if (isPassing(error) && existsSync(sitesFile)) return false
      if (isPassing(error) && config.databaseUrl !== null) {
        throw new Error(`the database of DATABASE_URL cannot be reached: ${(error as Error).message}`)
      }
      return explainDamage(config.dataDir, 'couture.db')(error)
    },
  )

  const configuration = await createConfiguration({
    file: sitesFile,
    version: () => configVersion(db),
    read: () => readConfig(db),
    now,
    onChange: collector.use,
    onError: throttle((error: unknown) => log.error({ err: error }, 'the sites could not be read')),
  })
  const collectorId = await collector.opened.catch(explainDamage(config.dataDir, 'journal.db'))
  const reader = openJournalReader(journalFile)
  let pipeline: PipelineThread | null = null
  const wake = () => pipeline?.wake()
  let waking = false
  const wakeSoon = () => {
    if (waking) return
    waking = true
    setTimeout(() => {
      waking = false
      wake()
    }, WAKE_AFTER_MS)
  }

  const findKey = (token: string) => configuration.freshKey(hashApiKey(token))
  const [tag, dashboard] = await building

  const publicOrigin = new URL(config.publicUrl)
  const demo = createDemo({
    db,
    publicUrl: config.publicUrl,
    dataDir: config.dataDir,
    now,
    request: (url, init) => app.request(url, init),
    refresh: configuration.refresh,
  })
  const newId = () => nanoid(22)
  const claiming = {
    cookieMac: keyring.cookieMac,
    secure,
    now,
    newId,
    identifier: keyring.identifier,
    tokenHash: keyring.token,
    sha256: sha256Hex,
    readLink,
  }
  const watching = {
    onRequest: (method: string, route: string, status: number, ms: number) => {
      metrics.request(method, route, status)
      log.debug({ method, route, status, ms: Math.round(ms) }, 'a request')
    },
    onError: (error: unknown, method: string, path: string) =>
      log.error({ err: error, method, path }, 'a request failed'),
  }
  const addressOf = (message: IncomingMessage) => clientAddress(message, config.trustProxy)
  const app = createApp({
    configuration,
    links: { sites: configuration.sites, readLink, fetched: metrics.linkFetched },
    http: {
      db,
      now,
      newId,
      identify: createIdentify({ ...claiming, tombstone: keyring.tombstone }),
      findKey,
      findSite: (id) => configuration.freshSite(id),
      tombstone: keyring.tombstone,
      keysOf: async () => {
        await configuration.refresh()
        return createKeysOf(keyring, configuration.sites)
      },
      mint: createMint(config.publicUrl),
      revoke: async (site, revoking, note) => {
        const revoked = await revokeTokens(db, keyring, site, revoking, now(), note)
        await configuration.refresh()
        return revoked
      },
      checkPassword: (password) => sameSecret(password, config.adminPassword),
      sessionMac: (text) => keyring.sessionMac(`${text} ${config.adminPassword}`),
      secure: (config.adminUrl ?? config.publicUrl).startsWith('https:'),
      wake,
    },
    clientAddress: (c) => (c.env === undefined ? null : addressOf(c.env.incoming)),
    isPrivateHost: (host) => privateHosts()(host),
    isLoopback,
    tag,
    dashboard,
    demo: demo.app,
    metrics: metrics.text,
    readiness: async () => {
      const state = await collector.state()
      const storeReachable = await configuration.refresh()
      return readinessOf({ refusing: state.refusing, storeReachable, waiting: waitingOf(state) })
    },
    version: pkg.version,
    isStoreAway: isPassing,
    ...watching,
  })
  const endpoints = createEndpoints({
    receive: { configuration, clientAddress: addressOf, hashKey: hashApiKey, limit: createRateLimit(isLoopback), now },
    collect: collector.collect,
    knowsOrigin: configuration.knowsOrigin,
    ...watching,
  })

  /** Under `ADMIN_URL`; without it under `PUBLIC_URL`, unless that is a shop's own origin. */
  function privateHosts() {
    if (config.adminUrl !== null) return createPrivateHosts([new URL(config.adminUrl).host])
    return createPrivateHosts(configuration.knowsOrigin(publicOrigin.origin) ? [] : [publicOrigin.host])
  }

  const short = new Int32Array(new SharedArrayBuffer(4))
  const unwatch = watchProcessor(
    [threadId(), collectorId].filter((id) => id !== null),
    short,
  )
  const listening = await listen(endpoints, app.fetch, config)
  let stopping = false
  const begin = async () => {
    pipeline ??= startPipeline(
      { store: config, journalFile, secret: config.secret, short },
      { log, metrics, journal: collector },
    )
    // Only now: a start that fails must not end the key of the server that is running.
    await demo.begin()
  }
  const beginLater = async () => {
    for (;;) {
      await sleep(STORE_RETRY_MS, undefined, { ref: false })
      if (stopping) return
      try {
        await prepareStore(config, keyring, now())
        return await begin()
      } catch (error) {
        if (!isPassing(error)) log.error({ err: error }, 'the store is there and could not be prepared')
      }
    }
  }
  if (prepared) await begin()
  else void beginLater()
  const looking = setInterval(() => configuration.refresh(), CONFIGURATION_EVERY_MS)

  return {
    address: config.publicUrl,
    dashboard: `${config.adminUrl ?? config.publicUrl}/dashboard/`,
    demo: `${config.publicUrl}/demo`,
    snippet:
      `<script async src="${config.publicUrl}/tag.js?site=demo"></script>\n` +
      '<script>window.couture=window.couture||function(){(couture.q=couture.q||[]).push(arguments)}</script>',
    async stop() {
      stopping = true
      clearInterval(looking)
      unwatch()
      const stopped = await stopInOrder(STOP_MS, [
        ['requests', async (ms) => ((await listening.close(ms / 2)) === 0 ? null : 'requests that took too long')],
        ['the journal', () => collector.close()],
        ['landing and deriving', async () => pipeline?.stop()],
        ['the store', () => db.destroy()],
      ])
      reader.close()
      lock.release()
      if (stopped.left.length > 0) log.error(stopped, 'not everything was finished in time')
      log.flush()
      return stopped
    },
  }
}
