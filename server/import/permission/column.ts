/**
 * The part of a column that speaks of permission to mail: what its heading asks, what the sender has answered, and which
 * of its cells could not be read. What could not be read becomes a question to the sender.
 */

import { type DayOrder, readInstant } from '../../domain/dates.ts'
import { type Answer, readAnswer, valueKey } from './answer.ts'
import type { Asks, Question } from './question.ts'

/** What a column says about the permission, as it is reported: how its cells are read, or whose date they hold. */
export type PermissionRole = Asks | 'date_of_yes' | 'date_of_no' | 'date_of_change'

/** A question about a column that only its sender can answer, by mapping it. */
export type ImportQuestion = {
  column: string
  /**
   * `unknown_values`: the cells are neither a yes nor a no; `unknown_heading`: words of the heading may mean something
   * else; `odd_legend`: the heading gives yes and no another meaning.
   */
  code: 'unknown_values' | 'unknown_heading' | 'odd_legend'
  /** The first of the values or words that are not known. */
  examples: string[]
  /** How many rows are concerned. */
  rows: number
}

/** The permission of a column. */
export type PermissionColumn = {
  role: PermissionRole
  /** The sender has mapped it, so that its words answer what was unclear. */
  isAnswer: boolean
  allowed: Set<string>
  refused: Set<string>
  /** The words of the heading that keep it from granting. */
  unknownWords: string[]
  /** What short cells say: most columns hold a few values. */
  answers: Map<string, Answer>
  /** Values that could not be read, at most a few, and in how many rows. */
  examples: Set<string>
  unreadRows: number
}

const MAX_EXAMPLES = 10
const MAX_EXAMPLE = 80
const MAX_ANSWERS = 1000

/** The permission of a column with this role. */
export function permissionColumn(role: PermissionRole, question: Question | null = null): PermissionColumn {
  return {
    role,
    isAnswer: false,
    allowed: new Set(),
    refused: new Set(),
    unknownWords: question?.unknown ?? [],
    answers: new Map(),
    examples: new Set(),
    unreadRows: 0,
  }
}

/** A column mapped by the sender, with the values that allow and refuse. */
export function mappedPermission(role: PermissionRole, allowed: string[], refused: string[]): PermissionColumn {
  return {
    ...permissionColumn(role),
    isAnswer: true,
    allowed: new Set(allowed.map(valueKey)),
    refused: new Set(refused.map(valueKey)),
  }
}

/** What a cell says, noting what could not be read. Not for columns of dates. */
export function answerOf(permission: PermissionColumn, cell: string): Answer {
  const { role } = permission
  if (role === 'date_of_yes' || role === 'date_of_no' || role === 'date_of_change') return null
  const known = permission.answers.get(cell)
  const answer = known === undefined ? readAnswer(role, cell, permission) : known
  if (cell.length <= MAX_EXAMPLE && permission.answers.size < MAX_ANSWERS) permission.answers.set(cell, answer)
  const isOpen = (role === 'no_only' || role === 'doubt') && readAnswer('grants', cell, permission) === 'yes'
  if (answer === 'unclear' || isOpen) {
    permission.unreadRows++
    if (permission.examples.size < MAX_EXAMPLES) permission.examples.add(cell.trim().slice(0, MAX_EXAMPLE))
  }
  return answer
}

/** What the sender must be asked about columns, once their rows were read. */
export function questionsOf(columns: readonly { column: string; permission?: PermissionColumn }[]): ImportQuestion[] {
  return columns.flatMap(({ column, permission }): ImportQuestion[] => {
    if (permission === undefined || permission.unreadRows === 0) return []
    const { role, unknownWords, examples, unreadRows: rows } = permission
    if (role === 'unread') return [{ column, code: 'odd_legend', examples: [...examples], rows }]
    if (role === 'no_only' || role === 'doubt') {
      return [{ column, code: 'unknown_heading', examples: unknownWords.slice(0, MAX_EXAMPLES), rows }]
    }
    return [{ column, code: 'unknown_values', examples: [...examples], rows }]
  })
}

/** What a row says about mail, as a push would hold it. */
export type RowWord = { mail_consent?: boolean | 'unclear'; mail_consent_at?: string; mail_answer?: true }

/** Reads what the columns of a row say together. A no wins over a yes that is not dated later. */
export function rowWord(
  columns: readonly { index: number; order: DayOrder; permission: PermissionColumn }[],
  cellAt: (index: number) => string,
): RowWord {
  let [yes, plainNo, unclear, isAnswer] = [false, false, false, false]
  let [yesAt, noAt, changeAt] = [null, null, null] as [number | null, number | null, number | null]
  for (const { index, order, permission } of columns) {
    const cell = cellAt(index)
    if (cell === '') continue
    const { role } = permission
    if (role === 'date_of_yes') yesAt = latest(yesAt, readInstant(cell, order))
    else if (role === 'date_of_no') noAt = latest(noAt, readInstant(cell, order))
    else if (role === 'date_of_change') changeAt = latest(changeAt, readInstant(cell, order))
    else {
      const answer = answerOf(permission, cell)
      if (answer === 'yes') [yes, isAnswer] = [true, isAnswer || permission.isAnswer]
      if (answer === 'unclear') unclear = true
      if (answer !== 'no') continue
      const at = role === 'forbids' ? readInstant(cell, order) : null
      if (at === null) plainNo = true
      else noAt = latest(noAt, at)
    }
  }
  if (plainNo || (noAt !== null && !(yes && !unclear && yesAt !== null && yesAt > noAt)))
    return said(false, noAt ?? changeAt)
  if (unclear) return said('unclear', changeAt)
  return yes ? { ...said(true, yesAt ?? changeAt), ...(isAnswer ? { mail_answer: true } : {}) } : {}
}

function said(mail_consent: boolean | 'unclear', at: number | null): RowWord {
  return { mail_consent, ...(at === null ? {} : { mail_consent_at: new Date(at).toISOString() }) }
}

function latest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b)
}
