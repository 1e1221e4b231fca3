/**
 * The dashboard's entry point: whether somebody is signed in, the language, and the page that the address names. It
 * owns these three and nothing else; pages load their own data through the client they receive.
 */
import { render, useEffect, useMemo, useRef, useState } from 'hono/jsx/dom'
import { ApiError, createClient, type Me } from './api.ts'
import { type Route, useRoute } from './hooks/route.ts'
import { AccountPage } from './pages/account/page.tsx'
import { CartsPage } from './pages/carts/page.tsx'
import { ContactPage } from './pages/contact/page.tsx'
import { ImportPage } from './pages/import/page.tsx'
import { Login } from './pages/login/page.tsx'
import { OverviewPage } from './pages/overview/page.tsx'
import { ReviewPage } from './pages/review/page.tsx'
import { HEADING_ID } from './parts/page-head.tsx'
import { Shell } from './parts/shell.tsx'
import { Loading, Trouble } from './parts/trouble.tsx'
import type { Ui } from './texts/format.ts'
import { initialLanguage, type Language, rememberLanguage, uiFor } from './texts/language.ts'

/** `ended`: the session expired while the dashboard was open. `unknown`: until the first answer. */
type Session = 'unknown' | 'out' | 'ended' | Me | ApiError

function App() {
  const [session, setSession] = useState<Session>('unknown')
  const [language, setLanguage] = useState<Language>(initialLanguage)
  const [place, go] = useRoute()
  const ui = useMemo(() => uiFor(language), [language])
  const me = typeof session === 'string' || session instanceof ApiError ? null : session
  const client = useMemo(() => createClient(me, () => setSession('ended')), [me])
  const { t } = ui
  const inside = me !== null

  /** The name to sign in with: the last user's, or that of the only user. */
  const [name, setName] = useState('')
  useEffect(() => {
    if (me?.user) setName(me.user.name)
  }, [me])

  async function check() {
    try {
      const found = await client.session()
      if ('me' in found) return setSession(found.me)
      if (found.onlyUser !== '') setName(found.onlyUser)
      setSession('out')
    } catch (error) {
      setSession(error instanceof ApiError ? error : new ApiError(0, String(error)))
    }
  }
  useEffect(() => void check(), [])

  // The count beside the page's name; the page itself keeps it up to date while it is open.
  const [toReview, setToReview] = useState(0)
  useEffect(() => {
    if (!inside) return setToReview(0)
    const ending = new AbortController()
    client.waiting(ending.signal).then(setToReview, () => {})
    return () => ending.abort()
  }, [inside, place])

  async function signOut() {
    try {
      await client.signOut()
      setSession('out')
    } catch (error) {
      setSession(error instanceof ApiError ? error : new ApiError(0, String(error)))
    }
  }

  const title = inside ? titleOf(ui, place) : t.signIn
  useEffect(() => {
    document.documentElement.lang = language
    document.title = `${title} · ${t.appName}`
  }, [language, title])

  // A page that replaces another moves the focus to its heading; the first page after loading does not.
  const first = useRef(true)
  useEffect(() => {
    if (!inside) return
    if (!first.current) document.getElementById(HEADING_ID)?.focus({ preventScroll: true })
    first.current = false
  }, [inside, place])

  return (
    <Shell
      ui={ui}
      language={language}
      onLanguage={(next) => {
        rememberLanguage(next)
        setLanguage(next)
      }}
      place={inside ? place : null}
      toReview={toReview}
      onGo={go}
      user={me?.user ?? null}
      may={client.may}
      onSignOut={signOut}
    >
      {session === 'unknown' ? (
        <Loading key="loading" ui={ui} />
      ) : session instanceof ApiError ? (
        <Trouble key="trouble" ui={ui} error={session} onRetry={check} />
      ) : !inside ? (
        <Login
          key="login"
          ui={ui}
          client={client}
          name={name}
          ended={session === 'ended'}
          onSignedIn={() => {
            first.current = false
            return check()
          }}
        />
      ) : place.page === 'carts' ? (
        <CartsPage key="carts" ui={ui} client={client} onGo={go} />
      ) : place.page === 'review' ? (
        <ReviewPage key="review" ui={ui} client={client} onGo={go} onCount={setToReview} />
      ) : place.page === 'account' ? (
        <AccountPage key="account" ui={ui} client={client} me={me} onPasswordChanged={check} />
      ) : place.page === 'import' && client.may('contacts:write') ? (
        <ImportPage key="import" ui={ui} client={client} />
      ) : place.page === 'contact' ? (
        <ContactPage key={`contact ${place.id}`} ui={ui} client={client} id={place.id} onGo={go} />
      ) : (
        <OverviewPage key="overview" ui={ui} client={client} onGo={go} />
      )}
    </Shell>
  )
}

/**
 * The title of the browser's tab. It never contains a customer's name, because browsers keep titles in their history.
 */
function titleOf({ t }: Ui, place: Route): string {
  switch (place.page) {
    case 'overview':
      return t.overview
    case 'carts':
      return t.abandonedCarts
    case 'review':
      return t.review.title
    case 'import':
      return t.imports.heading
    case 'account':
      return t.account.title
    case 'contact':
      return t.customerId(place.id)
  }
}

const root = document.getElementById('app')
if (root) render(<App />, root)
