/** The frame around every page: the skip link, the header with navigation and language, and the main landmark. */
import type { Child } from 'hono/jsx/dom'
import type { Me } from '../api.ts'
import { PAGES, type Route } from '../hooks/route.ts'
import type { Ui } from '../texts/format.ts'
import { LANGUAGES, type Language } from '../texts/language.ts'
import { Choice } from './choice.tsx'
import { Mark } from './mark.tsx'
import { RouteLink } from './route-link.tsx'

type Props = {
  ui: Ui
  language: Language
  onLanguage: (language: Language) => void
  /** The page to mark in the navigation; none while nobody is signed in. */
  place: Route | null
  /** How many cases need review. */
  toReview: number
  onGo: (place: Route) => void
  /** Who is signed in, and whether they may do something. */
  user: Me['user']
  may: (scope: string) => boolean
  onSignOut: () => void
  children?: Child
}

const LANGUAGE_NAMES: Record<Language, string> = { en: 'EN', fr: 'FR' }

/** The frame of the dashboard. */
export function Shell({ ui, language, onLanguage, place, toReview, onGo, user, may, onSignOut, children }: Props) {
  const { t, f } = ui
  const pages = PAGES.filter((page) => page !== 'import' || may('contacts:write'))
  const names: Record<(typeof PAGES)[number], string> = {
    overview: t.overview,
    carts: t.abandonedCarts,
    review: t.review.title,
    import: t.imports.title,
  }
  return (
    <div class={place === null ? 'shell outside' : 'shell'}>
      <a class="skip" href="#main">
        {t.skip}
      </a>
      <header class="top">
        <p class="brand">
          <Mark />
          <span translate="no">{t.appName}</span>
        </p>
        {place === null ? null : (
          <nav key="nav" aria-label={t.nav}>
            <ul>
              {pages.map((page) => (
                <li key={page}>
                  <RouteLink to={{ page }} onGo={onGo} testid={`nav-${page}`} current={page === place.page}>
                    {names[page]}{' '}
                    {page === 'review' && toReview > 0 ? (
                      <span class="tally" data-testid="to-review">
                        {f.count(toReview)} <span class="unseen">{t.review.waiting}</span>
                      </span>
                    ) : null}
                  </RouteLink>
                </li>
              ))}
            </ul>
          </nav>
        )}
        <div class="top-tools" key="tools">
          <Choice
            name="language"
            legend={t.language}
            value={language}
            options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value], lang: value }))}
            onChoose={onLanguage}
          />
          {place === null || user === null ? null : (
            <RouteLink
              key="account"
              to={{ page: 'account' }}
              onGo={onGo}
              class="plain account-link"
              testid="nav-account"
              current={place.page === 'account'}
            >
              <span class="unseen">{t.account.title}</span> <bdi>{user.name}</bdi>
            </RouteLink>
          )}
          {place === null ? null : (
            <button key="sign-out" type="button" class="plain" data-testid="sign-out" onClick={onSignOut}>
              {t.signOut}
            </button>
          )}
        </div>
      </header>
      <main id="main" tabindex={-1}>
        {children}
      </main>
    </div>
  )
}
