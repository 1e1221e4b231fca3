/**
 * JSON as the tag needs it on pages that it does not control. Old libraries add `toJSON` to arrays or objects or replace
 * `JSON`; shops pass whatever they have at hand. A property that has no JSON (a function, a BigInt, a getter that throws,
 * a value that contains itself) is left out, alone. Writing never fails.
 */

/** The collector refuses deeper values, by some levels. */
const MAX_LEVELS = 30

const quote = (text: string) =>
  `"${text.replace(/[^ !#-[\]-~\xa0-\ud7ff]/g, (char) => `\\u${(char.charCodeAt(0) + 65536).toString(16).slice(1)}`)}"`

/**
 * Writes a value. Texts longer than `max` are cut, and so are longer lists and objects. After `room` characters the rest
 * is left out, because a page's own objects lead anywhere, to the whole document too.
 */
export function toJson(value: unknown, max = Infinity, room = Infinity): string {
  const write = (value: unknown, above: unknown[]): string | undefined => {
    if (room-- < 0) return
    if (typeof value === 'string') {
      const text = value.slice(0, max)
      room -= text.length
      return quote(text)
    }
    if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null'
    if (value === null || typeof value === 'boolean') return `${value}`
    if (typeof value !== 'object' || above.length > MAX_LEVELS || above.includes(value)) return
    const inside = [...above, value]
    const given = value as Record<string, unknown>
    const isList = Array.isArray(value)
    const own = given.toJSON
    // What a library added to everything is not the value's own form.
    if (typeof own === 'function' && !isList && own !== (Object.prototype as typeof given).toJSON) {
      return write(own.call(value), inside)
    }
    const parts: string[] = []
    for (const key of Object.keys(isList ? [...value] : value).slice(0, max)) {
      let part: string | undefined
      try {
        part = write(given[key], inside)
      } catch {
        // Left out.
      }
      if (isList) parts.push(part || 'null')
      else if (part) parts.push(`${quote(key)}:${part}`)
    }
    return isList ? `[${parts}]` : `{${parts}}`
  }
  try {
    return write(value, []) || 'null'
  } catch {
    return 'null'
  }
}

/** Writes a value that has been copied, whole: by the browser's own JSON where the page left that alone, which is much faster. */
export function quickJson(value: unknown): string {
  try {
    if (!('toJSON' in [])) return JSON.stringify(value) || 'null'
  } catch {
    // A value without JSON.
  }
  return toJson(value)
}

/** Reads a text; null if it is none or cannot be read. */
export function fromJson<T>(text: string | null | undefined): T | null {
  try {
    return JSON.parse(text!)
  } catch {
    return null
  }
}
