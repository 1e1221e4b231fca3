/**
 * How simpler products would attribute the same events. Each believes any named contact, signed or not, and ignores
 * consent; with `onlyStrong` it believes only signed logins and followed links, so that no console can forge one.
 */
import type { Happening } from './deeds.ts'
import type { Attribution } from './reading.ts'

/** The methods, by name. */
export const BASELINES = {
  /** Everything that was ever seen together is one person, named by its most frequent name. */
  union,
  /** All of a browser's events belong to the contact named there last, or first. */
  last: (events: Happening[], namedBy: NamedBy) => byBrowser(events, namedBy, (names) => names.at(-1)),
  first: (events: Happening[], namedBy: NamedBy) => byBrowser(events, namedBy, (names) => names[0]),
} as const

type NamedBy = (event: Happening) => string | null

/** Attributes the events by one of the methods. */
export function baseline(way: keyof typeof BASELINES, events: Happening[], { onlyStrong = false } = {}): Attribution {
  const sorted = [...events].sort((a, b) => a.at - b.at)
  const firstOf = new Map<string, string>()
  for (const { says } of sorted)
    if (says && !firstOf.has(says.contact.email)) firstOf.set(says.contact.email, says.contact.id)
  const namedBy = ({ says }: Happening) => {
    if (!says || (onlyStrong && says.how !== 'signed' && says.how !== 'click')) return null
    // If two customers share an address, it means the one who had it first.
    return says.how === 'unsigned_address' ? firstOf.get(says.contact.email)! : says.contact.id
  }
  return BASELINES[way](sorted, namedBy)
}

function byBrowser(
  events: Happening[],
  namedBy: NamedBy,
  choose: (names: string[]) => string | undefined,
): Attribution {
  const owners: Attribution = new Map()
  for (const own of Map.groupBy(events, (event) => event.visitor).values()) {
    const owner = choose(own.map(namedBy).filter((name) => name !== null))
    if (owner !== undefined) for (const event of own) owners.set(event.id, owner)
  }
  return owners
}

function union(events: Happening[], namedBy: NamedBy): Attribution {
  const parents = new Map<string, string>()
  const rootOf = (node: string): string => {
    const parent = parents.get(node) ?? node
    if (parent === node) return node
    const root = rootOf(parent)
    parents.set(node, root)
    return root
  }
  const times = new Map<string, number>()
  for (const event of events) {
    const name = namedBy(event)
    if (name === null) continue
    times.set(name, (times.get(name) ?? 0) + 1)
    parents.set(rootOf(`browser ${event.visitor}`), rootOf(`contact ${name}`))
  }
  const nameOf = new Map<string, string>()
  for (const [name, count] of times) {
    const root = rootOf(`contact ${name}`)
    if (count > (times.get(nameOf.get(root) ?? '') ?? 0)) nameOf.set(root, name)
  }
  const owners: Attribution = new Map()
  for (const event of events) {
    const name = nameOf.get(rootOf(`browser ${event.visitor}`))
    if (name !== undefined) owners.set(event.id, name)
  }
  return owners
}
