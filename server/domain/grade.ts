/**
 * Grades: how sure it is that something is a contact's, best first. An event has one by its link, a cart and a match by
 * the events that they rest on. What each was measured to be worth is in docs/identity-rules.md#grades.
 */

/** The grades, best first. */
export const GRADES = ['proven', 'shared', 'remembered', 'before', 'clicked', 'after_click', 'cart'] as const

/** How sure it is that something is a contact's. */
export type Grade = (typeof GRADES)[number]

/** From `from` on, until the next of the same link begins, the link's events have this grade. */
export type GradeSpan = { from: number; grade: Grade }

const rank = (grade: Grade) => GRADES.indexOf(grade)

/** Whether a grade is at least as good as a floor. What has no grade reaches none. */
export function reaches(grade: Grade | null, floor: Grade): boolean {
  return grade !== null && rank(grade) <= rank(floor)
}

/** The grades that reach a floor. */
export function gradesFrom(floor: Grade): Grade[] {
  return GRADES.slice(0, rank(floor) + 1)
}

/** The best of some grades; null if there is none. */
export function bestOf(grades: Grade[]): Grade | null {
  return GRADES.find((grade) => grades.includes(grade)) ?? null
}

/** The weakest of some grades; null if there is none, or if something has no grade. */
export function weakestOf(grades: (Grade | null)[]): Grade | null {
  if (grades.includes(null)) return null
  return GRADES.findLast((grade) => grades.includes(grade)) ?? null
}

/** The grade of an event of `at` that a link with these spans assigns. Before the first of them lies the open cart alone. */
export function gradeAt(spans: GradeSpan[], at: number): Grade | null {
  if (spans.length === 0) return null
  return spans.findLast(({ from }) => from <= at)?.grade ?? 'cart'
}
