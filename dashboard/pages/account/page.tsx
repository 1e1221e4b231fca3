/**
 * One's own password and open sessions, and for owners everybody's sessions and the users. It is reached by the name at the
 * top of every page.
 */
import type { Client, Me } from '../../api.ts'
import { PageHead } from '../../parts/page-head.tsx'
import type { Ui } from '../../texts/format.ts'
import { OwnPassword } from './own-password.tsx'
import { Sessions } from './sessions.tsx'
import { Users } from './users.tsx'

type Props = { ui: Ui; client: Client; me: Me; onPasswordChanged: () => void }

/** The page. */
export function AccountPage({ ui, client, me, onPasswordChanged }: Props) {
  const { t } = ui
  const isOwner = client.may('admin')
  const user = me.user ?? { name: '', role: 'reader' as const }
  return (
    <>
      <PageHead
        title={t.account.title}
        lead={
          <>
            <bdi>{user.name}</bdi> · {t.account.roleMay[user.role]}
          </>
        }
      />
      <div class="account">
        {isOwner ? <Users key="users" ui={ui} client={client} own={user.name} /> : null}
        <Sessions key="sessions" ui={ui} client={client} withUser={isOwner} />
        <OwnPassword key="password" ui={ui} client={client} name={user.name} onChanged={onPasswordChanged} />
      </div>
    </>
  )
}
