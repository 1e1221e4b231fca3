/**
 * The users, for owners: their roles, new passwords, and a form that adds one. A password that is made here is shown until
 * the next one, and never again.
 */
import { useRef, useState } from 'hono/jsx/dom'
import { ApiError, type Client, type Role, type User } from '../../api.ts'
import { usePoll } from '../../hooks/poll.ts'
import { Loading, Trouble, troubleText } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'
import { ROLES } from './roles.ts'
import { UserRow } from './user-row.tsx'

const REFRESH_MS = 30_000

type Props = { ui: Ui; client: Client; own: string }

/** The list and the form. `own` is the name of the user who looks at it. */
export function Users({ ui, client, own }: Props) {
  const { t } = ui
  const { data, at, error, reload } = usePoll<User[]>('users', (signal) => client.users(signal), REFRESH_MS)
  const [trouble, setTrouble] = useState<ApiError | null>(null)
  const refusals: Record<number, string> = { 400: t.account.invalidUser, 409: t.account.nameTaken }
  const heading = useRef<HTMLHeadingElement>(null)
  const [made, setMade] = useState<{ name: string; password: string } | null>(null)

  /** Makes a change; returns whether it succeeded. */
  async function change(work: () => Promise<void>): Promise<boolean> {
    setTrouble(null)
    try {
      await work()
      reload()
      return true
    } catch (failure) {
      setTrouble(failure instanceof ApiError ? failure : new ApiError(0, ''))
      return false
    }
  }

  return (
    <section class="card account-card" aria-labelledby="users-title">
      <h2 id="users-title" ref={heading} tabindex={-1}>
        {t.account.users}
      </h2>
      <p class="hint">{t.account.usersLead}</p>
      {data === null ? (
        error ? (
          <Trouble key="trouble" ui={ui} error={error} onRetry={reload} />
        ) : (
          <Loading key="loading" ui={ui} />
        )
      ) : (
        <ul key="list" class="account-rows">
          {data.map((user) => (
            <UserRow
              key={user.id}
              ui={ui}
              user={user}
              nowMs={at}
              isOwn={user.name === own}
              onRole={(role) => change(() => client.changeUser(user.id, { role }))}
              onPassword={() => {
                const password = newPassword()
                void change(() => client.changeUser(user.id, { password })).then((ok) => {
                  if (ok) setMade({ name: user.name, password })
                })
              }}
              onRemove={() => {
                void change(() => client.removeUser(user.id)).then((ok) => {
                  if (ok) heading.current?.focus()
                })
              }}
            />
          ))}
        </ul>
      )}
      <p class="made" role="status" data-testid="made-password">
        {made === null ? null : (
          <>
            {t.account.made(made.name)} <code translate="no">{made.password}</code> {t.account.madeHint}
          </>
        )}
      </p>
      <AddUser
        ui={ui}
        onAdd={(user) =>
          change(async () => {
            const password = await client.addUser(user)
            setMade({ name: user.name, password })
          })
        }
      />
      {trouble === null ? null : (
        <p key="failed" class="field-trouble" role="alert" data-testid="users-trouble">
          {refusals[trouble.status] ?? troubleText(ui, trouble)}
        </p>
      )}
    </section>
  )
}

/** A password of 120 random bits. */
function newPassword(): string {
  const text = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(15))))
  return text.replaceAll('+', '-').replaceAll('/', '_')
}

type AddProps = { ui: Ui; onAdd: (user: { name: string; email: string | null; role: Role }) => Promise<boolean> }

function AddUser({ ui: { t }, onAdd }: AddProps) {
  const name = useRef<HTMLInputElement>(null)
  const email = useRef<HTMLInputElement>(null)
  const role = useRef<HTMLSelectElement>(null)

  async function submit(event: Event) {
    event.preventDefault()
    if (!name.current || !email.current || !role.current) return
    const chosen = ROLES.find((each) => each === role.current?.value) ?? 'reader'
    const user = { name: name.current.value.trim(), email: email.current.value.trim() || null, role: chosen }
    if (!(await onAdd(user))) return
    name.current.value = ''
    email.current.value = ''
    name.current.focus()
  }

  return (
    <form method="post" novalidate class="fields" onSubmit={submit}>
      <p>
        <label for="user-name">{t.userName}</label>
        <input id="user-name" ref={name} data-testid="user-name" type="text" autocomplete="off" spellcheck={false} />
      </p>
      <p>
        <label for="user-email">
          {t.account.email} <span class="hint">{t.account.optional}</span>
        </label>
        <input id="user-email" ref={email} data-testid="user-email" type="email" autocomplete="off" />
      </p>
      <p>
        <label for="user-role">{t.account.roleLabel}</label>
        <select id="user-role" ref={role} data-testid="user-role">
          {ROLES.map((each) => (
            <option key={each} value={each}>
              {t.account.role[each]}
            </option>
          ))}
        </select>
      </p>
      <button type="submit" class="quiet" data-testid="add-user">
        {t.account.add}
      </button>
    </form>
  )
}
