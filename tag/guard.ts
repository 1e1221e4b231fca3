/**
 * The one edge between the tag and the page: every function that the page or the browser calls goes through `guard`.
 * What is thrown inside, a bug of the tag or a sentence about a wrong call, becomes a warning in the console; it never
 * reaches the page.
 */

/** The given function, warning where it threw; it then returns undefined. */
export function guard<A extends unknown[], R>(run: (...args: A) => R): (...args: A) => R | undefined {
  return (...args) => {
    try {
      return run(...args)
    } catch (error) {
      console.warn('couture:', error)
    }
  }
}
