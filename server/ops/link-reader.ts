/** Reads link tokens, in every thread that meets them. */
import { readToken } from '../domain/token.ts'
import { linkMac } from './keyring.ts'

const decode = (text: string) => Buffer.from(text, 'base64url').toString('utf8')

/** What a token says if the secret signed it. */
export function readLink(linkSecret: string, token: string) {
  return readToken(linkMac, linkSecret, decode, token)
}
