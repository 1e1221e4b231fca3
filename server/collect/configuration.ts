/**
 * The snapshot of sites and keys that the public routes work from: in memory, with a copy in a file beside the journal,
 * so that collecting can start and continue while the store is unreachable.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiKey } from '../domain/api-key.ts'
import { DEMO_SITE } from '../domain/demo.ts'
import type { Site } from '../domain/settings.ts'

/** Sites and keys at a version. */
export type Snapshot = {
  version: number
  sites: Site[]
  keys: (ApiKey & { hash: string })[]
}

/** What endpoints look up. The `fresh` lookups refresh once before they fail: the entry may have just been created. */
export type Directory = {
  sites(): Iterable<Site>
  /** Resolves after the next refresh that a missing entry may trigger. */
  missed(): Promise<void>
  freshSite(id: string): Promise<Site | undefined>
  freshKey(hash: string): Promise<ApiKey | undefined>
}

/** The directory of the thread that reads the store. */
export type Configuration = Directory & {
  /** Whether there is a key with this hash, as far as is known now. */
  knowsKey(hash: string): boolean
  /** Whether any site lists the origin. */
  knowsOrigin(origin: string): boolean
  /** Whether a host name, in lower case and without a final dot, is one of a shop's origins; the demo is no shop. */
  isShopHost(name: string): boolean
  /** Checks whether the store has a newer version. Returns whether the store could be asked. */
  refresh(): Promise<boolean>
}

/** A directory of the last snapshot it was given. `missed` must resolve once the newest snapshot was given. */
export function createDirectory(missed: () => Promise<void>): Directory & { use(snapshot: Snapshot): void } {
  let sites = new Map<string, Site>()
  let keys = new Map<string, ApiKey>()
  return {
    use(snapshot) {
      sites = new Map(snapshot.sites.map((site) => [site.id, site]))
      keys = new Map(snapshot.keys.map(({ hash, ...key }) => [hash, key]))
    },
    sites: () => sites.values(),
    missed,
    async freshSite(id) {
      if (!sites.has(id)) await missed()
      return sites.get(id)
    },
    async freshKey(hash) {
      if (!keys.has(hash)) await missed()
      return keys.get(hash)
    },
  }
}

function hostNameOf(origin: string): string {
  return (URL.parse(origin)?.hostname ?? '').replace(/\.$/, '')
}

/** Unknown sites and keys trigger a refresh at most this often; requests in between wait for the next one. */
const MISS_EVERY_MS = 100

/** A configuration that reads the store through `version` and `read`, writes `file`, and reports what it uses. */
export async function createConfiguration(deps: {
  file: string
  version: () => Promise<number>
  read: () => Promise<Snapshot>
  now: () => number
  onChange: (snapshot: Snapshot) => void
  onError: (error: unknown) => void
}): Promise<Configuration> {
  const { use: list, ...directory } = createDirectory(() => afterMiss())
  let keys = new Set<string>()
  let origins = new Set<string>()
  let shopHosts = new Set<string>()
  let version = -1
  let lastMiss = 0
  let running: Promise<boolean> | null = null
  let next: Promise<boolean> | null = null
  let missed: Promise<void> | null = null

  const use = (snapshot: Snapshot) => {
    version = snapshot.version
    list(snapshot)
    keys = new Set(snapshot.keys.map((key) => key.hash))
    origins = new Set(snapshot.sites.flatMap((site) => site.origins))
    const shops = snapshot.sites.filter((site) => site.id !== DEMO_SITE)
    shopHosts = new Set(shops.flatMap((site) => site.origins.map(hostNameOf)))
    deps.onChange(snapshot)
  }
  const look = async (): Promise<boolean> => {
    try {
      if ((await deps.version()) === version) return true
      const snapshot = await deps.read()
      use(snapshot)
      // Written beside it and renamed, so that no reader sees half a file.
      writeFileSync(`${deps.file}.new`, JSON.stringify(snapshot), { mode: 0o600 })
      renameSync(`${deps.file}.new`, deps.file)
      return true
    } catch (error) {
      deps.onError(error)
      return false
    }
  }
  // A refresh in progress may have read before the caller's change, so one more follows it.
  const refresh = (): Promise<boolean> => {
    if (running !== null) {
      next ??= running.then(() => {
        next = null
        return refresh()
      })
      return next
    }
    running = look().finally(() => {
      running = null
    })
    return running
  }
  const lookAfterMiss = async () => {
    await sleep(Math.min(MISS_EVERY_MS, Math.max(0, lastMiss + MISS_EVERY_MS - deps.now())))
    missed = null
    lastMiss = deps.now()
    await refresh()
  }
  const afterMiss = (): Promise<void> => {
    missed ??= lookAfterMiss()
    return missed
  }

  if (!(await refresh())) use(JSON.parse(readFileSync(deps.file, 'utf8')) as Snapshot)
  return {
    ...directory,
    knowsKey: (hash) => keys.has(hash),
    knowsOrigin: (origin) => origins.has(origin),
    isShopHost: (name) => shopHosts.has(name),
    refresh,
  }
}
