/** What a column may hold that the engines have no type for: truth values and JSON. */

/** A truth value that every engine keeps alike. */
export type Flag = 0 | 1

declare const value: unique symbol

/** The JSON text of a `T`. Only `encodeJson` makes one, so a column of this type needs no check when it is read. */
export type Json<T> = string & { readonly [value]: T }

/** The text of a value for a column. */
export function encodeJson<T>(value: T): Json<T> {
  return JSON.stringify(value) as Json<T>
}

/** The value of a column's text. */
export function decodeJson<T>(text: Json<T>): T {
  return JSON.parse(text) as T
}
