/**
 * The boundary between the tag and the page: every function that the page or the browser calls goes through `guard`.
 * Anything thrown inside, a bug of the tag or a sentence about a wrong call, becomes a console warning and never
 * reaches the page.
 */

/** Wraps a function so that it warns instead of throwing, and then returns undefined. */
export function guard<A extends unknown[], R>(run: (...args: A) => R): (...args: A) => R | undefined {
  return (...args) => {
    try {
      return run(...args)
    } catch (error) {
      console.warn('couture:', error)
    }
  }
}
