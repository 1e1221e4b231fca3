/**
 * Watches the consent platforms of the page for as long as it lives, and reports each choice that they hold.
 *
 * A platform may load long after the tag, tell of a choice one category at a time, or restore an earlier choice without an
 * event. So it is looked for until it is there, read at the start and after every event, at the end of the task in which
 * it changed: a withdrawal that is acted on cannot be undone. A platform that has no choice says nothing, which is not a
 * refusal. Nothing here reads storage or cookies, unless a platform's own file says that it has to.
 */
import { guard } from '../guard.ts'
import type { BakedSettings } from '../settings.ts'
import type { ConsentSource, WireConsent } from '../wire.ts'
import { gpcSignal } from './gpc.ts'
import type { Tell } from './source.ts'

/** What a platform holds: each category that the visitor answered, and whether the answer is yes. */
export type Reading = {
  states: [category: string, isYes: boolean][]
  /** The platform's version, or its name for the text that was agreed to. */
  policy?: string
  /** Categories that are not listed were not answered yet; otherwise they were refused. */
  isPartial?: boolean
}

/**
 * Finds a platform and subscribes to it. Returns how to read it, or nothing while it is not on the page; it is called again
 * then. `changed` must be called after a choice, and may be called more often. `layer` is the name of Google's data layer.
 */
export type Source = (changed: () => void, layer: string) => (() => Reading | undefined | null | false | '') | undefined

/** The first look, and how much longer each following wait is: a platform is found within a fifth of its age. */
const FIRST_MS = 40
const SLOWER = 1.2

/** Platforms with their names, in the order in which they are asked. */
export type Platforms = [ConsentSource, Source][]

/** Watches platforms: the first that holds a choice counts. */
export function watchPlatforms(
  sources: Platforms,
  tell: Tell,
  { consent_purposes: purposes = '', datalayer = 'dataLayer' }: BakedSettings,
): undefined {
  const readers: { [Name in ConsentSource]?: ReturnType<Source> } = {}
  let last = ''
  let wait = FIRST_MS
  /** A platform reported a choice, even if it is the one that stood: another tab may have made another meanwhile. */
  let isTold = false
  /** The visitor has clicked on this page: whatever changes then is the visitor's word of now. */
  let isUsed = false

  /** What the categories say of a purpose, by its letter: one yes and no no. Undefined if none of them is answered. */
  const says = (letter: string, states: Reading['states']) => {
    let answer: boolean | undefined
    for (const [category, isYes] of states) {
      const [, letters = ''] = purposes.split(`,${category.toLowerCase()}=`)
      if (letters.split(',')[0]!.includes(letter)) answer = isYes && answer !== false
    }
    return answer
  }
  const act = guard(() => {
    const wasTold = isTold
    isTold = false
    for (const [name, source] of sources) {
      try {
        const read = readers[name] || source(changed, datalayer)
        readers[name] = read
        const { states, policy, isPartial } = read!() as Reading
        const [analytics, identity, marketing] = [...'aim'].map((letter) => says(letter, states))
        if (isPartial && analytics === undefined) continue
        const text = `${[name, analytics, identity, marketing, policy]}`
        if (text !== last || wasTold) {
          const isOlder = !isUsed && gpcSignal()
          tell({ analytics: !!analytics, identity: !!identity, marketing: !!marketing, policy, isOlder }, name)
        }
        last = text
        return
      } catch {
        // The platform is not there or not ready yet, or holds no choice.
      }
    }
    if (last) tell()
    last = ''
  })
  const soon = () => setTimeout(act)
  const changed = () => {
    isTold = true
    soon()
  }
  const look = () => {
    act()
    wait *= SLOWER
    setTimeout(look, wait)
  }

  addEventListener(
    'click',
    (event) => {
      isUsed ||= event.isTrusted
      soon()
    },
    true,
  )
  addEventListener(
    'storage',
    guard(({ key, newValue }) => {
      // Another tab made or ended a choice. Here the platform may not know of it before the next page.
      if (!last && key === 'couture.consent') {
        const stored = JSON.parse(newValue!) as WireConsent | null
        tell(stored || undefined, stored?.source)
      }
      soon()
    }),
  )
  document.addEventListener('visibilitychange', soon)
  // A choice that reloads the page, as some withdrawals do, must still be acted on.
  addEventListener('pagehide', act, true)
  look()
}
