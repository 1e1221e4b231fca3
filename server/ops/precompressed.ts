/**
 * Files that are served compressed. Each is compressed once for each encoding, off this thread and at the first request that
 * asks for it: most servers of a test or a command are never asked.
 */
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { type Asset, contentHash } from './bundle.ts'

/** The encodings on offer, the smallest first. */
const ENCODINGS = ['br', 'gzip'] as const

type Encoding = (typeof ENCODINGS)[number]

/** A file as one request may have it. `etag` differs by encoding, because the bytes do. */
type Encoded = { body: Uint8Array<ArrayBuffer>; etag: string; encoding: Encoding | null }

/** A file in all its encodings. */
export type Precompressed = {
  /** The hash of its content. */
  hash: string
  /** The file for a request with this `Accept-Encoding`. */
  for(accepted: string | undefined): Promise<Encoded>
}

const compress: Record<Encoding, (bytes: Buffer) => Promise<Buffer>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
}

/** Prepares a file. */
export function precompress(text: string, hash = contentHash(text)): Precompressed {
  const made = new Map<Encoding, Promise<Buffer>>()
  const encode = (encoding: Encoding): Promise<Buffer> => {
    const known = made.get(encoding)
    if (known !== undefined) return known
    const making = compress[encoding](Buffer.from(text))
    made.set(encoding, making)
    return making
  }
  return {
    hash,
    async for(accepted) {
      const encoding = bestEncoding(accepted)
      const body = new Uint8Array(encoding === null ? Buffer.from(text) : await encode(encoding))
      return { body, encoding, etag: encoding === null ? `"${hash}"` : `"${hash}-${encoding}"` }
    },
  }
}

/** A file of the dashboard, and its type. */
export type DashboardFile = { file: Precompressed; type: string }

/** Prepares the dashboard's files. */
export function precompressAll(assets: Map<string, Asset>): Map<string, DashboardFile> {
  return new Map(
    [...assets].map(([name, { body, type, hash }]) => [name, { file: precompress(body, hash), type }] as const),
  )
}

/** Longer lists of encodings are cut. */
const MAX_ACCEPTED = 500

/**
 * The encoding that a request likes best; of those that it likes equally, the smallest. Null is the file as it is, which
 * every client can read, so it is the answer to those who forbid everything, too.
 */
export function bestEncoding(accepted: string | undefined): Encoding | null {
  const wanted = new Map<string, number>()
  for (const part of (accepted ?? '').slice(0, MAX_ACCEPTED).toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((each) => each.trim())
    const q = parameters.find((each) => each.startsWith('q='))
    const weight = q === undefined ? 1 : Number(q.slice(2))
    if (name !== '' && weight >= 0 && weight <= 1) wanted.set(name === 'x-gzip' ? 'gzip' : name, weight)
  }
  const weightOf = (name: string) => wanted.get(name) ?? wanted.get('*') ?? 0
  // Unless it is named, any encoding on the list is liked better than none.
  let best: { encoding: Encoding | null; weight: number } = { encoding: null, weight: wanted.get('identity') ?? 0 }
  for (const encoding of ENCODINGS) {
    const weight = weightOf(encoding)
    const isBetter = best.encoding === null ? weight > 0 && weight >= best.weight : weight > best.weight
    if (isBetter) best = { encoding, weight }
  }
  return best.encoding
}

/** Answers a request, whose headers are found by name, with a file, or says that it has not changed. */
export async function sendFile(
  header: (name: string) => string | undefined,
  file: Precompressed,
  own: Record<string, string>,
): Promise<Response> {
  const { body, etag, encoding } = await file.for(header('accept-encoding'))
  const headers = { ...own, etag, vary: 'Accept-Encoding', 'x-content-type-options': 'nosniff' }
  if (isUnchanged(header('if-none-match'), etag)) return new Response(null, { status: 304, headers })
  const form: Record<string, string> = encoding === null ? {} : { 'content-encoding': encoding }
  return new Response(body, { headers: { ...headers, ...form, 'content-length': String(body.length) } })
}

/** Whether `If-None-Match` names an ETag. Proxies make them weak. */
function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  const named = (ifNoneMatch ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''))
  return named.includes(etag) || named.includes('*')
}
