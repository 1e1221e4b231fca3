/** The SDKs for browsers, as a shop's own bundle has them; bundled by the test that serves them. */
import { RudderAnalytics } from '@rudderstack/analytics-js/bundled'
import { AnalyticsBrowser } from '@segment/analytics-next'

Object.assign(globalThis, { AnalyticsBrowser, RudderAnalytics })
