/**
 * Actors who are not customers: mail servers that run a page's script, and an intruder with a script of their own, who
 * can send what any browser can. The intruder knows ids of customers and of a few browsers, and has intercepted a few
 * signed logins.
 */
import type { Chance } from './chance.ts'
import type { Deed, Happening } from './deeds.ts'
import { type Choice, type Contact, MINUTE, type Town } from './town.ts'

/** The deeds of scanners and the intruder, given what honest people did and which mails went out. */
export function mischief(town: Town, honest: Happening[], deeds: Deed[], chance: Chance): Happening[] {
  const made: Happening[] = []
  const choice: Choice = { id: 'choice-x', at: town.begin, analytics: true, identity: true, marketing: true }
  const event = (given: Pick<Happening, 'at' | 'visitor' | 'actor' | 'sender'> & Partial<Happening>) => {
    const number = String(made.length).padStart(12, '0')
    made.push({
      kind: 'event',
      id: `xevent-${number}`,
      visit: `xvisit-${number}`,
      choice,
      true: null,
      type: given.says ? 'identify' : 'page',
      says: null,
      props: null,
      signedIn: null,
      via: null,
      ...given,
      at: Math.round(given.at),
    })
  }

  for (const mailing of deeds.filter((deed) => deed.kind === 'mailing')) {
    for (const contact of mailing.contacts.filter((each) => each.scanner)) {
      const at = mailing.at + chance.between(5000, MINUTE)
      const visitor = `scanner-${mailing.message}-${contact.id}`.padEnd(22, 'x')
      const as = { visitor, actor: 'scanner', sender: 'bot' } as const
      event({ ...as, at })
      event({ ...as, at: at + 1500, says: { how: 'click', contact, message: mailing.message } })
    }
  }

  const known = town.contacts.filter((contact) => contact.importedAt === town.begin)
  const intruder = { actor: 'intruder', sender: 'browser' } as const
  const claims = Math.round(town.contacts.length * town.rates.attack_claims_of_contacts)
  const night = town.begin + Math.floor((town.end - town.begin) / 2)
  const console_ = `intruder-${town.seed}-console-0001`
  for (let n = 0; n < claims && known.length > 0; n++) {
    const at = night + n * 4000
    event({ ...intruder, at, visitor: console_, says: { how: 'unsigned', contact: chance.pick(known) } })
  }

  const seen = honest.filter((each) => each.says?.how === 'signed')
  const mailing = deeds.find((deed) => deed.kind === 'mailing')
  for (let n = 0; n < Math.max(2, Math.round(claims / 10)) && known.length > 0; n++) {
    const at = night + (claims + n * 4) * 4000
    const contact = chance.pick(known)
    event({ ...intruder, at, visitor: console_, says: { how: 'forged_login', contact } })
    if (mailing?.kind === 'mailing') {
      const says = { how: 'forged_click', contact, message: mailing.message } as const
      event({ ...intruder, at: at + 4000, visitor: console_, says })
    }
  }
  for (let n = 0; n < 3 && seen.length > 0; n++) {
    const login = chance.pick(seen)
    const says = { how: 'replayed', contact: login.says!.contact, of: login.id } as const
    const visitor = `intruder-${town.seed}-replay-000${n}`
    event({ ...intruder, at: login.at + MINUTE, visitor, says })
    event({ ...intruder, at: login.at + 2 * MINUTE, visitor })
  }

  for (const { visitor, at, choice: agreed, contact } of stolen(town, honest, known, chance)) {
    // Requests under a stolen id state the consent of its owner.
    event({ ...intruder, at, visitor, choice: agreed, says: { how: 'unsigned', contact } })
  }
  return made.filter((each) => each.at < town.end)
}

/** Browsers whose id is stolen some time after one of their events, and the contact that the intruder claims to be. */
function stolen(town: Town, honest: Happening[], known: Contact[], chance: Chance) {
  return [...Map.groupBy(honest, (event) => event.visitor)].flatMap(([visitor, own]) => {
    if (known.length === 0 || !chance.happens(town.rates.stolen_browsers)) return []
    const at = Math.round(chance.pick(own).at + chance.between(1, 300) * MINUTE)
    const { choice } = own.findLast((event) => event.at <= at)!
    return choice.identity ? [{ visitor, at, choice, contact: chance.pick(known) }] : []
  })
}
