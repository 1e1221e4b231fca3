/** Who runs a command, as the audit log names them. */
import { userInfo } from 'node:os'
import { nanoid } from 'nanoid'
import type { Store } from '../actions/prepare-store.ts'
import { type By, writeAudit } from '../store/audit.ts'

/** The user of this machine that runs the command, now. */
export function commandBy(): By {
  return { actor: `cli:${userName()}`, at: Date.now(), newId: () => nanoid(22) }
}

/** Leaves an audit row for a command. */
export function noteCommand(db: Store, action: string, detail: Record<string, unknown>): Promise<void> {
  const { newId, ...who } = commandBy()
  return writeAudit(db, { id: newId(), ...who, action, detail })
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run as a user without a name.
    return String(process.getuid?.() ?? 'unknown')
  }
}
