/** Reads link tokens, in every thread that receives them. */
import { readToken } from '../domain/token.ts'
import { linkMac } from './keyring.ts'

const decode = (text: string) => Buffer.from(text, 'base64url').toString('utf8')

/** The content of a token if the secret signed it. */
export function readLink(linkSecret: string, token: string) {
  return readToken(linkMac, linkSecret, decode, token)
}
