/**
 * Which of the encodings with one byte a letter a text has: Windows-1252, CP850 (DOS, and old tills and CRMs) or Mac Roman.
 * They give the same bytes to different letters, so the one counts in which the bytes beside letters are letters that
 * Western languages use in such a place. Pure.
 */

/** An encoding with one byte a letter. */
export type CodePage = 'windows-1252' | 'cp850' | 'macintosh'

/** The characters of CP850 from 128 on. */
const CP850 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ' +
  'áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐' +
  '└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀' +
  'ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0'

/** Letters with accents in words of Western languages. */
const COMMON = new Set('éèêëàâäáãåçîïíìôöóòõùûüúñßæœø')

const MAC = new TextDecoder('macintosh')
const WESTERN = new TextDecoder('windows-1252')

/** Decodes bytes of an encoding. */
export function decodePage(page: CodePage, bytes: Uint8Array): string {
  if (page === 'windows-1252') return WESTERN.decode(bytes)
  if (page === 'macintosh') return MAC.decode(bytes)
  let text = ''
  for (const byte of bytes) text += byte < 128 ? String.fromCharCode(byte) : CP850.charAt(byte - 128)
  return text
}

/** The encoding in which a text reads most like one; Windows-1252 if none reads better. */
export function guessPage(bytes: Uint8Array): CodePage {
  let best: { page: CodePage; score: number } = {
    page: 'windows-1252',
    score: scoreOf(decodePage('windows-1252', bytes)),
  }
  for (const page of ['cp850', 'macintosh'] as const) {
    const score = scoreOf(decodePage(page, bytes))
    if (score > best.score) best = { page, score }
  }
  return best.page
}

/** How well the characters beyond ASCII fit their places. */
function scoreOf(text: string): number {
  let score = 0
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    if (char < '\u0080') continue
    const before = text.charAt(i - 1)
    const after = text.charAt(i + 1)
    const small = /\p{Ll}/u.test(before) || /\p{Ll}/u.test(after)
    if (COMMON.has(char)) score += 2
    else if (COMMON.has(char.toLowerCase()))
      score += /\p{Ll}/u.test(before) ? -1 : /[\p{Lu}\s";,\t]/u.test(before) || before === '' ? 1 : 0
    else if (/\p{L}/u.test(char)) score -= 1
    // A sign between letters is a letter read wrongly; beside figures it may be a currency, a degree or a number.
    else score -= small ? 2 : '€£°²’«»–'.includes(char) ? -1 : 1
  }
  return score
}
