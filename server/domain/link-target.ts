/** Where a mail link may lead. */
import type { Site } from './settings.ts'

/** Placeholders of mail tools. A token signs the whole address, so nothing in it can be filled in afterwards. */
const MERGE_FIELD = /\{\{|\}\}|\*\||\|\*|%%|\$\{|%7B%7B|<%/i

/** Why a link of the site may not lead to an address, or null. */
export function targetProblem(target: string, site: Site): { code: string; message: string } | null {
  if (MERGE_FIELD.test(target)) {
    const message =
      `target must be the address of a page as it is: the token signs it, so a mail tool cannot fill it in; ` +
      `mint the tokens of each page separately (got "${target}")`
    return { code: 'merge_field', message }
  }
  if (!/^https?:$/.test(URL.parse(target)?.protocol ?? '')) {
    return { code: 'invalid_request', message: `target must be an http or https URL (got "${target}")` }
  }
  if (isOnSite(target, site)) return null
  const message = `target must be on an origin of the site or one of its redirect_hosts (got "${new URL(target).host}")`
  return { code: 'target_not_allowed', message }
}

/** Whether a page is on the site itself or on a host that the site lists. */
export function isOnSite(page: string, site: Site): boolean {
  const { host, origin, protocol } = new URL(page)
  return site.origins.includes(origin) || (/^https?:$/.test(protocol) && site.settings.redirect_hosts.includes(host))
}
