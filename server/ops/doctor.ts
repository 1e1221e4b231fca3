/**
 * `couture doctor`: looks at an installation from the inside, and with a URL at how a shop's pages reach it, and says
 * what is wrong and what to do. It changes nothing.
 */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** One finding. `ok` is good, `note` is worth knowing, `wrong` needs somebody. */
export type Finding = { state: 'ok' | 'note' | 'wrong'; what: string }

const LOW_DISK_BYTES = 1024 ** 3

/** Looks at the runtime and the data folder. */
export function checkInside(dataDir: string, nodeVersion: string): Finding[] {
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
  for (const name of ['secret', 'admin-password', 'sites.json']) {
    const path = join(dataDir, name)
    if (!existsSync(path)) continue
    const open = (statSync(path).mode & 0o077) !== 0
    findings.push(
      open
        ? { state: 'wrong', what: `${path} can be read by others; chmod 600 it` }
        : { state: 'ok', what: `${path} is for its owner only` },
    )
  }
  return findings
}

/** Says which visitors send more than anybody does; `ids` are the first of them. */
export function checkOveractive(ids: string[]): Finding[] {
  if (ids.length === 0) return []
  const what = `overactive visitors, whose events are kept and nothing made of them: ${ids.join(', ')}; the API lists them all at /api/v1/visitors?state=overactive`
  return [{ state: 'note', what }]
}

/** What `checkOutside` needs: the page's origin of the shop, and how to fetch. */
export type OutsideDeps = { fetch: typeof fetch; origins: string[] }

/** Looks at the collector as browsers reach it. `url` is the tag's address or the folder it is in. */
export async function checkOutside(url: string, deps: OutsideDeps): Promise<Finding[]> {
  const base = new URL(url.replace(/tag\.js(\?.*)?$/, '').replace(/\/*$/, '/'))
  const findings: Finding[] = []
  if (base.protocol === 'http:' && !isLocal(base.hostname)) {
    findings.push({
      state: 'wrong',
      what: `${base.origin} is http; serve it over https, or the cookie can be read on the way`,
    })
  }
  try {
    const answer = await deps.fetch(new URL('healthz', base), { redirect: 'manual' })
    findings.push(
      answer.status === 200
        ? { state: 'ok', what: `${base.href} is reached` }
        : {
            state: 'wrong',
            what: `${base.href}healthz answered ${answer.status}; the proxy must strip the path's prefix and hand the rest on`,
          },
    )
  } catch (error) {
    const reason =
      (error as Error).cause instanceof Error ? ((error as Error).cause as Error).message : (error as Error).message
    return [...findings, { state: 'wrong', what: `${base.href} cannot be reached: ${reason}` }]
  }
  for (const origin of deps.origins) findings.push(firstParty(base, new URL(origin)))
  return findings
}

/** How browsers see the collector from a shop's page: the closer, the longer the cookie lives. */
function firstParty(collector: URL, shop: URL): Finding {
  if (collector.host === shop.host) {
    return { state: 'ok', what: `${shop.origin}: the collector is a path of the shop; its cookie is first party` }
  }
  const site = (host: string) => host.split('.').slice(-2).join('.')
  if (site(collector.hostname) === site(shop.hostname)) {
    return {
      state: 'note',
      what: `${shop.origin}: the collector is on another host of the same domain; Safari shortens the cookie to 7 days if their networks differ. A path of the shop is better.`,
    }
  }
  return {
    state: 'wrong',
    what: `${shop.origin}: the collector is on another domain, where browsers drop its cookie; serve it from a path of the shop`,
  }
}

function isLocal(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}
