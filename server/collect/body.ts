/** Reads a request's body within a limit, and unpacks gzip. */
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Problem } from '../domain/problem.ts'

const unzip = promisify(gunzip)

/** The sender disconnected before the end of its request: there is nobody to answer. */
export class ClientDisconnected extends Error {}

/** One instance for all, because nobody reads its stack. */
const DISCONNECTED = new ClientDisconnected()

/**
 * The body's text. Throws a `Problem`: 413 past `maxBytes` (which also limits the unpacked text), 415 for an unknown
 * encoding, 400 for invalid gzip. Throws `ClientDisconnected` if the body is incomplete.
 */
export async function readBody(message: IncomingMessage, maxBytes: number): Promise<string> {
  const encoding = message.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new Problem(415, 'unsupported_encoding', `Content-Encoding must be gzip or absent (got "${encoding}")`)
  }
  const tooLarge = () => new Problem(413, 'too_large', `the body must have at most ${maxBytes} bytes; send it in parts`)
  if (Number(message.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  const bytes = await readBounded(message, maxBytes, tooLarge)
  if (encoding === 'identity') return bytes.toString('utf8')
  try {
    return (await unzip(bytes, { maxOutputLength: maxBytes })).toString('utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge()
    throw new Problem(400, 'invalid_gzip', 'the body must be gzip, as its Content-Encoding says')
  }
}

/** Reads until the end or the limit, whichever comes first. Anything beyond the limit is discarded as it arrives. */
function readBounded(message: IncomingMessage, maxBytes: number, tooLarge: () => Problem): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    message.on('data', (part: Buffer) => {
      size += part.length
      if (size <= maxBytes) parts.push(part)
      else reject(tooLarge())
    })
    message.once('end', () => {
      const [only] = parts
      resolve(only !== undefined && parts.length === 1 ? only : Buffer.concat(parts))
    })
    // `close` follows the end too; a new error for each request would take an eighth of the HTTP thread's time.
    message.once('error', () => reject(DISCONNECTED))
    message.once('close', () => reject(DISCONNECTED))
  })
}
