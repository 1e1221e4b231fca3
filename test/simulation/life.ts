/**
 * Runs the life of the town: who visits the shop when and on which device, which mails go out and who follows their
 * links. Order matters: each visit finds a browser as the previous one left it.
 */
import type { Chance } from './chance.ts'
import type { Deed, Happening } from './deeds.ts'
import { mischief } from './mischief.ts'
import { type Contact, DAY, type Device, HOUR, MINUTE, type Person, type Town } from './town.ts'
import { createBrowsing } from './visit.ts'

/** A person's visit, possibly from a mail. */
type Intent = { at: number; person: Person; mail: { message: string; contact: Contact; via: Happening['via'] } | null }

/** Everything that happens in a town, in order of time. */
export function live(town: Town, chance: Chance): Deed[] {
  const deeds: Deed[] = town.contacts.map((contact) => ({ kind: 'import', at: contact.importedAt, contact }))
  const intents: Intent[] = [...visits(town, chance), ...mails(town, deeds, chance)]
  const browsing = createBrowsing(town, chance)
  for (const { at, person, mail } of intents.sort((a, b) => a.at - b.at)) {
    const device = deviceOf(town, person, mail !== null, chance)
    browsing.visit(person, device, at, mail)
    const next = device.kind === 'family' ? nextAtOnce(town, person, chance) : null
    if (next) browsing.visit(next, device, device.busyUntil, null)
  }
  const events = browsing.events.filter((event) => event.at < town.end)
  deeds.push(...events, ...mischief(town, events, deeds, chance))
  return deeds.sort((a, b) => a.at - b.at)
}

function visits(town: Town, chance: Chance): Intent[] {
  const intents: Intent[] = []
  for (const person of town.people) {
    if (person.visitsAWeek === 0) continue
    const mean = (7 * DAY) / person.visitsAWeek
    for (let at = town.begin + chance.wait(mean); at < town.end; at += chance.wait(mean)) {
      // Nobody shops at night: such a visit moves to the evening before.
      const hour = (at % DAY) / HOUR
      intents.push({ at: hour < 7 ? at - (hour + chance.between(1, 5)) * HOUR : at, person, mail: null })
    }
  }
  return intents.filter((intent) => intent.at > town.begin)
}

/** On Tuesdays and Fridays at eight every address gets one mail; returns who follows its link. */
function mails(town: Town, deeds: Deed[], chance: Chance): Intent[] {
  const intents: Intent[] = []
  const owner = new Map(town.people.filter((person) => person.contact).map((person) => [person.contact!, person]))
  const days = [1, 4].flatMap((day) => Array.from({ length: 52 }, (_, week) => week * 7 + day)).sort((a, b) => a - b)
  for (const day of days) {
    const at = town.begin + day * DAY + 8 * HOUR
    if (at >= town.end) break
    const message = `letter-${day}`
    const addresses = new Set<string>()
    const contacts = town.contacts.filter(
      ({ newsletter, importedAt, email }) =>
        newsletter && importedAt < at - DAY && !addresses.has(email) && addresses.add(email),
    )
    deeds.push({ kind: 'mailing', at, message, contacts })
    for (const contact of contacts) {
      for (let n = contact.gateway ? chance.whole(1, 3) : 0; n > 0; n--) {
        deeds.push({ kind: 'fetch', at: at + chance.between(2000, MINUTE), message, contact })
      }
      const readers = [...owner].filter(([other]) => other.email === contact.email).map(([, person]) => person)
      const reader = chance.pick(readers)
      const via = reader.contact === contact ? 'own' : 'mailbox'
      const soon = () => at + 10 * MINUTE + chance.wait(10 * HOUR)
      if (chance.happens(town.rates.click))
        intents.push({ at: soon(), person: reader, mail: { message, contact, via } })
      if (chance.happens(town.rates.forward) && chance.happens(town.rates.friend_clicks)) {
        const others = town.people.filter((each) => each.adult && each.household !== reader.household)
        let friend = chance.pick(others)
        let opened = soon() + HOUR
        intents.push({ at: opened, person: friend, mail: { message, contact, via: 'forward' } })
        while (town.rates.passed_on > 0 && chance.happens(town.rates.passed_on)) {
          friend = chance.pick(others)
          opened += chance.wait(10 * HOUR)
          intents.push({ at: opened, person: friend, mail: { message, contact, via: 'forward' } })
        }
      }
    }
  }
  return intents
}

/** Another of the household, who sits down at the family computer as soon as it is free. */
function nextAtOnce(town: Town, person: Person, chance: Chance): Person | null {
  if (town.rates.next_at_once === 0 || !chance.happens(town.rates.next_at_once)) return null
  const others = town.people.filter(
    (other) => other.household === person.household && other !== person && other.visitsAWeek > 0,
  )
  return others.length === 0 ? null : chance.pick(others)
}

function deviceOf(town: Town, person: Person, byMail: boolean, chance: Chance): Device {
  if (!byMail && chance.happens(town.rates.visit_at_kiosk)) return town.kiosk
  const family = town.families.get(person.household)
  if (family && (chance.happens(town.rates.visit_on_family_computer) || person.phone === null)) return family
  if (chance.happens(town.rates.visit_on_borrowed_device) || (person.phone === null && person.laptop === null)) {
    const others = town.people.filter((other) => other.household === person.household && other !== person)
    const devices = others.flatMap((other) => [other.phone, other.laptop].filter((each) => each !== null))
    if (devices.length > 0) return chance.pick(devices)
  }
  const own = [person.phone, person.phone, person.laptop].filter((each) => each !== null)
  return chance.pick(own)
}
