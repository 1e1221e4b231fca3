/** One user: the role, the last sign-in, and what an owner can do about it. Removing asks again. */
import { useRef, useState } from 'hono/jsx/dom'
import type { Role, User } from '../../api.ts'
import type { Ui } from '../../texts/format.ts'
import { ROLES } from './roles.ts'

type Props = {
  ui: Ui
  user: User
  nowMs: number
  /** Whether it is the user who looks at it, and who cannot lock themselves out here. */
  isOwn: boolean
  onRole: (role: Role) => void
  onPassword: () => void
  onRemove: () => void
}

/** The row. */
export function UserRow({ ui, user, nowMs, isOwn, onRole, onPassword, onRemove }: Props) {
  const { t, f } = ui
  const [asking, setAsking] = useState(false)
  // The pressed button disappears; its focus moves to what replaces it.
  const tools = useRef<HTMLParagraphElement>(null)
  function ask(next: boolean) {
    setAsking(next)
    requestAnimationFrame(() => tools.current?.focus({ preventScroll: true }))
  }
  const { name, email, role, signed_in_at: signedIn } = user
  return (
    <li data-testid="user">
      <div>
        <p>
          <strong>
            <bdi>{name}</bdi>
          </strong>{' '}
          {isOwn ? <span class="tally">{t.account.you}</span> : null}
        </p>
        <p class="hint">
          {email === null ? null : <bdi key="email">{`${email} · `}</bdi>}
          {signedIn === null ? t.account.neverSignedIn : t.account.signedIn(f.ago(signedIn, nowMs))}
        </p>
      </div>
      {isOwn ? (
        <p key="own">{t.account.role[role]}</p>
      ) : asking ? (
        <p key="ask" class="row-tools" ref={tools} tabindex={-1}>
          <span>{t.account.removeAsk(name)}</span>
          <button type="button" class="quiet" data-testid="remove-sure" onClick={onRemove}>
            {t.account.remove}
          </button>
          <button type="button" class="plain" onClick={() => ask(false)}>
            {t.account.keep}
          </button>
        </p>
      ) : (
        <p key="tools" class="row-tools" ref={tools} tabindex={-1}>
          <select
            aria-label={t.account.roleOf(name)}
            data-testid="role-of"
            onChange={(event: Event) => {
              const chosen = ROLES.find((each) => each === (event.target as HTMLSelectElement).value)
              if (chosen !== undefined) onRole(chosen)
            }}
          >
            {ROLES.map((each) => (
              <option key={each} value={each} selected={each === role}>
                {t.account.role[each]}
              </option>
            ))}
          </select>
          <button
            type="button"
            class="quiet"
            data-testid="renew-password"
            aria-label={t.account.renewOf(name)}
            onClick={onPassword}
          >
            {t.account.renew}
          </button>
          <button
            type="button"
            class="quiet"
            data-testid="remove-user"
            aria-label={t.account.removeOf(name)}
            onClick={() => ask(true)}
          >
            {t.account.remove}
          </button>
        </p>
      )}
    </li>
  )
}
