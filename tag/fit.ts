/** Cuts the properties of an event to what fits it: the ends of long texts and lists are lost, and counted. */
import { byteLength } from './envelope.ts'
import { fromJson, toJson } from './json.ts'
import type { Lose } from './losses.ts'
import { EVENT_BYTES, type WireEvent } from './wire.ts'

/** The room for properties in an event whose addresses and title are as long as they may be. */
const PROPS_BYTES = EVENT_BYTES - 8000

/** Shortens texts and lists until the properties fit. They are a copy of their own then. */
export function fitProps(event: WireEvent, lose: Lose): void {
  if (!event.props) return
  let max = EVENT_BYTES
  let text = toJson(event.props, max, EVENT_BYTES)
  while (byteLength(text) > PROPS_BYTES) {
    if (max === EVENT_BYTES) lose('cut', 1, event)
    max >>= 1
    text = toJson(event.props, max, EVENT_BYTES)
  }
  event.props = fromJson(text) || event.props
}
