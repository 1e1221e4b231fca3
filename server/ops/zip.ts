/**
 * Writes a ZIP file as it is read: each file is compressed as its text comes, so that an archive of any size needs the memory
 * of one part. Sizes and checksums follow the data, as the format allows; below 4 GB, as a person's data is.
 */
import { once } from 'node:events'
import { crc32, createDeflateRaw } from 'node:zlib'

/** A file of the archive, and its text in parts. */
export type ZipFile = { name: string; text: AsyncIterable<string> }

/** Texts in UTF-8, and sizes after the data. */
const FLAGS = 0x0808
const DEFLATE = 8
const VERSION = 20

type Written = { name: Buffer; crc: number; packed: number; size: number; offset: number }

/** The bytes of an archive; its files are dated `at`. */
export async function* zip(files: Iterable<ZipFile>, at: Date): AsyncGenerator<Uint8Array> {
  const [time, date] = dosTime(at)
  const written: Written[] = []
  let offset = 0
  for (const { name, text } of files) {
    const file: Written = { name: Buffer.from(name), crc: 0, packed: 0, size: 0, offset }
    const header = Buffer.alloc(30)
    header.writeUInt32LE(0x04034b50, 0)
    header.writeUInt16LE(VERSION, 4)
    header.writeUInt16LE(FLAGS, 6)
    header.writeUInt16LE(DEFLATE, 8)
    header.writeUInt16LE(time, 10)
    header.writeUInt16LE(date, 12)
    header.writeUInt16LE(file.name.length, 26)
    yield Buffer.concat([header, file.name])
    for await (const part of deflated(text, file)) {
      file.packed += part.length
      yield part
    }
    const sizes = Buffer.alloc(16)
    sizes.writeUInt32LE(0x08074b50, 0)
    sizes.writeUInt32LE(file.crc, 4)
    sizes.writeUInt32LE(file.packed, 8)
    sizes.writeUInt32LE(file.size, 12)
    yield sizes
    written.push(file)
    offset += header.length + file.name.length + file.packed + sizes.length
  }
  const directory = Buffer.concat(written.map((file) => entryOf(file, time, date)))
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(written.length, 8)
  end.writeUInt16LE(written.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  yield Buffer.concat([directory, end])
}

/** Compresses a text, and notes its size and checksum. */
async function* deflated(text: AsyncIterable<string>, file: Written): AsyncGenerator<Buffer> {
  const deflate = createDeflateRaw()
  const feed = async () => {
    try {
      for await (const part of text) {
        const bytes = Buffer.from(part)
        file.crc = crc32(bytes, file.crc)
        file.size += bytes.length
        if (!deflate.write(bytes)) await once(deflate, 'drain')
      }
      deflate.end()
    } catch (error) {
      deflate.destroy(error as Error)
    }
  }
  const feeding = feed()
  for await (const part of deflate) yield part as Buffer
  await feeding
}

function entryOf(file: Written, time: number, date: number): Buffer {
  const entry = Buffer.alloc(46)
  entry.writeUInt32LE(0x02014b50, 0)
  entry.writeUInt16LE(VERSION, 4)
  entry.writeUInt16LE(VERSION, 6)
  entry.writeUInt16LE(FLAGS, 8)
  entry.writeUInt16LE(DEFLATE, 10)
  entry.writeUInt16LE(time, 12)
  entry.writeUInt16LE(date, 14)
  entry.writeUInt32LE(file.crc, 16)
  entry.writeUInt32LE(file.packed, 20)
  entry.writeUInt32LE(file.size, 24)
  entry.writeUInt16LE(file.name.length, 28)
  entry.writeUInt32LE(file.offset, 42)
  return Buffer.concat([entry, file.name])
}

/** The time and date as ZIP writes them, in UTC, to two seconds. */
function dosTime(at: Date): [time: number, date: number] {
  return [
    (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
    (Math.max(0, at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
  ]
}
