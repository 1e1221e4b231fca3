/** A person's visit on a browser: the consent, who is signed in, what is viewed and said, and what is left behind. */
import type { Chance } from './chance.ts'
import type { Happening, Saying } from './deeds.ts'
import { type Choice, type Contact, DAY, type Device, type Jar, MINUTE, type Person, type Town } from './town.ts'

/** The mail that led to a visit. */
type Mail = { message: string; contact: Contact; via: Happening['via'] }

/** The shop forgets a sign-in after this long without a visit. */
const SIGNED_IN_MS = 14 * DAY

/** All visits of a town; `events` grows. */
export function createBrowsing(town: Town, chance: Chance) {
  const events: Happening[] = []
  const { logout_own: phone, logout_own: laptop, logout_family: family, logout_kiosk: kiosk } = town.rates
  /** How often people sign out, by the browser's kind. */
  const logouts = { phone, laptop, family, kiosk }
  let visitors = 0
  let visits = 0
  let choices = 0

  const choose = (at: number, given: Omit<Choice, 'id' | 'at'>): Choice => ({ id: `choice-${++choices}`, at, ...given })

  const newJar = (device: Device, at: number): Jar => {
    // The shop has consented for its own tablet.
    const kiosk = device.kind === 'kiosk'
    const analytics = kiosk || chance.happens(town.rates.consent_analytics)
    const identity = analytics && (kiosk || chance.happens(town.rates.consent_identity))
    return {
      visitor: `town-${town.seed}-${String(++visitors).padStart(16, '0')}`,
      choice: choose(at, { analytics, identity, marketing: identity }),
      signedIn: null,
      signedInUntil: 0,
    }
  }

  const openJar = (device: Device, at: number): Jar => {
    if (device.kind !== 'kiosk' && chance.happens(town.rates.private_window)) return newJar(device, at)
    if (device.jar === null || (device.kind !== 'kiosk' && chance.happens(town.rates.cookies_cleared))) {
      device.jar = newJar(device, at)
    }
    return device.jar
  }

  return {
    events,
    /** Runs a visit. */
    visit(person: Person, device: Device, wanted: number, mail: Mail | null): void {
      // A person who finds the device in use waits until it is free.
      let at = Math.round(wanted < device.busyUntil ? device.busyUntil + chance.between(2, 20) * MINUTE : wanted)
      const jar = openJar(device, at)
      const visit = `visit-${++visits}`
      const own = device === person.phone || device === person.laptop
      if (jar.signedInUntil < at) jar.signedIn = null

      const does = (
        type: string,
        more: { says?: Saying; props?: Record<string, unknown>; via?: Happening['via'] } = {},
      ) => {
        at += Math.round(1000 + chance.wait(45_000) + (chance.happens(0.01) ? chance.between(20, 90) * MINUTE : 0))
        const { analytics, identity } = jar.choice
        if ((!analytics && type !== 'consent') || (more.says && !identity)) return
        events.push({
          kind: 'event',
          at,
          id: `event-${String(events.length).padStart(12, '0')}`,
          visitor: jar.visitor,
          visit,
          choice: jar.choice,
          actor: person.id,
          true: person.contact,
          type,
          says: more.says ?? null,
          props: more.props ?? null,
          sender: 'shop',
          signedIn: jar.signedIn?.id ?? null,
          via: more.via ?? null,
        })
      }
      const signOut = () => {
        does('reset')
        jar.signedIn = null
      }
      const signIn = (contact: Contact) => {
        const how = !chance.happens(town.rates.login_unsigned)
          ? 'signed'
          : chance.pick(['unsigned', 'unsigned_address'] as const)
        jar.signedIn = person
        jar.signedInUntil = at + SIGNED_IN_MS
        does('identify', { says: { how, contact } })
      }

      does('page')
      if (jar.choice.analytics && !jar.choice.identity && chance.happens(town.rates.consent_identity_late)) {
        // Choices at the same time as events would be ordered by chance, so the choice is made just before the next
        // page.
        jar.choice = choose(at + 500, { analytics: true, identity: true, marketing: true })
      }
      if (mail && !chance.happens(town.rates.bounce)) {
        does('identify', { says: { how: 'click', contact: mail.contact, message: mail.message }, via: mail.via })
      }

      const account = person.contact && person.contact.since <= at ? person.contact : null
      let eager = false
      if (jar.signedIn !== null && jar.signedIn !== person && account && chance.happens(town.rates.notices_other)) {
        signOut()
        eager = true
      }
      const pages = 2 + Math.floor(chance.wait(4))
      const signsIn = account && jar.signedIn === null && (eager || chance.happens(town.rates.login))
      const signsInAt = signsIn ? chance.whole(0, pages - 1) : -1
      for (let n = 0; n < pages; n++) {
        if (n === signsInAt) signIn(account!)
        const item = { item_id: `item-${chance.whole(1, 200)}`, item_name: 'Ring', price: 120, quantity: 1 }
        const type = chance.pick(['page', 'page', 'view_item', 'view_item', 'view_item', 'search', 'add_to_cart'])
        const isItem = type === 'view_item' || type === 'add_to_cart'
        does(type, isItem ? { props: { currency: 'EUR', items: [item] } } : {})
        if (type === 'add_to_cart' && chance.happens(0.3)) {
          does('purchase', { props: { transaction_id: `order-${visit}`, currency: 'EUR', value: 120, items: [item] } })
        }
      }
      if (jar.signedIn === person) {
        jar.signedInUntil = at + SIGNED_IN_MS
        const logout = own ? logouts[device.kind] : Math.max(logouts[device.kind], family)
        if (chance.happens(logout)) signOut()
      }
      withdraw(jar, device, own, () => at + 500, does)
      device.busyUntil = at + MINUTE
    },
  }

  function withdraw(jar: Jar, device: Device, own: boolean, next: () => number, does: (type: string) => void): void {
    if (!own || !jar.choice.analytics) return
    if (chance.happens(town.rates.withdraw_all)) {
      jar.choice = choose(next(), { analytics: false, identity: false, marketing: false })
      does('consent')
      if (device.jar === jar) device.jar = null
    } else if (jar.choice.identity && chance.happens(town.rates.withdraw_identity)) {
      jar.choice = choose(next(), { analytics: true, identity: false, marketing: false })
      does('consent')
    }
  }
}
