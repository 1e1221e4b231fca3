/**
 * The composition root: makes the threads, hands each part what it needs, and serves HTTP. Nothing is decided here.
 */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type ServerType, serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import { nanoid } from 'nanoid'
import pkg from '../package.json' with { type: 'json' }
import { createShop, seedShop } from '../test/shop/shop.ts'
import { createApp } from './app.ts'
import { buildDashboard, buildTag } from './build.ts'
import { createConfiguration } from './collect/configuration.ts'
import { createRateLimit } from './collect/limits.ts'
import { withToken } from './collect/link.ts'
import { mintToken, readToken } from './domain/token.ts'
import { startJournal } from './journal/group-commit.ts'
import { clientAddress, createPrivateHosts, isLoopback } from './ops/address.ts'
import type { Config } from './ops/config.ts'
import { createKeyring, hashApiKey, linkMac, sameSecret, sha256Hex } from './ops/keyring.ts'
import { createLog } from './ops/log.ts'
import { createMetrics } from './ops/metrics.ts'
import type { PipelineData, PipelineReport, PipelineRequest } from './pipeline.ts'
import { createKey, createKeysOf, createSite } from './sites.ts'
import { migrate } from './store/migrate.ts'
import { seedPresets } from './store/segments.ts'
import { configVersion, findSite, readConfig, updateSite } from './store/sites.ts'
import { createThreadedSqliteStore } from './store/sqlite-threads.ts'

/** Threads that answer queries: one may be busy with a report while another takes a write. */
const STORE_THREADS = 2

/** What has not landed may take this much, then collectors are told to come back. */
const JOURNAL_MAX_BYTES = 4 * 1024 ** 3

/** Landed entries stay this long, so that a restored backup of the store can catch up. */
const JOURNAL_KEEP_MS = 24 * 3600_000

/** How often changes by commands in other processes are looked for. */
const CONFIGURATION_EVERY_MS = 500

/** Landing is woken so long after something was appended: under load not once for each group. */
const WAKE_AFTER_MS = 20

/** A running server. */
export type Running = {
  address: string
  dashboard: string
  demo: string
  snippet: string
  /** Takes no more, finishes what was accepted, and ends the threads. */
  stop(): Promise<void>
}

