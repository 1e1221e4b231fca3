/** Makes Excel workbooks for tests: cells as Excel writes them, and a file that is only as valid as it is asked to be. */
import { zip } from '../../server/ops/zip.ts'

/** A cell: a text, a number (also as written, for digits that JavaScript rounds), a boolean, or a date by its serial. */
export type Cell = string | number | boolean | null | { written: string } | { serial: number } | { error: string }

/** A workbook with these sheets. */
export async function workbookOf(sheets: Record<string, Cell[][]>): Promise<Buffer> {
  const names = Object.keys(sheets)
  const relation = (id: number, type: string, target: string) =>
    `<Relationship Id="rId${id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}"/>`
  const relations = 'http://schemas.openxmlformats.org/package/2006/relationships'
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
  const documents = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const files: Record<string, string> = {
    '[Content_Types].xml': `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`,
    '_rels/.rels': `<Relationships xmlns="${relations}">${relation(1, 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${documents}"><sheets>${names
      .map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`)
      .join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${relations}">${names
      .map((_, i) => relation(i + 1, 'worksheet', `worksheets/sheet${i + 1}.xml`))
      .join('')}${relation(names.length + 1, 'styles', 'styles.xml')}</Relationships>`,
    // Style 1 is a date, style 2 a time.
    'xl/styles.xml': `<styleSheet xmlns="${main}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>`,
  }
  for (const [i, rows] of Object.values(sheets).entries()) {
    files[`xl/worksheets/sheet${i + 1}.xml`] =
      `<worksheet xmlns="${main}"><sheetData>${rows.map(rowText).join('')}</sheetData></worksheet>`
  }
  return archiveOf(files)
}

/** An archive of these texts. */
export async function archiveOf(files: Record<string, string>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  const entries = Object.entries(files).map(([name, text]) => ({ name, text: only(text) }))
  for await (const part of zip(entries, new Date(Date.UTC(2026, 0, 1)))) parts.push(part)
  return Buffer.concat(parts)
}

async function* only(text: string): AsyncGenerator<string> {
  yield text
}

const rowText = (cells: Cell[], i: number): string =>
  `<row r="${i + 1}">${cells.map((cell, k) => cellText(cell, `${columnName(k)}${i + 1}`)).join('')}</row>`

/** A, B … Z, AA … */
function columnName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26))
  return index < 26 ? letter : columnName(Math.floor(index / 26) - 1) + letter
}

function cellText(cell: Cell, at: string): string {
  if (cell === null) return ''
  if (typeof cell === 'string')
    return `<c r="${at}" t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`
  if (typeof cell === 'boolean') return `<c r="${at}" t="b"><v>${cell ? 1 : 0}</v></c>`
  if (typeof cell === 'number') return `<c r="${at}"><v>${cell}</v></c>`
  if ('written' in cell) return `<c r="${at}"><v>${cell.written}</v></c>`
  if ('error' in cell) return `<c r="${at}" t="e"><v>${cell.error}</v></c>`
  return `<c r="${at}" s="${Number.isInteger(cell.serial) ? 1 : 2}"><v>${cell.serial}</v></c>`
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
