/** Settings of a site as they are typed: `NAME=VALUE`. */
import { SETTINGS, type SiteSettings } from './settings.ts'
import { isZone } from './zone.ts'

/** Reads `NAME=VALUE`. Returns the typed value, or a sentence that says what it must be. */
export function parseSetting(name: string, text: string): { value: unknown } | { error: string } {
  const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name as keyof SiteSettings] : undefined
  if (!setting) return { error: `unknown setting "${name}"; the settings are ${Object.keys(SETTINGS).join(', ')}` }
  const { rule } = setting
  const wrong = (must: string) => ({ error: `${name} must be ${must} (got "${text}")` })
  switch (rule.kind) {
    case 'integer': {
      const value = Number(text)
      const good = /^\d+$/.test(text) && value >= rule.min && value <= rule.max
      return good ? { value } : wrong(`an integer from ${rule.min} to ${rule.max}`)
    }
    case 'boolean':
      return text === 'true' || text === 'false' ? { value: text === 'true' } : wrong('true or false')
    case 'choice':
      return rule.of.includes(text) ? { value: text } : wrong(`one of ${rule.of.join(', ')}`)
    case 'text':
      return rule.pattern.test(text) ? { value: text } : wrong(rule.must)
    case 'zone':
      return text === '' || isZone(text) ? { value: text } : wrong('an IANA time zone such as Europe/Paris, or nothing')
    case 'list': {
      const value = text === '' ? [] : text.split(',').map((each) => each.trim())
      return value.every((each) => rule.pattern.test(each)) ? { value } : wrong(rule.must)
    }
  }
}
