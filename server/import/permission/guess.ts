/**
 * Which columns speak of the permission to mail, by their headings and the cells of the first rows. Columns that the
 * sender has mapped are read as they say.
 */

import { type DayOrder, readInstant } from '../../domain/dates.ts'
import { readFlag } from '../values.ts'
import { readAnswer } from './answer.ts'
import { mappedPermission, type PermissionColumn, permissionColumn } from './column.ts'
import { type Asks, questionOf } from './question.ts'

const NONE = { allowed: new Set<string>(), refused: new Set<string>() }

/** A guess: what the column says, and whether it says nothing else that is worth keeping. */
export type Guess = { permission: PermissionColumn; isWhole: boolean; note: string }

const NOTES: Record<Asks, string> = {
  grants: 'a yes allows mail, a no forbids it',
  forbids: 'a yes here means no permission; a no means nothing',
  status: 'the state of the subscription',
  state: 'words such as unsubscribed or bounced also mean no permission',
  no_only: 'a no means no permission; a yes allows nothing, because it may be for something else than mail',
  doubt: 'it may be for something else than mail: map it to mail_consent, mail_refusal or - to say what it is',
  unread: 'its heading gives yes and no another meaning: map it to mail_consent or mail_refusal to say which',
}

/** What a column says about mail; null if it says nothing. */
export function guessPermission(heading: string, cells: readonly string[], order: DayOrder): Guess | null {
  const question = questionOf(heading)
  if (question === null) return null
  const { asks, time } = question
  const areInstants = cells.every((cell) => readInstant(cell, order) !== null)
  if (time === 'change') {
    if (asks === 'doubt' || asks === 'unread' || cells.length === 0 || !areInstants) return null
    return { permission: permissionColumn('date_of_change'), isWhole: false, note: 'when the permission last changed' }
  }
  const isDate = areInstants && cells.length > 0
  if (asks === 'grants' && (isDate || (time === 'at' && !cells.some((cell) => readFlag(cell) !== null)))) {
    return { permission: permissionColumn('date_of_yes'), isWhole: isDate, note: 'when the permission was given' }
  }
  // The day of anything else than a plain permission says nothing.
  if (asks !== 'forbids' && time === 'at' && !cells.some((cell) => readFlag(cell) !== null)) return null
  const known = cells.filter((cell) => readAnswer(asks, cell, NONE) !== 'unclear').length
  const isWhole = (asks === 'grants' || asks === 'status' || asks === 'forbids') && known * 2 >= cells.length
  return { permission: permissionColumn(asks, question), isWhole, note: NOTES[asks] }
}

/** A column that the sender has mapped to `mail_consent`, `mail_refusal` or `mail_consent_at`. */
export function mappedGuess(field: string, heading: string): Pick<Guess, 'permission' | 'note'> | null {
  const [target = '', values = ''] = field.split('=', 2)
  const asks = questionOf(heading)?.asks
  if (target === 'mail_consent_at') {
    return asks === 'forbids'
      ? { permission: permissionColumn('date_of_no'), note: 'when mail was refused' }
      : { permission: permissionColumn('date_of_yes'), note: 'when the permission was given' }
  }
  if (target !== 'mail_consent' && target !== 'mail_refusal') return null
  const given = values
    .split('|')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  const marked = given.filter((each) => each.startsWith('!')).map((each) => each.slice(1).trim())
  const plain = given.filter((each) => !each.startsWith('!'))
  // A column of refusals stays one, whatever it is mapped to.
  const role =
    target === 'mail_refusal' || asks === 'forbids'
      ? 'forbids'
      : asks === 'status' || asks === 'state'
        ? 'status'
        : 'grants'
  const [allowed, refused] = target === 'mail_refusal' ? [marked, plain] : [plain, marked]
  return { permission: mappedPermission(role, allowed, refused), note: NOTES[role] }
}
