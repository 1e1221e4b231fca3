/** `couture keys …`: creates, lists and deletes API keys for servers and tools. */
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import { createKey } from '../actions/sites.ts'
import { SCOPES } from '../domain/roles.ts'
import { deleteApiKey, listApiKeys } from '../store/api-keys.ts'
import { Refusal, show, withStore } from './store.ts'

/** Adds the commands. */
export function registerKeys(program: Command): void {
  const keys = program.command('keys').description('API keys for servers and tools')

  keys
    .command('create')
    .description('create a key; it is shown only once')
    .requiredOption('--scopes <list>', `comma-separated, from: ${SCOPES.join(', ')}`)
    .option('--json', 'print JSON')
    .action((options: { scopes: string; json?: boolean }) =>
      withStore(async (db) => {
        const scopes = options.scopes.split(',').map((scope) => scope.trim())
        const unknown = scopes.find((scope) => !(SCOPES as readonly string[]).includes(scope))
        if (unknown !== undefined) throw new Refusal(`--scopes must be from ${SCOPES.join(', ')} (got "${unknown}")`)
        // A bare id may start with a dash, which a command would read as an option.
        const key = await createKey(db, { id: `key-${nanoid(10)}`, scopes }, Date.now())
        show(
          options.json,
          key,
          () => `${key.key}\n\nThis is key ${key.id} for ${scopes.join(', ')}. It is not shown again.`,
        )
      }),
    )

  keys
    .command('list')
    .description('list the ids and scopes of all keys')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      withStore(async (db) => {
        const all = await listApiKeys(db)
        show(options.json, all, () => all.map((key) => `${key.id}  ${key.scopes.join(',')}`).join('\n'))
      }),
    )

  keys
    .command('delete <id>')
    .description('delete a key')
    .option('--json', 'print JSON')
    .action((id: string, options: { json?: boolean }) =>
      withStore(async (db) => {
        if (!(await deleteApiKey(db, id))) throw new Refusal(`there is no key "${id}"`)
        show(options.json, { id, deleted: true }, () => `Key ${id} is deleted.`)
      }),
    )
}
