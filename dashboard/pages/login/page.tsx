/**
 * Signing in with a name and a password. After a refusal the password is selected and both fields are marked invalid. The
 * address bar stays unchanged, so that users continue where they were.
 */
import { useLayoutEffect, useRef, useState } from 'hono/jsx/dom'
import { ApiError, type Client } from '../../api.ts'
import { HEADING_ID } from '../../parts/page-head.tsx'
import { troubleText } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'

type Props = { ui: Ui; client: Client; name: string; ended: boolean; onSignedIn: () => Promise<void> }
type Trouble = { text: string; field: 'name' | 'password' | null }

/** The sign-in form. `ended`: a session expired while the dashboard was open. `name` is filled in. */
export function Login({ ui, client, name, ended, onSignedIn }: Props) {
  const { t } = ui
  const nameField = useRef<HTMLInputElement>(null)
  const field = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  // Before anybody can type: an ordinary effect waits for the next frame.
  useLayoutEffect(() => {
    if (nameField.current) nameField.current.value = name
    const first = name === '' ? nameField : field
    first.current?.focus()
  }, [])

  async function submit(event: Event) {
    event.preventDefault()
    if (busy) return
    const given = nameField.current?.value.trim() ?? ''
    const password = field.current?.value ?? ''
    if (given === '') {
      nameField.current?.focus()
      return setTrouble({ text: t.nameMissing, field: 'name' })
    }
    field.current?.focus()
    if (password === '') return setTrouble({ text: t.passwordMissing, field: 'password' })
    setBusy(true)
    setTrouble(null)
    try {
      await client.signIn(given, password)
      await onSignedIn()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const texts: Record<number, string> = { 401: t.signInRefused, 429: t.signInTooMany }
      setTrouble({ text: texts[error.status] ?? troubleText(ui, error), field: null })
      setBusy(false)
      field.current?.select()
    }
  }

  const invalid = (of: Trouble['field']) =>
    trouble !== null && (trouble.field === null || trouble.field === of) ? 'true' : undefined
  return (
    <div class="login card">
      <h1 id={HEADING_ID} tabindex={-1}>
        {t.signIn}
      </h1>
      <p class="lead">{ended ? t.sessionEnded : t.signInLead}</p>
      <form method="post" novalidate onSubmit={submit}>
        <label for="name">{t.userName}</label>
        <input
          id="name"
          ref={nameField}
          data-testid="name"
          type="text"
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          aria-describedby="sign-in-trouble"
          aria-invalid={invalid('name')}
        />
        <label for="password">{t.password}</label>
        <input
          id="password"
          ref={field}
          data-testid="password"
          type="password"
          name="password"
          autocomplete="current-password"
          required
          aria-describedby="sign-in-trouble password-hint"
          aria-invalid={invalid('password')}
        />
        <p id="sign-in-trouble" class="field-trouble" role="alert">
          {trouble?.text}
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
