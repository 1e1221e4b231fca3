/**
 * The directory of a ZIP archive, read before anything is unpacked: which files it holds and how large they say they are.
 * See APPNOTE.TXT 6.3.10, 4.3.12 and 4.3.16.
 */

/** What an archive holds. */
export type ArchiveDirectory = { names: string[]; unpackedBytes: number }

const END = 0x06054b50
const ENTRY = 0x02014b50
/** The end of the directory lies this far from the end of the file at most: its comment has 16 bits for its length. */
const END_WITHIN = 22 + 0xffff
/** The size that stands for one in 64 bits. */
const TOO_LARGE = 0xffffffff
/** No workbook has more files; each of its sheets and pictures is one. */
const MAX_FILES = 10_000

/** Reads the directory of an archive. Null if it has none, or is of more than 4 GB. */
export function readDirectory(bytes: Buffer): ArchiveDirectory | null {
  const end = bytes.subarray(-END_WITHIN)
  let at = end.length - 22
  while (at >= 0 && end.readUInt32LE(at) !== END) at--
  if (at < 0) return null
  const count = end.readUInt16LE(at + 10)
  let offset = end.readUInt32LE(at + 16)
  const names: string[] = []
  let unpackedBytes = 0
  for (let i = 0; i < count; i++) {
    if (i >= MAX_FILES || offset + 46 > bytes.length || bytes.readUInt32LE(offset) !== ENTRY) return null
    const size = bytes.readUInt32LE(offset + 24)
    if (size === TOO_LARGE) return null
    unpackedBytes += size
    const nameLength = bytes.readUInt16LE(offset + 28)
    names.push(bytes.toString('utf8', offset + 46, offset + 46 + nameLength))
    offset += 46 + nameLength + bytes.readUInt16LE(offset + 30) + bytes.readUInt16LE(offset + 32)
  }
  return { names, unpackedBytes }
}
