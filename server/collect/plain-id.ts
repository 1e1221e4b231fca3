/**
 * Ids as SDKs hold them. Shops' servers read them from the SDK's cookie as it stands: percent-encoded, in quotes, as JSON
 * in base64, or several of these at once.
 */

/** More layers than any sender wraps around an id. */
const MAX_LAYERS = 4

/** How RudderStack's cookies begin; JSON in base64 follows. */
const RUDDERSTACK = 'RS_ENC_v3_'

/** An anonymous id without what is wrapped around it; empty if there is nothing in it. */
export function plainAnonymousId(given: string): string {
  let id = given.trim()
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    const inner = unwrapped(id).trim()
    if (inner === id) break
    id = inner
  }
  return id
}

/** A user's id without what is wrapped around it. A percent sign of its own is kept, as the CRM has it. */
export function plainUserId(given: string): string {
  const id = given.trim()
  const isWrapped = /^(["']|%22|RS_ENC_v3_)/.test(id) || (id.includes('%40') && !id.includes('@'))
  return isWrapped ? plainAnonymousId(id) : id
}

function unwrapped(id: string): string {
  if (id.startsWith(RUDDERSTACK)) {
    const text = Buffer.from(id.slice(RUDDERSTACK.length), 'base64').toString('utf8')
    if (text.length > 1 && text.startsWith('"') && text.endsWith('"')) return text
  }
  if (id.includes('%')) {
    try {
      return decodeURIComponent(id)
    } catch {
      // A percent sign of its own.
    }
  }
  const isQuoted = id.length > 1 && /^["']/.test(id) && id.at(-1) === id.at(0)
  return isQuoted ? unquoted(id) : id
}

/** A text in quotes, with those that JSON escaped in it. */
function unquoted(id: string): string {
  try {
    const text: unknown = JSON.parse(id)
    if (typeof text === 'string') return text
  } catch {
    // Quotes that are not JSON's.
  }
  return id.slice(1, -1)
}
