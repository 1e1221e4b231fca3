/** Column types that the engines do not share: booleans and JSON. */
import { wellFormed } from '../../domain/well-formed.ts'

/** A boolean, stored the same way on every engine. */
export type Flag = 0 | 1

declare const value: unique symbol

/** The JSON text of a `T`. Only `encodeJson` creates one, so a column of this type needs no check when it is read. */
export type Json<T> = string & { readonly [value]: T }

/** What JSON writes for the half of a character, and for few other texts. */
const HALF = '\\ud'

/** Encodes a value for a JSON column, so that every engine can read it. */
export function encodeJson<T>(value: T): Json<T> {
  const text = JSON.stringify(value) as Json<T>
  return text.includes(HALF) ? (JSON.stringify(wellFormed(value)) as Json<T>) : text
}

/** Decodes the value of a JSON column. */
export function decodeJson<T>(text: Json<T>): T {
  return JSON.parse(text) as T
}
