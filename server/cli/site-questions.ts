/** What a new site is asked for, by `couture init` and `couture sites create`: who it is, and how its amounts and times read. */
import { readAssignments, readOrigins } from '../actions/site-changes.ts'
import { isSiteId, parseOrigin } from '../actions/sites.ts'
import { parseSetting } from '../domain/setting-text.ts'
import type { SiteSettings } from '../domain/settings.ts'
import { ask } from './asking.ts'
import { Refusal } from './store.ts'

/** What was given as options. */
export type GivenSite = { id?: string; origin?: string[]; currency?: string; timezone?: string }

/** A new site as told, for `createSite`. */
export type NewSite = { id: string; origins: string[]; settings: Partial<SiteSettings> }

const NO_CURRENCY = 'none'

/** Completes what was given by asking. `zone`: the zone of this machine, which is proposed. */
export async function newSiteOf(given: GivenSite, zone: string): Promise<NewSite> {
  const id = given.id ?? (await ask({ option: '--id', text: 'Short name of the shop, such as shop', wrong: idProblem }))
  refuse('--id', idProblem(id))
  const origins = given.origin ?? [
    await ask({ option: '--origin', text: 'Origin of its pages, such as https://shop.example', wrong: originProblem }),
  ]
  for (const origin of origins) refuse('--origin', originProblem(origin))
  const currency =
    given.currency ??
    (await ask({
      option: '--currency',
      text: 'Currency of its prices (ISO 4217), or "none" if every event names it',
      fallback: NO_CURRENCY,
      wrong: (answer) => (answer === NO_CURRENCY ? null : settingProblem('currency', answer.toUpperCase())),
    }))
  const timezone =
    given.timezone ??
    (await ask({
      option: '--timezone',
      text: 'Time zone of the shop',
      fallback: zone,
      wrong: (answer) => settingProblem('timezone', answer),
    }))
  const code = currency === NO_CURRENCY ? '' : currency.toUpperCase()
  refuse('--currency', settingProblem('currency', code))
  refuse('--timezone', settingProblem('timezone', timezone))
  const { settings = {} } = readAssignments([`currency=${code}`, `timezone=${timezone}`], false)
  return { id, origins: readOrigins(origins), settings }
}

function idProblem(id: string): string | null {
  return isSiteId(id) ? null : `must be 1 to 40 of a-z 0-9 _ - (got "${id}")`
}

function originProblem(origin: string): string | null {
  const parsed = parseOrigin(origin)
  return 'error' in parsed ? parsed.error : null
}

function settingProblem(name: 'currency' | 'timezone', value: string): string | null {
  const parsed = parseSetting(name, value)
  return 'error' in parsed ? parsed.error : null
}

function refuse(option: string, problem: string | null): void {
  if (problem !== null) throw new Refusal(problem.startsWith('must') ? `${option} ${problem}` : problem)
}
