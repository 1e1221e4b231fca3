/**
 * The composition root: starts the threads, passes each part its dependencies, and serves HTTP. It decides nothing itself.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { nanoid } from 'nanoid'
import pkg from '../package.json' with { type: 'json' }
import { createDemo, type Demo } from './actions/demo.ts'
import type { FirstOwner } from './actions/first-owner.ts'
import { createKeyNotes } from './actions/keys.ts'
import { prepareLater, prepareNow } from './actions/prepare-at-start.ts'
import { prepareStore } from './actions/prepare-store.ts'
import { createQualityNotes } from './actions/quality-notes.ts'
import { type RebuildProgress, rebuildProgress } from './actions/rebuild.ts'
import { type Welcome, welcomeTo } from './actions/welcome.ts'
import { createApp } from './app.ts'
import { createConfiguration } from './collect/configuration.ts'
import { createEndpoints } from './collect/endpoints.ts'
import { createRateLimit } from './collect/rate-limit.ts'
import { senderAddress } from './collect/stamp.ts'
import { QUALITY_PROBLEMS } from './domain/quality.ts'
import { createHttpDeps } from './http-deps.ts'
import { lockFolder } from './journal/folder-lock.ts'
import { type JournalReader, openJournalReader } from './journal/journal.ts'
import { listen, PATIENCE } from './listen.ts'
import { createDoors, isLoopback, ownAddress } from './ops/address.ts'
import { buildDashboard, buildTag } from './ops/bundle.ts'
import { createCaughtUp } from './ops/caught-up.ts'
import { createSteadyClock } from './ops/clock.ts'
import { coalesce } from './ops/coalesce.ts'
import type { Config } from './ops/config.ts'
import { explainDamage, explainStore } from './ops/damage.ts'
import { connectionLimits } from './ops/file-limit.ts'
import { createKeyring, hashSecret } from './ops/keyring.ts'
import { readLink } from './ops/link-reader.ts'
import { createLog } from './ops/log.ts'
import { createMetrics } from './ops/metrics.ts'
import { precompressAll } from './ops/precompressed.ts'
import { threadId, watchProcessor } from './ops/priority.ts'
import { createWaiting, readinessOf } from './ops/readiness.ts'
import { sizesOf } from './ops/sizes.ts'
import { endProcess, type Stopped, stopInOrder } from './ops/stop.ts'
import { createTagFiles } from './ops/tag-files.ts'
import { throttle } from './ops/throttle.ts'
import { warmUpTicks } from './ops/warm-up.ts'
import { createWatching } from './ops/watching.ts'
import { readConfig } from './store/config-snapshot.ts'
import { configVersion } from './store/config-version.ts'
import { isPassing } from './store/engine/transact.ts'
import { storeFigures } from './store/figures.ts'
import { openServingStore } from './store/open.ts'
import { isKnownVisitor } from './store/visitors.ts'
import { startCollector } from './threads/collector.ts'
import { type PipelineThread, startPipeline } from './threads/pipeline.ts'

/** How long landed entries stay in the journal, so that a restored backup of the store can catch up. */
const JOURNAL_KEEP_MS = 24 * 3600_000

/** How often the store is checked for sites and keys changed by commands in other processes. */
const CONFIGURATION_EVERY_MS = 500

/** How long after an append landing is woken, so that under load it is not woken for every group. */
const WAKE_AFTER_MS = 20

/** The longest time for a shutdown, because service managers kill the process soon after. */
const STOP_MS = 10_000

/** A running server. */
export type Running = Welcome & {
  /** The progress of a running rebuild, which an upgrade may have requested. */
  rebuild(): Promise<RebuildProgress | null>
  /** Stops accepting requests, finishes accepted work and ends the threads. Returns what was not finished in time. */
  stop(): Promise<Stopped>
}

const now = () => Date.now()
const newId = () => nanoid(22)

