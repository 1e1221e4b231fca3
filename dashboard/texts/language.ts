/**
 * Chooses the reader's language: the one chosen earlier in this browser, else the browser's own, else English. The
 * country of a matching browser language decides numbers and dates, so that a Swiss reader of French sees Swiss ones.
 */
import { en } from './en.ts'
import { createFormat, type Ui } from './format.ts'
import { fr } from './fr.ts'

/** The languages on offer, in the order of the selector. */
export const LANGUAGES = ['en', 'fr'] as const
export type Language = (typeof LANGUAGES)[number]

const TEXTS = { en, fr }
const FALLBACK_LOCALE = { en: 'en-GB', fr: 'fr-FR' }
const REMEMBERED_AS = 'couture.language'

const isLanguage = (value: unknown): value is Language => LANGUAGES.some((language) => language === value)

/** The language to start in. */
export function initialLanguage(): Language {
  const remembered = read()
  if (isLanguage(remembered)) return remembered
  const spoken = navigator.language.slice(0, 2).toLowerCase()
  return isLanguage(spoken) ? spoken : 'en'
}

/** Keeps the choice for the next visit, if the browser allows it. */
export function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(REMEMBERED_AS, language)
  } catch {
    // Storage may be disabled; then the choice lasts as long as the page.
  }
}

/** The texts and formatters of a language. */
export function uiFor(language: Language): Ui {
  const t = TEXTS[language]
  const locale = navigator.language.toLowerCase().startsWith(language) ? navigator.language : FALLBACK_LOCALE[language]
  return { t, f: createFormat(locale, t.justNow, t.none) }
}

function read(): string | null {
  try {
    return localStorage.getItem(REMEMBERED_AS)
  } catch {
    return null
  }
}
