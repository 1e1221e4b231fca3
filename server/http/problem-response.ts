/** Problems as responses of the web standard. */
import { type Problem, problemAnswer } from '../domain/problem.ts'

/** The reply of a problem. */
export function problemResponse(problem: Problem, more: object = {}): Response {
  const { status, headers, body } = problemAnswer(problem, more)
  return new Response(body, { status, headers })
}
