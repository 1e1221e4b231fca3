/** Turns problems into web standard responses. */
import { type Problem, problemAnswer } from '../domain/problem.ts'

/** The response for a problem. */
export function problemResponse(problem: Problem, more: object = {}): Response {
  const { status, headers, body } = problemAnswer(problem, more)
  return new Response(body, { status, headers })
}