/**
 * Starts the server, and resolves once it answers requests. `onFirstOwner` is given the user that the first start creates,
 * which is later if the store is unavailable.
 */
export async function start(config: Config, onFirstOwner: (owner: FirstOwner) => void): Promise<Running> {
  await warmUpTicks()
  const instance = newId()
  const lock = lockFolder(config.dataDir, { address: ownAddress(config), instance })
  const log = createLog(config.logLevel)
  const keyring = createKeyring(config.secret)
  const journalFile = join(config.dataDir, 'journal.db')
  const sitesFile = join(config.dataDir, 'sites.json')

  let pipeline: PipelineThread | null = null
  let demo: Demo | null = null
  const wake = () => pipeline?.wake()
  const waitingOf = createWaiting({
    position: () => pipeline?.position() ?? null,
    after: (position) => reader.waiting(position),
    now: createSteadyClock(),
  })
  const caughtUp = createCaughtUp({
    position: () => pipeline?.position() ?? null,
    newest: () => reader.identity().newest,
    ...{ wake, sleep },
  })
  const metrics = createMetrics(pkg.version, QUALITY_PROBLEMS, {
    waiting: async () => waitingOf((await collector.state()).backlogBytes),
    store: () => storeFigures(db).catch(() => null),
    files: () => sizesOf(config.dataDir),
  })
  const db = openServingStore(config)
  const keys = createKeyNotes(db, now, (error) => log.error({ err: error }, 'the use of a key could not be noted'))
  const quality = createQualityNotes({
    ...{ db, now, count: metrics.unread },
    onMissingConsent: (missing, sentence) =>
      log.warn(missing, `${sentence}; docs/consent.md#missing-consent says what to do`),
    onError: throttle((error: unknown) => log.error({ err: error }, 'what could not be read could not be counted')),
  })
  const building = buildDashboard()
  // The collector needs no store, so it starts while the store is migrated.
  const collector = startCollector(
    {
      journal: {
        file: journalFile,
        maxBytes: config.journalMaxBytes,
        maxAgeMs: config.journalMaxAgeMs,
        keepLandedMs: JOURNAL_KEEP_MS,
      },
      secret: config.secret,
      secure: config.publicUrl.startsWith('https:'),
    },
    {
      missed: () => configuration.missed(),
      isKnown: (visitor) => isKnownVisitor(db, visitor, keyring.tombstone(visitor)),
      count: metrics.count,
      onAnswers: coalesce(wake, WAKE_AFTER_MS),
      onMaintenanceFailed: (message) =>
        log.warn({ error: message }, 'maintenance of the journal failed and will be retried'),
      onKeyUsed: keys.used,
      onQuality: quality.add,
      onDeath: (error) => endProcess(log, error, 'the collector thread has died'),
    },
  )
  // Both are awaited below. Until then a rejection must not count as unhandled.
  for (const starting of [building, collector.opened]) starting.catch(() => {})
  const preparing = {
    prepare: async () => {
      const owner = await prepareStore(config, keyring, now())
      if (owner !== null) onFirstOwner(owner)
    },
    isAway: isPassing,
    knowsSites: () => existsSync(sitesFile),
    explain: explainStore(config, isPassing),
  }
  const prepared = await prepareNow(preparing)
  const configuration = await createConfiguration({
    file: sitesFile,
    version: () => configVersion(db),
    read: () => readConfig(db),
    now,
    onChange: (snapshot) => {
      collector.use(snapshot)
      void demo?.follow()
    },
    onError: throttle((error: unknown) => log.error({ err: error }, 'the sites could not be read')),
  })
  const collectorId = await collector.opened.catch(explainDamage(config.dataDir, 'journal.db'))
  const reader: JournalReader = openJournalReader(journalFile)
  const dashboard = await building

  const { watching, addressOf } = createWatching(log, metrics, config.trustProxy)
  const shop = createDemo({
    db,
    keyring,
    publicUrl: config.publicUrl,
    dataDir: config.dataDir,
    stays: config.demo,
    sites: configuration.sites,
    now,
    newId,
    request: (url, init) => app.request(url, init),
    refresh: configuration.refresh,
    onError: (error) => log.warn({ err: error }, 'the demo shop could not be opened or closed'),
  })
  const doors = createDoors(config, configuration.isShopHost)
  const app = createApp({
    configuration,
    links: { sites: configuration.sites, readLink, fetched: metrics.linkFetched },
    http: createHttpDeps({ config, keyring, db, configuration, now, newId, keyUsed: keys.used, caughtUp, wake }),
    isThisMachine: (c) => doors.isThisMachine(c.env.incoming),
    // The demo shop calls the application without a connection.
    isPrivate: (c) => c.env === undefined || doors.isPrivate(c.env.incoming),
    tag: createTagFiles(buildTag),
    dashboard: precompressAll(dashboard),
    demo: shop.app,
    isDemo: ({ env: { incoming } }) =>
      shop.answers({ isHere: doors.isThisMachine(incoming), isPrivate: doors.isPrivate(incoming) }),
    metrics: metrics.text,
    readiness: async () => {
      const { refusing, backlogBytes } = await collector.state()
      const storeReachable = await configuration.refresh()
      return readinessOf({ refusing, storeReachable, waiting: waitingOf(backlogBytes) })
    },
    version: pkg.version,
    instance,
    address: config.adminUrl ?? config.publicUrl,
    isStoreAway: isPassing,
    ...watching,
  })
  const endpoints = createEndpoints({
    receive: {
      ...{ configuration, clientAddress: addressOf, hashKey: hashSecret, keyUsed: keys.used },
      ...{ limit: createRateLimit(isLoopback), now },
    },
    collect: collector.collect,
    knowsOrigin: configuration.knowsOrigin,
    publicUrl: config.publicUrl,
    onLimited: metrics.limited,
    ...watching,
  })
  const short = new Int32Array(new SharedArrayBuffer(4))
  const unwatch = watchProcessor(
    [threadId(), collectorId].filter((id) => id !== null),
    short,
  )
  const listening = await listen(endpoints, app.fetch, config, {
    ...PATIENCE,
    ...connectionLimits(),
    senderOf: (address) => (config.trustProxy > 0 || isLoopback(address) ? null : senderAddress(address)),
    onRefused: metrics.limited,
  })

  let stopping = false
  const begin = async () => {
    pipeline ??= startPipeline(
      { store: config, journalFile, secret: config.secret, short },
      { log, metrics, journal: collector, onQuality: quality.add },
    )
    // The demo replaces its API key, so it begins last: a start that fails must not revoke a running server's key.
    demo = shop
    await demo.follow()
  }
  if (prepared) await begin()
  else {
    void prepareLater(preparing, {
      begin,
      onError: (error) => log.error({ err: error }, 'the store is available but could not be prepared'),
      isStopping: () => stopping,
      sleep: (ms) => sleep(ms, undefined, { ref: false }),
    })
  }
  const refreshTimer = setInterval(() => configuration.refresh(), CONFIGURATION_EVERY_MS)

  return {
    ...welcomeTo(config, configuration.sites(), shop.isOpen()),
    rebuild: () => rebuildProgress(db),
    async stop() {
      stopping = true
      clearInterval(refreshTimer)
      unwatch()
      const stopped = await stopInOrder(STOP_MS, [
        ['requests', async (ms) => ((await listening.close(ms / 2)) === 0 ? null : 'requests that took too long')],
        ['the journal', () => collector.close()],
        ['landing and deriving', async () => pipeline?.stop()],
        ['the store', () => Promise.all([keys.settled(), quality.settled(), shop.stop()]).then(() => db.destroy())],
      ])
      reader.close()
      lock.release()
      if (stopped.left.length > 0) log.error(stopped, 'not everything was finished in time')
      log.flush()
      return stopped
    },
  }
}
