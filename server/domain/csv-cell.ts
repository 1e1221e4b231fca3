/**
 * Cells of CSV files that no spreadsheet runs as a formula, wherever it is opened. A program in another locale splits a
 * file at semicolons or tabs, inside quotes too, and then at line breaks. So an apostrophe, which makes a cell text, stands
 * before whatever could be run, at the beginning of a cell and after each character that may begin another one. Reading
 * takes exactly these apostrophes off again. Both take a time in proportion to the text.
 */

/** What may end a cell in a file that is separated by commas. */
const ENDS = ';\t\r\n'

/** What a formula begins with, in the forms that spreadsheets take for the same. */
const BEGINS = '=+-@＝＋－＠﹦﹢﹣﹫−'

/** What a program may skip before it. */
const SKIPPED = /[\p{Z}\p{Cc}\p{Cf}"']/u

/** Whether a cell that begins at a place could be run. A whole cell may not begin with a tab or line break either. */
function couldRun(text: string, at: number, isWhole: boolean): boolean {
  let next = at
  while (next < text.length && !ENDS.includes(text.charAt(next)) && SKIPPED.test(text.charAt(next))) next++
  if (next === text.length || text.charAt(next) === ';') return false
  return BEGINS.includes(text.charAt(next)) || (isWhole && ENDS.includes(text.charAt(next)))
}

const mayBegin = (text: string, at: number) => at === 0 || ENDS.includes(text.charAt(at - 1))

/** A text as a cell that cannot be run. */
export function guardCell(text: string): string {
  let guarded = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (!mayBegin(text, at) || !couldRun(text, at, at === 0)) continue
    guarded += `${text.slice(from, at)}'`
    from = at
  }
  return guarded + text.slice(from)
}

/** The text of a cell, without the apostrophes of `guardCell`. */
export function unguardCell(cell: string): string {
  let text = ''
  let from = 0
  for (let at = 0; at < cell.length; at++) {
    if (cell.charAt(at) !== "'" || !mayBegin(cell, at) || !couldRun(cell, at + 1, at === 0)) continue
    text += cell.slice(from, at)
    from = at + 1
  }
  return text + cell.slice(from)
}
