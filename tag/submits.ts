/**
 * The forms that the site's settings name. Only in the tags of sites that name some. Fields are read only when a person
 * submits their form, and only under consent to identity.
 */
import { guard } from './guard.ts'

/** Calls `report` with what the fields of a submitted form hold; the second stage finds the address among them (form.ts). */
export function watchSubmits(selectors: string[], allowed: () => unknown, report: (typed: string[]) => void): void {
  const onSubmit = guard(({ target, isTrusted }: SubmitEvent) => {
    if (!isTrusted || !allowed() || !Element.prototype.matches.call(target, `${selectors}`)) return
    // Searches the fields: one may stand outside its form, and one named `elements` hides the form's own list. Nobody typed
    // into disabled and read-only ones. Browsers call some international addresses invalid.
    const fields = [...document.querySelectorAll<HTMLInputElement>('input[type=email]:read-write')]
    report(fields.filter(({ form }) => form === target).map(({ value }) => value))
  })
  // Runs before the page's own handlers, which may empty the fields.
  addEventListener('submit', onSubmit, true)
}
