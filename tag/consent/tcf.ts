/**
 * IAB's Transparency and Consent Framework 2.2 and 2.3. A shop is the publisher, so its consents are those of
 * `publisher`; legitimate interest is no consent. Nothing counts without purpose 1, which allows storage. Categories are
 * `tcf1` to `tcf11`, and `custom1` and so on for the publisher's own purposes.
 *
 * While the dialog is open, the framework reports that everything is refused; only a stored or a completed choice counts.
 * Its lists are sparse, and missing where GDPR does not apply.
 */
import type { Watch } from './source.ts'
import { type Reading, type Source, watchPlatforms } from './watch.ts'

type Consents = { [purpose: string]: boolean }
type TcData = {
  eventStatus?: string
  gdprApplies?: boolean
  tcfPolicyVersion?: number
  cmpId?: number
  cmpVersion?: number
  publisher?: { consents?: Consents; customPurpose?: { consents?: Consents } }
}
type Api = (command: string, version: number, callback: (data: TcData | null, success: boolean) => void) => void

/** Reads `__tcfapi`. */
export const tcf: Source = (changed) => {
  const api = (window as { __tcfapi?: Api }).__tcfapi
  if (!api) return
  let reading: Reading | undefined
  api('addEventListener', 2, (data, success) => {
    if (!success || !data || !/tcloaded|useractioncomplete/.test(`${data.eventStatus}`)) return
    const { publisher } = data
    const { consents, customPurpose } = publisher || {}
    const states: Reading['states'] = []
    const add = (name: string, given?: Consents) => {
      for (const id of Object.keys(given || {})) if (consents![1] && given![id]) states.push([name + id, true])
    }
    if (publisher) {
      add('tcf', consents)
      add('custom', consents && customPurpose?.consents)
    }
    reading =
      publisher && data.gdprApplies !== false
        ? { states, policy: `tcf ${data.tcfPolicyVersion} cmp ${data.cmpId}.${data.cmpVersion}` }
        : undefined
    changed()
  })
  return () => reading
}

/** Watches it. */
export const watch: Watch = (tell, settings) => watchPlatforms([['tcf', tcf]], tell, settings)
