/**
 * The shop's static files: its own from `assets/`, the consent banner's from its package, and the drawings. All are
 * read or drawn at the first request for one and served from memory with an ETag; browsers revalidate each time, which
 * costs one 304 and never shows a stale file after a change.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Context } from 'hono'
import { draw } from './drawings.ts'
import { PRODUCTS } from './products.ts'

type File = { body: string; type: string; etag: string }

const TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
}

/** The banner's files under names of the shop: content blockers list the library's own names. */
const FROM_PACKAGES = {
  'choices-library.js': 'vanilla-cookieconsent/dist/cookieconsent.esm.js',
  'choices-library.css': 'vanilla-cookieconsent/dist/cookieconsent.css',
}

const file = (name: string, body: string): File => ({
  body,
  type: TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/plain; charset=utf-8',
  etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`,
})

/** Reads everything. */
function readAll(): Map<string, File> {
  const files = new Map<string, File>()
  const own = new URL('assets/', import.meta.url)
  for (const name of readdirSync(own)) files.set(`assets/${name}`, file(name, readFileSync(new URL(name, own), 'utf8')))
  const require = createRequire(import.meta.url)
  for (const [name, path] of Object.entries(FROM_PACKAGES))
    files.set(`assets/${name}`, file(name, readFileSync(require.resolve(path), 'utf8')))
  for (const product of PRODUCTS) files.set(`img/${product.id}.svg`, file('.svg', draw(product.drawing)))
  return files
}

/** The reply for a name is `null` if there is no such file. */
export function createAssets() {
  let files: Map<string, File> | null = null
  return (c: Context, name: string): Response | null => {
    files ??= readAll()
    const found = files.get(name)
    if (!found) return null
    const headers = { ETag: found.etag, 'Cache-Control': 'no-cache', 'Content-Type': found.type }
    if (c.req.header('If-None-Match') === found.etag) return c.body(null, 304, headers)
    return c.body(found.body, 200, headers)
  }
}
