/**
 * What the tag weighs on the wire, by the settings that decide what is in it. A shop's visitors pay for each byte, so each
 * variant has a budget, and a build that exceeds it fails. A budget is raised by hand, with its reason in the commit.
 */
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { buildTag, type TagVariant } from './bundle.ts'

/** A file's size as it is, and as it is served. */
export type Weight = { min: number; gzip: number; brotli: number }

/** A variant's files, and how many bytes each source file has in them before compression. */
export type TagWeight = { first: Weight; second: Weight; total: Weight; parts: Record<string, number> }

/** The variants that are weighed, with what they may weigh compressed with brotli. */
export const TAG_BUDGETS: Record<string, { variant: TagVariant; first: number; total: number }> = {
  manual: { variant: { consent_source: 'manual', forms: false, datalayer: false }, first: 2450, total: 7850 },
  'manual, forms': { variant: { consent_source: 'manual', forms: true, datalayer: false }, first: 2560, total: 7950 },
  ...Object.fromEntries(
    [
      ...(['google', 'tcf', 'vanilla-cookieconsent', 'klaro', 'tarteaucitron', 'osano', 'c15t'] as const).map(
        (source) => [source, 3050, 9250] as const,
      ),
      ['auto', 4050, 10_250] as const,
    ].map(([source, first, total]) => [
      `${source}, dataLayer`,
      { variant: { consent_source: source, forms: false, datalayer: true }, first, total },
    ]),
  ),
}

function weightOf(text: string): Weight {
  const bytes = Buffer.from(text)
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  }
  return {
    min: bytes.length,
    gzip: gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }).length,
    brotli: brotliCompressSync(bytes, { params }).length,
  }
}

/** Weighs a variant. The site's settings, some 80 bytes, are not in it. */
export async function weighTag(variant: TagVariant): Promise<TagWeight> {
  const bundle = await buildTag(variant)
  const [first, second] = [weightOf(bundle.first), weightOf(bundle.second)]
  const total = {
    min: first.min + second.min,
    gzip: first.gzip + second.gzip,
    brotli: first.brotli + second.brotli,
  }
  return { first, second, total, parts: bundle.parts }
}

/** Weighs all variants: lines for people, and what is over its budget. */
export async function weighTags(): Promise<{ lines: string[]; excesses: string[] }> {
  const lines: string[] = []
  const excesses: string[] = []
  for (const [name, { variant, first, total }] of Object.entries(TAG_BUDGETS)) {
    const weight = await weighTag(variant)
    lines.push(
      `tag, ${name}: ${weight.first.brotli} B before consent (of ${first}), ${weight.total.brotli} B in all (of ${total}), brotli`,
    )
    const parts = Object.entries(weight.parts).sort(([, a], [, b]) => b - a)
    lines.push(`  ${parts.map(([part, bytes]) => `${part} ${bytes}`).join(', ')}`)
    if (weight.first.brotli > first)
      excesses.push(`the first stage of ${name} weighs ${weight.first.brotli} B, not ${first}`)
    if (weight.total.brotli > total) excesses.push(`the tag of ${name} weighs ${weight.total.brotli} B, not ${total}`)
  }
  return { lines, excesses }
}
