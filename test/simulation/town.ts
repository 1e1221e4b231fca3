/** The people of the town and what they have: households, customers, devices. */
import type { Chance } from './chance.ts'
import { type Rates, ratesOf } from './rates.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/**
 * A record that the shop has or will have in its CRM. The account exists from `since`; the CRM has it from
 * `importedAt`.
 */
export type Contact = {
  id: string
  email: string
  since: number
  importedAt: number
  newsletter: boolean
  gateway: boolean
  scanner: boolean
}

/** A person. Strangers have no contact. */
export type Person = {
  id: string
  household: number
  adult: boolean
  contact: Contact | null
  visitsAWeek: number
  phone: Device | null
  laptop: Device | null
}

/** The choices made at a banner. */
export type Choice = { id: string; at: number; analytics: boolean; identity: boolean; marketing: boolean }

/** What one browser remembers until its cookies are deleted: the truth about a visitor of the shop. */
export type Jar = { visitor: string; choice: Choice; signedIn: Person | null; signedInUntil: number }

/** A browser on a stationary or mobile device. */
export type Device = { kind: 'phone' | 'laptop' | 'family' | 'kiosk'; jar: Jar | null; busyUntil: number }

/** A town at the beginning. */
export type Town = {
  seed: number
  rates: Rates
  begin: number
  end: number
  people: Person[]
  contacts: Contact[]
  /** By household. */
  families: Map<number, Device>
  kiosk: Device
}

/**
 * How large a town is and how long it is observed. `crowded`: everybody comes to this one shop, and nearly half of the
 * adults are customers whoever they live with, so browsers are shared far more than we believe they are. `harsh`: the
 * rates of a harsh town.
 */
export type Size = { households: number; weeks: number; crowded?: boolean; harsh?: boolean }

/** A person's relation to the shop. */
type Standing = 'customer' | 'stranger' | 'absent'

/** Rates of a crowded town, in place of those of customers. */
const CROWDED = { adult: 0.45, child: 0.05 }

/** A Monday. The town has its own calendar, so that a seed gives the same town to the millisecond. */
const BEGIN = Date.parse('2026-03-02T00:00:00Z')

/** Builds a town. */
export function buildTown(seed: number, { households, weeks, crowded, harsh }: Size, chance: Chance): Town {
  const rates = ratesOf(harsh ?? false)
  const town: Town = {
    seed,
    rates,
    begin: BEGIN,
    end: BEGIN + weeks * 7 * DAY,
    people: [],
    contacts: [],
    families: new Map(),
    kiosk: device('kiosk'),
  }
  for (let household = 0; household < households; household++) {
    // A third live alone, a third as couples, the others with one to three children.
    const size = chance.pick([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5])
    const isCustomers = chance.happens(rates.customer_household)
    const members = Array.from({ length: size }, (_, n) => {
      const standing = crowded ? standingInCrowd(n < 2, chance) : standingOf(n, isCustomers, rates, chance)
      return person(town, { household, adult: n < 2, standing }, chance)
    })
    const [one, two] = members.map((member) => member.contact)
    if (one && two && chance.happens(rates.couple_shares_address)) {
      Object.assign(two, { email: one.email, gateway: one.gateway, scanner: one.scanner })
    }
    if (size > 1 && chance.happens(rates.family_computer)) {
      town.families.set(household, device('family'))
      for (const member of members) member.laptop = null
    }
  }
  return town
}

function device(kind: Device['kind']): Device {
  return { kind, jar: null, busyUntil: 0 }
}

function standingInCrowd(adult: boolean, chance: Chance): Standing {
  return chance.happens(adult ? CROWDED.adult : CROWDED.child) ? 'customer' : 'stranger'
}

/** The age group of the `n`-th member of a household; the first two are adults. */
function standingOf(n: number, isCustomers: boolean, rates: Rates, chance: Chance): Standing {
  if (!isCustomers) return chance.happens(rates.strangers_come) ? 'stranger' : 'absent'
  if (n === 0 || (n === 1 && chance.happens(rates.other_adult_is_customer))) return 'customer'
  return chance.happens(rates.others_come) ? 'stranger' : 'absent'
}

function person(
  town: Town,
  { household, adult, standing }: { household: number; adult: boolean; standing: Standing },
  chance: Chance,
): Person {
  const number = town.people.length
  const isContact = standing === 'customer'
  const mean = isContact ? town.rates.contact_visits_a_week : town.rates.stranger_visits_a_week
  const made: Person = {
    id: `person-${number}`,
    household,
    adult,
    contact: isContact ? contact(town, number, chance) : null,
    // A few come often and many rarely.
    visitsAWeek: standing === 'absent' ? 0 : chance.wait(mean),
    phone: adult || chance.happens(0.7) ? device('phone') : null,
    laptop: adult && chance.happens(town.rates.laptop) ? device('laptop') : null,
  }
  town.people.push(made)
  if (made.contact) town.contacts.push(made.contact)
  return made
}

function contact(town: Town, number: number, chance: Chance): Contact {
  const late = chance.happens(town.rates.late_contact)
  const since = late ? chance.between(town.begin, town.end - 10 * DAY) : town.begin
  return {
    id: `crm-${town.seed}-${number}`,
    email: `person${number}@town.example`,
    since,
    importedAt: late ? since + chance.between(DAY, 10 * DAY) : town.begin,
    newsletter: chance.happens(town.rates.newsletter),
    gateway: chance.happens(town.rates.gateway),
    scanner: chance.happens(town.rates.scanner),
  }
}
