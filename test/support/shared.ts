/**
 * The resources shared by all tests of a run: one PostgreSQL, one Chromium, the bundled product, a store to be copied, the
 * assigned ports, and processes that run commands. Vitest's main process holds it, starts each when a test first asks for it
 * (`ask.ts`), and stops it at the end of the run.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Shared } from './ask.ts'
import { bundleProduct } from './bundled.ts'
import { installedChromium, launchServer } from './chromium.ts'
import { createCommandHosts } from './command-hosts.ts'
import { administer, hasCitus, urlOn } from './nodes.ts'
import { createPorts } from './port.ts'
import { startCluster } from './postgres.ts'

type Answers = { [K in keyof Shared]: (given: Shared[K]['given']) => Promise<Shared[K]['got']> }

/** Called by vitest before the tests; what it returns is called after them. */
export default async function setup(): Promise<() => Promise<void>> {
  const endings: (() => Promise<unknown>)[] = []
  const ports = createPorts()
  const product = once(async () => {
    const { main, remove } = await bundleProduct()
    endings.push(async () => remove())
    return main
  })
  const hosts = createCommandHosts(product)
  endings.push(async () => hosts.stop())
  const chromium = once(async () => installedChromium())
  const postgres = once(async () => {
    if (process.env.DATABASE_URL) return process.env.DATABASE_URL
    if (process.env.CITUS_WORKERS) throw new Error('CITUS_WORKERS needs DATABASE_URL, the URL of its coordinator')
    const cluster = await startCluster({ port: await ports() })
    endings.push(cluster.stop)
    return cluster.url
  })
  const answers: Answers = {
    port: ports,
    command: hosts.run,
    chromium,
    product,
    browser: once(async () => {
      const server = await launchServer(await chromium())
      endings.push(() => server.close())
      return server.wsEndpoint()
    }),
    postgres,
    template: once(async () => {
      const url = await postgres()
      if (process.env.CITUS_WORKERS || (await hasCitus(url))) return null
      const name = `couture_template_${process.pid}`
      await administer(url, `create database ${name}`)
      endings.unshift(() => administer(url, `drop database ${name} with (force)`))
      const { createPostgresStore } = await import('../../server/store/engine/postgres.ts')
      const { migrate } = await import('../../server/store/migrate.ts')
      const db = createPostgresStore(urlOn(url, name), { connections: 2, name: 'template', statementTimeoutMs: null })
      await migrate(db)
      await db.destroy()
      return name
    }),
    storeFile: once(async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'couture-template-'))
      endings.push(async () => rmSync(dataDir, { recursive: true, force: true }))
      const { createSqliteStore } = await import('../../server/store/engine/sqlite.ts')
      const { migrate } = await import('../../server/store/migrate.ts')
      const file = join(dataDir, 'couture.db')
      const db = createSqliteStore(file)
      await migrate(db)
      await db.destroy()
      return file
    }),
  }
  // Idle connections stay open: a busy test may send its next request into one that is being closed.
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const answer = answers[request.url!.slice(1) as keyof Shared] as (given: unknown) => Promise<unknown>
    try {
      response.end(JSON.stringify(await answer(JSON.parse(await text(request)))))
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  process.env.TEST_SHARED_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return async () => {
    server.close()
    server.closeAllConnections()
    for (const end of endings) await end()
  }
}

/** Starts a resource at its first request; all callers get the same one. */
function once<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | null = null
  return () => {
    started ??= start()
    return started
  }
}
