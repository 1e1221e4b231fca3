/**
 * The boundary between the tag and the page: every function that the page or the browser calls goes through `guard`.
 * Anything thrown inside, a bug of the tag or a sentence about a wrong call, becomes a console warning and never
 * reaches the page.
 */

/** Shows a warning, if the page left a console to show it in. */
export function warn(...what: unknown[]): void {
  try {
    console.warn('couture:', ...what)
  } catch {
    // The page replaced it.
  }
}

/** Wraps a function so that it warns instead of throwing, and then returns undefined. */
export function guard<A extends unknown[], R>(run: (...args: A) => R): (...args: A) => R | undefined {
  return (...args) => {
    try {
      return run(...args)
    } catch (error) {
      warn(error)
    }
  }
}

/** A property of the document itself: the page's forms and pictures may have taken its name. */
export function ofDocument<Name extends keyof Document>(name: Name): Document[Name] {
  return Reflect.get(Document.prototype, name, document)
}