/** Starts everything and resolves when requests are answered. */
export async function start(config: Config): Promise<Running> {
  const log = createLog(config.logLevel)
  const metrics = createMetrics(() => journal.state().backlogBytes)
  const keyring = createKeyring(config.secret)
  const now = () => Date.now()
  const files = {
    storeFile: join(config.dataDir, 'couture.db'),
    journalFile: join(config.dataDir, 'journal.db'),
  }
  const db = createThreadedSqliteStore(files.storeFile, STORE_THREADS)
  const building = Promise.all([buildTag(), buildDashboard()])
  // Needs no store: it starts while the store is brought to its newest schema.
  const startingJournal = startJournal({
    file: files.journalFile,
    maxBytes: JOURNAL_MAX_BYTES,
    keepLandedMs: JOURNAL_KEEP_MS,
    now,
    onAppended: () => wakeSoon(),
    onDeath: (error) => log.fatal({ err: error }, 'the thread of the journal has died; every request is answered 503'),
  })
  await migrate(db)
  await seedPresets(db, now())
  await ensureDemoSite()

  const configuration = await createConfiguration({
    file: join(config.dataDir, 'sites.json'),
    version: () => configVersion(db),
    read: () => readConfig(db),
    now,
    onError: (error) => log.error({ err: error }, 'the sites could not be read'),
  })
  const journal = await startingJournal
  const pipeline = startPipeline({ ...files, secret: config.secret })
  const tellPipeline = (request: PipelineRequest) => pipeline.postMessage(request)
  const wake = () => tellPipeline({ kind: 'wake' })
  let waking = false
  const wakeSoon = () => {
    if (waking) return
    waking = true
    setTimeout(() => {
      waking = false
      wake()
    }, WAKE_AFTER_MS)
  }

  const secure = config.publicUrl.startsWith('https:')
  const findKey = (token: string) => configuration.freshKey(hashApiKey(token))
  const decode = (text: string) => Buffer.from(text, 'base64url').toString('utf8')
  const encode = (text: string) => Buffer.from(text, 'utf8').toString('base64url')
  let demoKey = ''
  const [tag, dashboard] = await building

  const publicOrigin = new URL(config.publicUrl)
  const demoShop = {
    base: '/demo',
    site: 'demo',
    tagPath: '/tag.js',
    publicUrl: () => config.publicUrl,
    identitySecret: async () => (await findSite(db, 'demo'))!.identity_secret,
    api: async (path: string, init?: RequestInit) => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${demoKey}`)
      headers.set('host', 'localhost')
      return app.request(`http://localhost${path}`, { ...init, headers })
    },
    now,
  }
  const app = createApp({
    collect: {
      configuration,
      journal,
      hashKey: hashApiKey,
      cookieMac: keyring.cookieMac,
      secure,
      limit: createRateLimit(isLoopback),
      now,
      newId: () => nanoid(22),
      count: metrics.count,
      identifier: keyring.identifier,
      tokenHash: keyring.token,
      sha256: sha256Hex,
      readLink: (secret, token) => readToken(linkMac, secret, decode, token),
    },
    http: {
      db,
      publicUrl: config.publicUrl,
      now,
      newId: () => nanoid(22),
      findKey,
      findSite: (id) => configuration.freshSite(id),
      keysOf: async () => {
        await configuration.refresh()
        return createKeysOf(keyring, configuration.sites)
      },
      mint: (site, token) => mintToken(linkMac, site.link_secret, encode, token),
      withToken,
      checkPassword: (password) => sameSecret(password, config.adminPassword),
      sessionMac: (text) => keyring.sessionMac(`${text} ${config.adminPassword}`),
      secure: (config.adminUrl ?? config.publicUrl).startsWith('https:'),
      wake,
    },
    clientAddress: (c) => clientAddress(peerOf(c), () => c.req.header('x-forwarded-for'), config.trustProxy),
    isPrivateHost: (host) => privateHosts()(host),
    isLoopback,
    tag,
    dashboard,
    demo: createShop(demoShop),
    metrics: metrics.text,
    notReady: async () => {
      const { refusing } = journal.state()
      if (refusing !== null) return refusing
      return (await configuration.refresh()) ? null : 'the store cannot be read'
    },
    version: pkg.version,
    onError: (error, method, path) => log.error({ err: error, method, path }, 'a request failed'),
  })

  /** Under `ADMIN_URL`; without it under `PUBLIC_URL`, unless that is a shop's own origin. */
  function privateHosts() {
    if (config.adminUrl !== null) return createPrivateHosts([new URL(config.adminUrl).host])
    return createPrivateHosts(configuration.knowsOrigin(publicOrigin.origin) ? [] : [publicOrigin.host])
  }

  const server = await listen(app.fetch, config)
  // Only now: a start that fails must not end the key of the server that is running.
  demoKey = (await createKey(db, { id: 'demo-shop', scopes: ['contacts:write', 'links:write'] }, now())).key
  await configuration.refresh()
  await seedShop(demoShop)
  const looking = setInterval(() => configuration.refresh(), CONFIGURATION_EVERY_MS)

  return {
    address: config.publicUrl,
    dashboard: `${config.adminUrl ?? config.publicUrl}/dashboard/`,
    demo: `${config.publicUrl}/demo`,
    snippet:
      `<script async src="${config.publicUrl}/tag.js?site=demo"></script>\n` +
      '<script>window.couture=window.couture||function(){(couture.q=couture.q||[]).push(arguments)}</script>',
    async stop() {
      clearInterval(looking)
      await new Promise((resolve) => server.close(resolve))
      await journal.close()
      const stopped = new Promise((resolve) => pipeline.once('exit', resolve))
      tellPipeline({ kind: 'stop' })
      await stopped
      await db.destroy()
      log.flush()
    },
  }

  async function ensureDemoSite() {
    const origin = new URL(config.publicUrl).origin
    const origins = [...new Set([origin, `http://localhost:${config.port}`, `http://127.0.0.1:${config.port}`])]
    const site = await findSite(db, 'demo')
    // A cart is abandoned after a minute here, so that the tour needs no patience.
    if (!site) await createSite(db, keyring, { id: 'demo', origins, settings: { cart_idle_minutes: 1 } }, now())
    else if (origins.some((each) => !site.origins.includes(each))) {
      await updateSite(db, 'demo', { origins: [...new Set([...site.origins, ...origins])] })
    }
  }

  function startPipeline(workerData: PipelineData): Worker {
    const worker = new Worker(new URL('./pipeline.ts', import.meta.url), { workerData })
    worker.on('message', (report: PipelineReport) => {
      switch (report.kind) {
        case 'landed':
          metrics.landed(report.position, report.lagMs)
          return journal.landed(report.position)
        case 'error':
          metrics.failed(report.stage)
          return log.error({ stage: report.stage, error: report.message }, 'a round failed and will be tried again')
      }
    })
    worker.on('error', (error) => {
      // Collecting could go on, but nothing would be landed: better to be restarted by whoever watches the process.
      log.fatal({ err: error }, 'the thread that lands and derives has died')
      process.exitCode = 1
      process.kill(process.pid, 'SIGTERM')
    })
    return worker
  }
}

function peerOf(c: Context): string | null {
  // A request that the process makes to itself has no connection.
  return c.env === undefined || !('incoming' in c.env) ? null : (getConnInfo(c).remote.address ?? null)
}

function listen(fetch: (request: Request) => Response | Promise<Response>, config: Config): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    // An import of a large file takes as long as it takes; slow headers are cut off by a timeout of their own.
    const options = { fetch, port: config.port, hostname: config.host, serverOptions: { requestTimeout: 0 } }
    const server = serve(options, () => resolve(server))
    server.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'EADDRINUSE') {
        reject(new Error(`PORT ${config.port} is in use on ${config.host}; set PORT to another, or stop what uses it`))
      } else reject(error)
    })
  })
}
