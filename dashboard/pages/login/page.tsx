/**
 * Signing in. A refusal is shown in the server's own words; the field keeps the focus and is then marked invalid. The
 * address bar stays unchanged, so that users continue where they were.
 */
import { useEffect, useRef, useState } from 'hono/jsx/dom'
import { ApiError, type Client } from '../../api.ts'
import { HEADING_ID } from '../../parts/page-head.tsx'
import { troubleText } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'

type Props = { ui: Ui; client: Client; ended: boolean; onSignedIn: () => void }

/** The sign-in form. `ended`: a session expired while the dashboard was open. */
export function Login({ ui, client, ended, onSignedIn }: Props) {
  const { t } = ui
  const field = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  useEffect(() => field.current?.focus(), [])

  async function submit(event: Event) {
    event.preventDefault()
    if (busy) return
    const password = field.current?.value ?? ''
    field.current?.focus()
    if (password === '') return setTrouble(t.passwordMissing)
    setBusy(true)
    setTrouble(null)
    try {
      await client.signIn(password)
      onSignedIn()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const refused = error.status >= 400 && error.status < 500
      setTrouble(refused ? error.detail : troubleText(ui, error))
      setBusy(false)
      field.current?.select()
    }
  }

  return (
    <div class="login card">
      <h1 id={HEADING_ID} tabindex={-1}>
        {t.signIn}
      </h1>
      <p class="lead">{ended ? t.sessionEnded : t.signInLead}</p>
      <form method="post" novalidate onSubmit={submit}>
        <input type="text" name="username" autocomplete="username" value="couture" hidden readonly />
        <label for="password">{t.password}</label>
        <input
          id="password"
          ref={field}
          data-testid="password"
          type="password"
          name="password"
          autocomplete="current-password"
          required
          aria-describedby="password-trouble password-hint"
          aria-invalid={trouble === null ? undefined : 'true'}
        />
        <p id="password-trouble" class="field-trouble" role="alert">
          {trouble}
        </p>
        <button type="submit" class="primary" data-testid="sign-in" aria-disabled={busy ? 'true' : undefined}>
          {busy ? t.signingIn : t.signIn}
        </button>
        <p id="password-hint" class="hint">
          {t.passwordHint}
        </p>
      </form>
    </div>
  )
}
