/** Changing one's own password, which ends the user's sessions elsewhere. */
import { useRef, useState } from 'hono/jsx/dom'
import { ApiError, type Client } from '../../api.ts'
import { troubleText } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'

type Props = { ui: Ui; client: Client; name: string; onChanged: () => void }

/** The form. */
export function OwnPassword({ ui, client, name, onChanged }: Props) {
  const { t } = ui
  const current = useRef<HTMLInputElement>(null)
  const next = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const [said, setSaid] = useState<{ text: string; good: boolean } | null>(null)

  async function submit(event: Event) {
    event.preventDefault()
    if (busy || !current.current || !next.current) return
    setBusy(true)
    setSaid(null)
    try {
      await client.changePassword(current.current.value, next.current.value)
      current.current.value = ''
      next.current.value = ''
      setSaid({ text: t.account.passwordChanged, good: true })
      onChanged()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const texts: Record<number, string> = {
        400: t.account.passwordRule,
        401: t.account.currentWrong,
        429: t.signInTooMany,
      }
      setSaid({ text: texts[error.status] ?? troubleText(ui, error), good: false })
    } finally {
      setBusy(false)
    }
  }

  return (
    <section class="card account-card" aria-labelledby="password-title">
      <h2 id="password-title">{t.account.ownPassword}</h2>
      <p class="hint">{t.account.ownPasswordLead}</p>
      <form method="post" novalidate class="fields" onSubmit={submit}>
        <input type="text" name="username" autocomplete="username" value={name} hidden readonly />
        <p>
          <label for="current-password">{t.account.currentPassword}</label>
          <input
            id="current-password"
            ref={current}
            data-testid="current-password"
            type="password"
            autocomplete="current-password"
          />
        </p>
        <p>
          <label for="new-password">{t.account.newPassword}</label>
          <input
            id="new-password"
            ref={next}
            data-testid="new-password"
            type="password"
            autocomplete="new-password"
            aria-describedby="new-password-rule"
          />
        </p>
        <button type="submit" class="quiet" data-testid="change-password" aria-disabled={busy ? 'true' : undefined}>
          {t.account.change}
        </button>
      </form>
      <p id="new-password-rule" class="hint">
        {t.account.passwordRule}
      </p>
      <p class={said?.good ? 'field-said' : 'field-trouble'} role="status" data-testid="password-said">
        {said?.text}
      </p>
    </section>
  )
}
