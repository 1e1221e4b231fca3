/** `couture keys …`: creates, lists and revokes API keys for servers and tools. */
import type { Command } from 'commander'
import { createKey, revokeKey } from '../actions/keys.ts'
import { expiryProblem, keyNameProblem, readExpiry } from '../domain/api-key.ts'
import { SCOPES } from '../domain/roles.ts'
import { type ListedKey, listApiKeys } from '../store/api-keys.ts'
import { commandBy } from './by.ts'
import { Refusal, show, withStore } from './store.ts'

type CreateOptions = { scopes: string; name?: string; expires?: string; json?: boolean }

/** Adds the commands. */
export function registerKeys(program: Command): void {
  const keys = program.command('keys').description('API keys for servers and tools')

  keys
    .command('create')
    .description('create a key; it is shown only once')
    .requiredOption('--scopes <list>', `comma-separated, from: ${SCOPES.join(', ')}`)
    .option('--name <name>', 'what the key is for')
    .option('--expires <when>', 'when it ends: a day, a time, or a number of days such as 90d; without it, never')
    .option('--json', 'print JSON')
    .action((options: CreateOptions) =>
      withStore(async (db) => {
        const scopes = [...new Set(options.scopes.split(',').map((scope) => scope.trim()))]
        const unknown = scopes.find((scope) => !(SCOPES as readonly string[]).includes(scope))
        if (unknown !== undefined) throw new Refusal(`--scopes must be from ${SCOPES.join(', ')} (got "${unknown}")`)
        if (options.name !== undefined) refuse(keyNameProblem(options.name))
        const by = commandBy()
        const expiresAt = options.expires === undefined ? null : expiryOf(options.expires, by.at)
        const made = await createKey(db, { name: options.name ?? null, scopes, expires_at: expiresAt }, by)
        const view = {
          ...{ id: made.id, key: made.key, scopes },
          ...(made.name === null ? {} : { name: made.name }),
          ...(expiresAt === null ? {} : { expires_at: iso(expiresAt) }),
        }
        const until = expiresAt === null ? '' : ` It expires at ${iso(expiresAt)}.`
        show(
          options.json,
          view,
          () => `${made.key}\n\nThis is key ${made.id} for ${scopes.join(', ')}.${until} It is not shown again.`,
        )
      }),
    )

  keys
    .command('list')
    .description('list all keys, with their scopes, expiry and last use')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      withStore(async (db) => {
        const all = (await listApiKeys(db)).map(keyView)
        show(options.json, all, () =>
          all
            .map(({ id, name, scopes, expires_at: expires, last_used_at: used }) =>
              [
                ...[id, name ?? '-', scopes.join(',')],
                used === null ? 'never used' : `used at ${used}`,
                ...(expires === null ? [] : [`expires at ${expires}`]),
              ].join('  '),
            )
            .join('\n'),
        )
      }),
    )

  keys
    .command('revoke <id>')
    .alias('delete')
    .description('revoke a key: it is refused from now on')
    .option('--json', 'print JSON')
    .action((id: string, options: { json?: boolean }) =>
      withStore(async (db) => {
        if (!(await revokeKey(db, id, commandBy()))) throw new Refusal(`there is no key "${id}"`)
        // Earlier versions said `deleted`.
        show(options.json, { id, revoked: true, deleted: true }, () => `Key ${id} is revoked.`)
      }),
    )
}

const iso = (at: number) => new Date(at).toISOString()

function keyView({ id, name, scopes, created_at, expires_at, last_used_at }: ListedKey) {
  return {
    ...{ id, name, scopes, created_at: iso(created_at) },
    ...{ expires_at: expires_at && iso(expires_at), last_used_at: last_used_at && iso(last_used_at) },
  }
}

function expiryOf(text: string, now: number): number {
  const at = readExpiry(text, now)
  if (at === null)
    throw new Refusal(`--expires must be such as 2027-12-31, 2027-12-31T09:30:00Z or 90d (got "${text}")`)
  refuse(expiryProblem(at, now))
  return at
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new Refusal(problem)
}
