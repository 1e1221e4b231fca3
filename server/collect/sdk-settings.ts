/**
 * The settings that Segment's and RudderStack's SDKs fetch before they start: where to send their calls, that nothing is
 * sent elsewhere, and which categories of consent the site knows. The answers hold nothing but what every page of the
 * shop shows, and a write key, which is public, opens them.
 */
import { Problem, problemAnswer } from '../domain/problem.ts'
import type { Site } from '../domain/settings.ts'
import { type Answer, checkOrigin } from './accept.ts'
import type { Directory } from './configuration.ts'
import { keyInHeader, siteOfWriteKey } from './segment-auth.ts'
import { VOUCHED } from './segment-consent.ts'

/** The patterns of the routes, without the slash that may be at their end. */
export const SETTINGS_ROUTES = { segment: '/v1/projects/:key/settings', rudderstack: '/sourceConfig' } as const

/** A request for settings: whose SDK asks, and the key that it names. */
export type SettingsRequest = { sdk: keyof typeof SETTINGS_ROUTES; key: string | null }

const SEGMENT_PATH = /^\/v1\/projects\/([^/]+)\/settings\/?$/
const RUDDERSTACK_PATH = /^\/sourceConfig\/?$/

/** Reads what a `GET` asks for; null if it does not ask for settings. */
export function settingsRequest(path: string, query: string, authorization?: string): SettingsRequest | null {
  const ofSegment = SEGMENT_PATH.exec(path)
  if (ofSegment) return { sdk: 'segment', key: ofSegment[1] ?? null }
  if (!RUDDERSTACK_PATH.test(path)) return null
  const named = new URLSearchParams(query)
  const inHeader = authorization === undefined ? null : keyInHeader(authorization)
  // Its SDK for Unity calls the key `w`.
  return { sdk: 'rudderstack', key: inHeader || named.get('writeKey') || named.get('w') }
}

/** How long an SDK may keep its settings, in seconds: as long as the tag, which has the site's settings too. */
const KEPT_S = 300

/** Answers a request from `origin`, null if it has none. `publicUrl` is how browsers reach the collector. */
export async function answerSettings(
  { sdk, key }: SettingsRequest,
  origin: string | undefined,
  { configuration, publicUrl }: { configuration: Directory; publicUrl: string },
): Promise<Answer> {
  const site = key === null ? undefined : await siteOfWriteKey(configuration, key)
  if (site === undefined) return unknownKey(sdk)
  // Somebody who looks at the settings in a browser, or an app, sends none.
  if (origin !== undefined) checkOrigin({ origin, fetchSite: undefined }, site)
  const body = sdk === 'segment' ? segmentSettings(site, publicUrl) : rudderstackSource(site)
  return { status: 200, headers: { 'cache-control': `max-age=${KEPT_S}` }, body: JSON.stringify(body) }
}

/** The refusal of an unknown key: by the status that Segment's SDKs expect, or in the words that RudderStack's look for. */
function unknownKey(sdk: SettingsRequest['sdk']): Answer {
  const must = "the key must be a site's write key (`couture sites show SITE` prints it)"
  return sdk === 'segment'
    ? problemAnswer(new Problem(404, 'unknown_key', must))
    : problemAnswer(new Problem(401, 'unknown_key', must), { message: 'Invalid write key' })
}

function segmentSettings(site: Site, publicUrl: string) {
  const { host, pathname, protocol } = new URL(publicUrl)
  const apiHost = `${host}${pathname.replace(/\/$/, '')}/v1`
  const categories = site.settings.consent_map.map((pair) => pair.split('=')[0]?.trim() ?? '')
  return {
    integrations: {
      'Segment.io': {
        apiKey: site.write_key,
        apiHost,
        protocol: protocol.slice(0, -1),
        addBundledMetadata: true,
        unbundledIntegrations: [],
        versionSettings: { componentTypes: ['browser', 'ios', 'android'] },
      },
    },
    plan: { track: { __default: { enabled: true } } },
    middlewareSettings: { routingRules: [] },
    enabledMiddleware: {},
    edgeFunction: {},
    metrics: { sampleRate: 0 },
    remotePlugins: [],
    legacyVideoPluginsEnabled: false,
    consentSettings: {
      allCategories: [...new Set(categories)].filter((name) => name !== VOUCHED),
      hasUnmappedDestinations: false,
    },
  }
}

/** The members are those that any of the SDKs cannot do without. Their statistics would go to RudderStack. */
function rudderstackSource(site: Site) {
  const isOff = { enabled: false }
  return {
    isHosted: true,
    source: {
      id: site.id,
      name: site.id,
      writeKey: site.write_key,
      enabled: true,
      workspaceId: 'couture',
      updatedAt: '2026-01-01T00:00:00.000Z',
      config: { statsCollection: { errors: isOff, metrics: isOff } },
      destinations: [],
      connections: [],
    },
    updatedAt: '2026-01-01T00:00:00.000Z',
    consentManagementMetadata: { providers: [] },
  }
}
