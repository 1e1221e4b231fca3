/** The zone that a cell of an export names: by its IANA name, or as tills of the United States call it. */
import { isZone } from '../domain/zone.ts'

const NAMES: Record<string, string> = {
  ...{
    eastern: 'America/New_York',
    central: 'America/Chicago',
    mountain: 'America/Denver',
    pacific: 'America/Los_Angeles',
  },
  ...{ arizona: 'America/Phoenix', alaska: 'America/Anchorage', hawaii: 'Pacific/Honolulu', london: 'Europe/London' },
  ...{ paris: 'Europe/Paris', berlin: 'Europe/Berlin', madrid: 'Europe/Madrid', rome: 'Europe/Rome' },
}

/** The IANA name of the zone in a cell, such as `Eastern Time (US & Canada)`. Null if it names none that is known. */
export function storeZoneOf(cell: string): string | null {
  if (cell === '' || cell.length > 64) return null
  if (isZone(cell)) return cell
  return NAMES[cell.split(/[\s(]/, 1)[0]?.toLowerCase() ?? ''] ?? null
}
