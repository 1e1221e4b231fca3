/** The open sessions: where somebody is signed in, and a button that ends it. */
import { useRef, useState } from 'hono/jsx/dom'
import { ApiError, type Client, type OpenSession } from '../../api.ts'
import { usePoll } from '../../hooks/poll.ts'
import { Loading, Trouble, troubleText } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'

const REFRESH_MS = 30_000

type Props = { ui: Ui; client: Client; withUser: boolean }

/** The list. `withUser`: it has the sessions of several users. */
export function Sessions({ ui, client, withUser }: Props) {
  const { t } = ui
  const { data, at, error, reload } = usePoll<OpenSession[]>(
    'sessions',
    (signal) => client.sessions(signal),
    REFRESH_MS,
  )
  const heading = useRef<HTMLHeadingElement>(null)
  const [trouble, setTrouble] = useState<ApiError | null>(null)

  async function end(session: OpenSession) {
    setTrouble(null)
    try {
      await client.endSession(session.id)
      heading.current?.focus()
      reload()
    } catch (failure) {
      setTrouble(failure instanceof ApiError ? failure : new ApiError(0, ''))
    }
  }

  return (
    <section class="card account-card" aria-labelledby="sessions-title">
      <h2 id="sessions-title" ref={heading} tabindex={-1}>
        {t.account.sessions}
      </h2>
      <p class="hint">{withUser ? t.account.sessionsLeadAll : t.account.sessionsLead}</p>
      {data === null ? (
        error ? (
          <Trouble key="trouble" ui={ui} error={error} onRetry={reload} />
        ) : (
          <Loading key="loading" ui={ui} />
        )
      ) : (
        <ul key="list" class="account-rows">
          {data.map((session) => (
            <li key={session.id} data-testid="session">
              <Where ui={ui} session={session} withUser={withUser} nowMs={at} />
              {session.current ? (
                <span key="own" class="tally">
                  {t.account.thisSession}
                </span>
              ) : (
                <button
                  key="end"
                  type="button"
                  class="quiet"
                  data-testid="end-session"
                  aria-label={t.account.endOf(session.user, placeOf(ui, session))}
                  onClick={() => end(session)}
                >
                  {t.account.end}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {trouble === null ? null : (
        <p key="failed" class="field-trouble" role="alert">
          {troubleText(ui, trouble)}
        </p>
      )}
    </section>
  )
}

function placeOf({ t }: Ui, { browser, os }: OpenSession): string {
  return [browser, os].filter((part) => part !== null).join(' · ') || t.account.unknownBrowser
}

function Where({ ui, session, withUser, nowMs }: { ui: Ui; session: OpenSession; withUser: boolean; nowMs: number }) {
  const { t, f } = ui
  return (
    <div>
      <p>
        {withUser ? <strong>{session.user}</strong> : null}
        {withUser ? ' · ' : null}
        {placeOf(ui, session)}
      </p>
      <p class="hint">
        {session.address === null ? null : <span key="address">{`${t.account.from(session.address)} · `}</span>}
        {t.account.since(f.dayAndTime(session.since))} {' · '}
        {t.account.used(f.ago(session.used_at, nowMs))}
      </p>
    </div>
  )
}
