/**
 * tarteaucitron 1. Categories are the keys of services and their types (`analytic`, `ads`, …). A service that waits was not
 * answered. A yes counts only where it takes a click: not without `highPrivacy`, where browsing on is enough, nor for a
 * service that needs no consent or begins allowed, nor where the shop bypasses the question.
 */
import type { Watch } from './source.ts'
import { type Reading, type Source, watchPlatforms } from './watch.ts'

type Service = { type: string; needConsent?: boolean; defaultState?: unknown }
type Page = {
  tarteaucitron?: {
    job: string[]
    state: Record<string, boolean | undefined>
    services: Record<string, Service>
    parameters: { highPrivacy?: boolean; serviceDefaultState?: unknown }
    user: { bypass?: boolean }
    version?: unknown
  }
}

/** Reads `window.tarteaucitron`. */
export const tarteaucitron: Source = (changed) => {
  const platform = (window as Page).tarteaucitron
  if (!platform) return
  document.addEventListener('tac.consent_updated', changed)
  return () => {
    const { job, state, services, parameters, user, version } = platform
    const states: Reading['states'] = []
    for (const key of job) {
      const { type, needConsent, defaultState = parameters.serviceDefaultState } = services[key]!
      const isYes = state[key]
      const isClicked = parameters.highPrivacy && !user.bypass && needConsent && defaultState !== true
      if (isYes === false || (isYes && isClicked)) states.push([key, isYes], [type, isYes])
    }
    return states.length > 0 && { states, policy: `tarteaucitron ${version}`, isPartial: true }
  }
}

/** Watches it. */
export const watch: Watch = (tell, settings) => watchPlatforms([['tarteaucitron', tarteaucitron]], tell, settings)
