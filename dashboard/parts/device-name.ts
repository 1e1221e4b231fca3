/** The name of a browser: its kind of device, browser and system, as far as they are known. */
import type { Visitor } from '../api.ts'
import type { Ui } from '../texts/format.ts'
import { wordFor } from '../texts/words.ts'

/** "Computer, Safari on macOS". */
export function deviceName({ t }: Ui, visitor: Visitor | undefined): string {
  const device = visitor?.device
  if (!device) return t.contact.unknownDevice
  const kind = wordFor(t.contact.deviceTypes, device.type) ?? device.type
  const software = [device.browser, device.os].filter(Boolean).join(' · ')
  return software === '' ? kind : `${kind} · ${software}`
}

/** The part of a visitor's id that is enough to tell visitors apart. */
export const shortId = (id: string) => id.slice(0, 8)
