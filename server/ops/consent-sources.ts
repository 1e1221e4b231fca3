/** What `couture doctor` says of where the visitors of each site make their choices. */
import type { Finding } from './doctor.ts'

/** Where the choices of a site were made, the commonest first. */
export type ChoiceOrigin = { site: string; source: string; choices: number }

/** Says for each site where the choices of its visitors come from. */
export function checkConsentSources(
  sites: { id: string; settings: { consent_source: string } }[],
  origins: ChoiceOrigin[],
): Finding[] {
  return sites.flatMap(({ id, settings: { consent_source: setting } }): Finding[] => {
    const own = origins.filter(({ site }) => site === id)
    if (own.length === 0) return []
    const named = own.map(({ source, choices }) => `${source} (${choices})`).join(', ')
    return [
      { state: 'ok', what: `${id}: the newest choices of visitors come from ${named}; consent_source is ${setting}` },
    ]
  })
}
