/** Column types that the engines do not share: booleans and JSON. */

/** A boolean, stored the same way on every engine. */
export type Flag = 0 | 1

declare const value: unique symbol

/** The JSON text of a `T`. Only `encodeJson` creates one, so a column of this type needs no check when it is read. */
export type Json<T> = string & { readonly [value]: T }

/** Encodes a value for a JSON column. */
export function encodeJson<T>(value: T): Json<T> {
  return JSON.stringify(value) as Json<T>
}

/** Decodes the value of a JSON column. */
export function decodeJson<T>(text: Json<T>): T {
  return JSON.parse(text) as T
}
