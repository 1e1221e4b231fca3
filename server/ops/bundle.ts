/**
 * Bundles the tag and the dashboard with esbuild, at every start: it takes a tenth of a second and saves the project a
 * build step that could be forgotten. The result is held in memory; `npm run build` writes it to `dist/`.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { build, type Plugin } from 'esbuild'

const root = new URL('../../', import.meta.url)
const at = (path: string) => new URL(path, root).pathname

/** The identifier in the tag's bundle that is replaced with a site's settings when the tag is served. */
export const TAG_SETTINGS_NAME = '__COUTURE_SITE__'

/** The dashboard's files by their path below `/dashboard/`, with a hash of the content for their ETag. */
export type Asset = { body: string; type: string; hash: string }

/** A short fingerprint of a file's content. */
export function contentHash(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, 16)
}

/** What a site's settings make of its tag: only what they use is in it. */
export type TagVariant = { consent_source: string; forms: boolean; datalayer: boolean }

/**
 * The two stages of a tag. The first has the placeholder for the settings still in it; the second holds none. `debug`
 * explains in the console. `parts`: the bytes of each source file in the stages, before compression.
 */
export type TagBundle = { first: string; second: string; debug: string; parts: Record<string, number> }

/** The names of the second stage's files: immutable, and named after their content. */
export function secondName(second: string): string {
  return `tag.${contentHash(second)}.js`
}

/** Puts the configured consent source in the place of `manual`. */
const sourceOf = (variant: TagVariant): Plugin => ({
  name: 'consent-source',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/consent\/manual\.ts$/ }, () => ({
      path: at(`tag/consent/${variant.consent_source}.ts`),
    }))
  },
})

/** Bundles the tag for sites of one kind. */
export async function buildTag(variant: TagVariant): Promise<TagBundle> {
  const parts: Record<string, number> = {}
  const bundle = async (entry: string, format: 'iife' | 'esm') => {
    const result = await build({
      entryPoints: [at(entry)],
      bundle: true,
      minify: true,
      format,
      target: ['es2020'],
      charset: 'utf8',
      legalComments: 'none',
      define: {
        __COUTURE_FORMS__: String(variant.forms),
        __COUTURE_DATALAYER__: String(variant.datalayer),
      },
      plugins: [sourceOf(variant)],
      metafile: true,
      write: false,
    })
    for (const { inputs } of Object.values(result.metafile.outputs)) {
      for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
        const name = path.slice(path.lastIndexOf('tag/') + 'tag/'.length)
        parts[name] = (parts[name] ?? 0) + bytesInOutput
      }
    }
    const [file] = result.outputFiles
    if (file === undefined) throw new Error('the bundler wrote no file')
    return file.text
  }
  const [first, second] = await Promise.all([bundle('tag/index.ts', 'iife'), bundle('tag/second.ts', 'esm')])
  return { first, second, debug: await bundle('tag/debug.ts', 'esm'), parts }
}

/** The dashboard's page, script and style sheet. */
export async function buildDashboard(): Promise<Map<string, Asset>> {
  const result = await build({
    entryPoints: [at('dashboard/main.tsx'), at('dashboard/main.css')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022'],
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx/dom',
    charset: 'utf8',
    legalComments: 'none',
    outdir: at('dist/dashboard'),
    write: false,
  })
  const assets = new Map<string, Asset>()
  const add = (name: string, type: string, body: string) => assets.set(name, { body, type, hash: contentHash(body) })
  for (const file of result.outputFiles) {
    const name = file.path.slice(file.path.lastIndexOf('/') + 1)
    add(name, name.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8', file.text)
  }
  add('index.html', 'text/html; charset=utf-8', await readFile(at('dashboard/index.html'), 'utf8'))
  return assets
}

/** `npm run build`: writes both bundles to `dist/`, to show what is served. */
export async function writeBuild(): Promise<string[]> {
  const plain = { consent_source: 'manual', forms: false, datalayer: false }
  const [tag, dashboard] = await Promise.all([buildTag(plain), buildDashboard()])
  await mkdir(at('dist/dashboard'), { recursive: true })
  const files: [string, string][] = [
    ['dist/tag.js', tag.first],
    [`dist/${secondName(tag.second)}`, tag.second],
  ]
  for (const [name, asset] of dashboard) files.push([`dist/dashboard/${name}`, asset.body])
  await Promise.all(files.map(([path, body]) => writeFile(at(path), body)))
  return files.map(([path]) => path)
}
