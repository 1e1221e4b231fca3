/**
 * What a cell says about the permission to mail, given what its heading asks. Yes and no must be known as such: any other
 * word leaves the permission unclear, or forbids mail where the column holds refusals. Pure.
 */
import { readFlag } from '../values.ts'
import { wordsIn } from './heading-words.ts'
import type { Asks } from './question.ts'
import { CONSENT, END_STEMS, NOT, REFUSAL_STEMS } from './words.ts'

/** What a cell says. Null: nothing about mail. */
export type Answer = 'yes' | 'no' | 'unclear' | null

/** Longer cells are cut off, and say no more than that they are not empty. */
const MAX_CELL = 500

const set = (text: string) => new Set(text.split(' '))

const GIVEN = set(
  'accorde accordee granted given erteilt otorgado concedido concesso accepted accepte acceptee acepta aceptado aceptada accettato accettata ' +
    'agreed confirmed confirme confirmee inscrit inscrite angemeldet zugestimmt erlaubt allowed allow autorise autorisee autorizado autorizzato ' +
    'checked coche cochee ticked angehakt single double optin o s',
)
for (const word of CONSENT) GIVEN.add(word)

/** Words without any bearing on an answer. */
const BESIDE = set(
  'email emails mail mails newsletter marketing contact the to via de la le a l d and to by user is has customer non nt',
)

/** Nothing was said, or not yet. */
const NOTHING = set(
  'none null nil undefined unknown na pending unconfirmed requested invited unset attente ausstehend pendiente attesa inconnu unbekannt desconocido ' +
    'sconosciuto aucune aucun keine',
)
const NOTHING_AT_ALL = set('never jamais nie niemals nunca mai')

/** In columns of refusals: nothing is wrong. */
const ALL_WELL = set(
  'ok okay valid active allow allowed autoriser autorise autorisee zulassen erlaubt erlauben permitir permitido consenti consentito deliverable ' +
    'good clean actif aktiv none subscribed abonne abonnee abonniert suscrito iscritto optin optedin confirmed inscrit inscrite angemeldet open',
)

/** What was not said, after a negation. */
const STATED = set(
  'set specified defined renseigne available applicable asked provided known angegeben gesetzt definido especificado specificato indicato communique precise',
)

/** States that forbid mail and are no refusals elsewhere. */
const OUT = set(
  'held out stopp unsub abuse junk oppose opposed hardbounced softbounced bouncing expunged notallowed dnd',
)

/** Codes of states in the exports of ActiveCampaign and others: 1 is active. */
const OUT_CODES = set('2 3 -1')

const NEGATIONS = new Set([...NOT, 'dont', 'pas'].filter((word) => word !== 'mai'))
/** A word that ends a subscription anywhere; in a state of anything it may concern something else. */
const isRefusal = (word: string) =>
  OUT.has(word) || REFUSAL_STEMS.some((stem) => (stem.length <= 4 ? word === stem : word.startsWith(stem)))
const isEnd = (word: string) => END_STEMS.some((stem) => (stem.length <= 4 ? word === stem : word.startsWith(stem)))

/** A zero, a zero date, or a dash: databases write "never" so. */
const isBlank = (text: string) => /^[\s0.:TZ/–—-]+$/.test(text) && !/^0$/.test(text.trim())

/** What a cell says. `allowed` and `refused` are values whose meaning the sender has given. */
export function readAnswer(asks: Asks, cell: string, given: { allowed: Set<string>; refused: Set<string> }): Answer {
  const text = cell.trim()
  if (text === '') return null
  const key = valueKey(text)
  if (given.allowed.has(key)) return asks === 'forbids' ? null : 'yes'
  if (given.refused.has(key)) return 'no'
  if (isBlank(text)) return null
  if (text.length > MAX_CELL)
    return asks === 'forbids' ? 'no' : asks === 'state' || asks === 'no_only' ? null : 'unclear'
  if (asks === 'forbids') return readRefusal(text)
  const structured = readStructured(text)
  if (structured !== undefined) return structured === null ? null : readState(asks, structured)
  return readState(asks, text)
}

/** How values that mean the same are compared. */
export function valueKey(value: string): string {
  return value.trim().toLowerCase().slice(0, MAX_CELL)
}

