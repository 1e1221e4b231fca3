/**
 * The tag's files as browsers load them. Sites whose settings need the same code share a bundle, made at the first request
 * for it; a site's first stage holds its settings, and is made anew when they change. The second stage holds none.
 */
import { contentHash, secondName, TAG_SETTINGS_NAME, type TagBundle, type TagVariant } from './bundle.ts'
import { type Precompressed, precompress } from './precompressed.ts'

/** The tag of a site, as it is asked for: the code that it needs, and what is written into it. */
export type TagOrder = { site: string; variant: TagVariant; settings: object }

/** The tag's files. */
export type TagFiles = {
  /** A site's first stage. */
  first(order: TagOrder): Promise<Precompressed>
  /** What explains a page in the console. */
  debug(): Promise<Precompressed>
  /** A second stage by the hash of its content; null if no such file was made. */
  second(hash: string): Precompressed | null
  /** The second stage of the same variant that reads a data layer, for pages that ask for it; null if there is none. */
  layered(hash: string): Promise<Precompressed | null>
}

/** The code that most sites need. */
const USUAL: TagVariant = { consent_source: 'manual', forms: false, datalayer: false }

/** Prepares the files, which `build` bundles. */
export function createTagFiles(build: (variant: TagVariant) => Promise<TagBundle>): TagFiles {
  const bundles = new Map<string, Promise<TagBundle>>()
  const firsts = new Map<string, { text: string; file: Precompressed }>()
  const seconds = new Map<string, { file: Precompressed; variant: TagVariant }>()

  const bundleOf = (variant: TagVariant): Promise<TagBundle> => {
    const key = JSON.stringify(variant)
    const known = bundles.get(key)
    if (known !== undefined) return known
    const building = build(variant).then((bundle) => {
      seconds.set(contentHash(bundle.second), { file: precompress(bundle.second), variant })
      return bundle
    })
    bundles.set(key, building)
    // The next request tries again.
    building.catch(() => bundles.delete(key))
    return building
  }

  return {
    async first({ site, variant, settings }) {
      const bundle = await bundleOf(variant)
      const baked = JSON.stringify({ ...settings, second: secondName(bundle.second) })
      const text = bundle.first.replace(TAG_SETTINGS_NAME, () => baked)
      const known = firsts.get(site)
      if (known?.text === text) return known.file
      const file = precompress(text)
      firsts.set(site, { text, file })
      return file
    },
    second: (hash) => seconds.get(hash)?.file ?? null,
    async layered(hash) {
      const known = seconds.get(hash)
      if (known === undefined) return null
      const { second } = await bundleOf({ ...known.variant, datalayer: true })
      return seconds.get(contentHash(second))?.file ?? null
    },
    async debug() {
      const { debug } = await bundleOf(USUAL)
      return precompress(debug)
    },
  }
}
