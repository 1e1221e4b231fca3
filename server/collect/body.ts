/** Reads a request's body within a limit, unpacked if it is gzip. */
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Problem } from '../domain/problem.ts'

const unzip = promisify(gunzip)

/** Who sends a request has gone away before its end: there is nobody to answer. */
export class ClientDisconnected extends Error {}

/** Nobody reads where it was made. */
const DISCONNECTED = new ClientDisconnected()

/**
 * The body's text. Throws a `Problem`: 413 past `maxBytes` (of the unpacked text too), 415 for another encoding, 400 if
 * it is not gzip. Throws `Gone` if it does not come to its end.
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

/** Reads until the end or the limit, whichever comes first. What comes after it is thrown away as it comes. */
function readBounded(message: IncomingMessage, maxBytes: number, tooLarge: () => Problem): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    message.on('data', (part: Buffer) => {
      size += part.length
      if (size <= maxBytes) parts.push(part)
      else reject(tooLarge())
    })
    message.once('end', () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)))
    // After the end it is closed too; an error made for each would take the thread of HTTP an eighth of its time.
    message.once('error', () => reject(DISCONNECTED))
    message.once('close', () => reject(DISCONNECTED))
  })
}
