/** Reads a request's body within a limit, unpacked if it is gzip. */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Problem } from '../http/problem.ts'
import type { Incoming } from './accept.ts'

const unzip = promisify(gunzip)

/** The body's text. 413 past `maxBytes` (of the unpacked text too), 415 for another encoding, 400 if not gzip. */
export async function readBody({ request, headers }: Incoming, maxBytes: number): Promise<string> {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new Problem(415, 'unsupported_encoding', `Content-Encoding must be gzip or absent (got "${encoding}")`)
  }
  const tooLarge = () => new Problem(413, 'too_large', `the body must have at most ${maxBytes} bytes; send it in parts`)
  const declared = Number(headers['content-length'] ?? Number.NaN)
  if (declared > maxBytes) throw tooLarge()
  if (encoding === 'identity' && !Number.isNaN(declared)) return request.text()
  const bytes = Number.isNaN(declared)
    ? await readBounded(request, maxBytes, tooLarge)
    : Buffer.from(await request.arrayBuffer())
  if (encoding === 'identity') return bytes.toString('utf8')
  try {
    return (await unzip(bytes, { maxOutputLength: maxBytes })).toString('utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge()
    throw new Problem(400, 'invalid_gzip', 'the body must be gzip, as its Content-Encoding says')
  }
}

/** Without a declared length, reads until the end or the limit, whichever comes first. */
async function readBounded(request: Request, maxBytes: number, tooLarge: () => Problem): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  if (request.body) {
    for await (const part of request.body) {
      size += part.byteLength
      if (size > maxBytes) throw tooLarge()
      parts.push(part)
    }
  }
  return Buffer.concat(parts)
}
