/** Grades the stretches of links, session by session, by the proofs in them and by those before and after. */
import type { Grade, GradeSpan } from './grade.ts'
import type { WeighedEvidence } from './identity-evidence.ts'
import { type IdentityLink, strengthOf } from './identity-link.ts'
import { itemAt } from './lookup.ts'
import type { Stretch } from './stretches.ts'

/** The visitor as the fold saw it. `indexOf`: the place of a claim's moment among the moments. */
type Folded = {
  moments: { at: number }[]
  sessions: number[]
  evidence: WeighedEvidence
  indexOf: (id: string) => number
  policy: { trustUnsigned: boolean }
}

/** Grades the links of stretches, each from the time at which a grade begins. */
export function gradeLinks(stretches: Stretch[], folded: Folded): void {
  for (const stretch of stretches) if (stretch.link) stretch.link.grades = gradesOf(stretch.link, stretch, folded)
}

function gradesOf(link: IdentityLink, { from, to }: Stretch, folded: Folded): GradeSpan[] {
  const { moments, sessions } = folded
  const gradeOf = grader(link, folded)
  const spans: GradeSpan[] = []
  for (let i = from; i < to; i++) {
    if (i > from && sessions[i] === sessions[i - 1]) continue
    const grade = gradeOf(i)
    if (spans.at(-1)?.grade !== grade) spans.push({ from: itemAt(moments, i).at, grade })
  }
  return spans
}

/** Grades the session of which a moment is the first in the stretch. */
function grader(link: IdentityLink, { sessions, evidence, indexOf, policy }: Folded): (i: number) => Grade {
  const loginSessions = new Set<number>()
  const clickSessions = new Set<number>()
  let firstProof = Number.POSITIVE_INFINITY
  for (const { id } of link.proofs) {
    const claim = evidence.good.get(id)
    const strength = claim && strengthOf(claim, policy)
    if (strength !== 'verified' && strength !== 'confirmed') continue
    const index = indexOf(id)
    firstProof = Math.min(firstProof, index)
    const proven = strength === 'verified' ? loginSessions : clickSessions
    proven.add(itemAt(sessions, index))
  }
  const corroboration = link.contact === null ? undefined : evidence.corroborated.get(link.contact)
  const provenFrom = corroboration ? indexOf(corroboration.id) : Number.POSITIVE_INFINITY
  return (i) => {
    const session = itemAt(sessions, i)
    if (loginSessions.has(session) || (clickSessions.has(session) && corroboration)) {
      return evidence.shared ? 'shared' : 'proven'
    }
    if (clickSessions.has(session)) return 'clicked'
    if (i > firstProof && i > provenFrom) return 'remembered'
    return corroboration ? 'before' : 'after_click'
  }
}