function readRefusal(text: string): 'no' | null {
  if (readFlag(text) === false) return null
  const words = wordsIn(text)
  if (words.length === 0) return 'no'
  const denied = words.some((word) => NEGATIONS.has(word))
  const refuses = words.some((word) => isRefusal(word) || isEnd(word))
  if (denied && refuses && words.length <= 3) return null
  if (denied || refuses) return 'no'
  return words.every((word) => ALL_WELL.has(word) || NOTHING.has(word) || NOTHING_AT_ALL.has(word)) ? null : 'no'
}

function readState(asks: Exclude<Asks, 'forbids'>, text: string): Answer {
  const flag = readFlag(text)
  const words = wordsIn(text)
  const only = words.length === 1 ? (words[0] ?? '') : ''
  if (asks === 'unread') return words.length > 0 && words.every((word) => NOTHING.has(word)) ? null : 'unclear'
  if (asks === 'state') {
    if (OUT_CODES.has(text)) return 'no'
    return flag === null && saysNo(words, false) ? 'no' : null
  }
  if (asks === 'status' && OUT_CODES.has(text)) return 'no'
  if (flag !== null) {
    // A status of 1 or 0 is a code, not an answer.
    if (asks === 'status' && /^[\d.]+$/.test(text)) return 'unclear'
    if (asks === 'doubt') return flag ? null : 'unclear'
    return flag ? (asks === 'no_only' ? null : 'yes') : 'no'
  }
  if (/^[✓✔☑]$/u.test(text)) return asks === 'no_only' || asks === 'doubt' ? null : 'yes'
  if (/^[✗✘☒☐]$/u.test(text)) return asks === 'doubt' ? 'unclear' : 'no'
  if (words.length > 0 && words.every((word) => NOTHING.has(word))) return null
  if (isNeverAsked(words) || isNotStated(words)) return null
  if (NOTHING_AT_ALL.has(only) || saysNo(words, true)) return asks === 'doubt' ? 'unclear' : 'no'
  if (asks === 'no_only' || asks === 'doubt') return null
  if (
    words.length > 0 &&
    words.every((word) => GIVEN.has(word) || BESIDE.has(word)) &&
    words.some((word) => GIVEN.has(word))
  )
    return 'yes'
  // HubSpot's word for those who count towards its bill.
  if (
    asks === 'status' &&
    (words.toSorted().join(' ') === 'contact marketing' || ['active', 'valid', 'ok'].includes(only))
  )
    return null
  return 'unclear'
}

/** Never having subscribed is neither a yes nor a no. */
function isNeverAsked(words: string[]): boolean {
  return words.length === 2 && words[0] === 'never' && words[1] === 'subscribed'
}

/** Whether a cell says that nothing was stated. */
function isNotStated(words: string[]): boolean {
  return words.length === 2 && NEGATIONS.has(words[0] ?? '') && STATED.has(words[1] ?? '')
}

/** Whether words refuse. `strictly`: the column is about mail, so that an end of anything is one of mail. */
function saysNo(words: string[], strictly: boolean): boolean {
  const refuses = words.some((word) => isRefusal(word) || (strictly && isEnd(word)))
  const denied = words.some((word) => NEGATIONS.has(word))
  if (denied && words.length > 1) return strictly ? !refuses : words.some((word) => GIVEN.has(word))
  return refuses
}

/** The part of a list or an object that speaks of mail: null if none does, undefined if the cell is neither. */
function readStructured(text: string): string | null | undefined {
  if (text.startsWith('[') && text.endsWith(']')) {
    const items = text
      .slice(1, -1)
      .split(',')
      .map((item) =>
        item
          .trim()
          .replace(/^["']|["']$/g, '')
          .toLowerCase(),
      )
    return items.some((item) => item === 'email' || item === 'e-mail') ? 'yes' : null
  }
  if (text.startsWith('{') && text.endsWith('}')) {
    const state =
      /["'](?:marketing_?state|state|status|consent|subscribed)["']\s{0,4}:\s{0,4}["']?([\p{L}_ -]{1,60})/iu.exec(text)
    return state?.[1] ?? undefined
  }
  return undefined
}
