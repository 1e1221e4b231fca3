/**
 * The headers of every reply of the shop. One content security policy serves all pages: nothing from outside, and no
 * inline code except the line that starts Couture's queue, which is allowed by its hash, so that pages need no nonce.
 */
import { createHash } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'

/** The line that every installation pastes: calls made before the tag has loaded wait in `couture.q`. */
export const SNIPPET =
  "if(typeof couture!='function')window.couture=function(){(couture.q=couture.q||[]).push(arguments)}"

const snippetHash = createHash('sha256').update(SNIPPET).digest('base64')

const POLICY = [
  "default-src 'self'",
  `script-src 'self' 'sha256-${snippetHash}'`,
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ')

/** Sets the policy on every reply. */
export const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next()
  c.header('Content-Security-Policy', POLICY)
  c.header('X-Content-Type-Options', 'nosniff')
  c.header('Referrer-Policy', 'strict-origin-when-cross-origin')
}
