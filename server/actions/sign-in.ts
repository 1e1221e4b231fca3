/**
 * Signing in: checks a name and a password within the limit, and opens a session. An unknown name and a wrong password get
 * the same answer after the same time, so that nobody learns who the users are. Each attempt that is checked is audited.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { truncateAddress } from '../collect/stamp.ts'
import { userId } from '../domain/user.ts'
import { createDescribeAgent } from '../land/agent.ts'
import { createSteadyClock } from '../ops/clock.ts'
import { hashSecret, newSecret } from '../ops/keyring.ts'
import { checkPassword } from '../ops/password.ts'
import { writeAudit } from '../store/audit.ts'
import { isPassing } from '../store/engine/transact.ts'
import type { UserRow } from '../store/schema/configuration.ts'
import type { Database } from '../store/schema.ts'
import { findSession, type Session, startSession, useSession } from '../store/sessions.ts'
import { findUser } from '../store/users.ts'
import { createSignInLimit } from './sign-in-limit.ts'

/** Where an attempt to sign in comes from. Of the address only the network is kept. */
type From = { address: string | null; userAgent: string }
type Attempt = From & { name: string; password: string }

/** The user whose password it is; null if it is nobody's, or the seconds after which the address may try again. */
type Checked = { user: UserRow } | { waitS: number } | null

/** Creates the sign-in of a server, which remembers who tries too often. */
export function createSignIn({ db, now, newId }: { db: Kysely<Database>; now: () => number; newId: () => string }) {
  const limit = createSignInLimit(createSteadyClock())
  const describe = createDescribeAgent()

  return {
    /** Checks a password within the limit. */
    async checkPassword({ name, password, address }: Attempt): Promise<Checked> {
      const waitS = limit.take(address)
      if (waitS > 0) return { waitS }
      const id = userId(name)
      await sleep(limit.pauseMs(id))
      const user = await findUser(db, id)
      const isRight = await checkPassword(password, user?.password ?? null)
      if (user !== undefined && isRight) {
        limit.right(address)
        return { user }
      }
      limit.wrong(id)
      // What was typed as a name may be a password, so only the names of users are kept.
      const detail = { user: user?.name ?? null, network: truncateAddress(address) }
      await writeAudit(db, { id: newId(), at: now(), actor: 'anonymous', action: 'session.refuse', detail })
      return null
    },

    /** Opens a session of a user, and returns the token for the browser. */
    async openSession({ id, name }: Pick<UserRow, 'id' | 'name'>, from: From): Promise<string> {
      const token = newSecret()
      const at = now()
      const { browser, os } = describe(from.userAgent)
      const session = { id: `session-${newId().slice(0, 10)}`, network: truncateAddress(from.address) }
      const times = { since: at, used_at: at }
      await startSession(db, { ...session, ...times, token_hash: hashSecret(token), user_id: id, browser, os })
      const detail = { session: session.id, network: session.network }
      await writeAudit(db, { id: newId(), at, actor: name, action: 'session.open', detail })
      return token
    },

    /** The session of a token, unless it has ended or expired. Counts as a use of it. */
    async findSession(token: string): Promise<Session | undefined> {
      const session = await findSession(db, hashSecret(token), now())
      if (session === undefined) return undefined
      // A store that cannot be written can still be read.
      await useSession(db, session, now()).catch((error) => {
        if (!isPassing(error)) throw error
      })
      return session
    },
  }
}
