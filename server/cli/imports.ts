/** `couture imports …`: lists the imported files, shows their reports, and undoes one. */
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import type { Store } from '../actions/prepare-store.ts'
import { readKeysOf } from '../actions/sites.ts'
import { undoImport, undoProblem } from '../import/undo.ts'
import { createKeyring } from '../ops/keyring.ts'
import { findImport, type ImportEntry, listImports } from '../store/imports.ts'
import { commandBy } from './by.ts'
import { Refusal, show, withStore } from './store.ts'

const SHOWN = 50

/** Adds the commands. */
export function registerImportHistory(program: Command): void {
  const imports = program.command('imports').description('the files that were imported')

  imports
    .command('list')
    .description(`list the last ${SHOWN} imports`)
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      withStore(async (db) => {
        const all = await listImports(db, null, SHOWN, Date.now())
        show(
          options.json,
          all.map(view),
          () => all.map(line).join('\n') || 'Nothing has been imported from a file yet.',
        )
      }),
    )

  imports
    .command('show <id>')
    .description('print the report of an import')
    .option('--json', 'print JSON')
    .action((id: string, options: { json?: boolean }) =>
      withStore(async (db) => {
        const entry = await known(db, id)
        show(options.json, { ...view(entry), ...entry.report }, () =>
          [line(entry), JSON.stringify(entry.report, null, 2)].join('\n'),
        )
      }),
    )

  imports
    .command('undo <id>')
    .description('give rows that an import changed their former values, and remove those that it created')
    .option('--json', 'print JSON')
    .action((id: string, options: { json?: boolean }) =>
      withStore(async (db, config) => {
        const entry = await known(db, id)
        const problem = undoProblem(entry, Date.now())
        if (problem !== null) throw new Refusal(problem.message)
        const keysOf = await readKeysOf(db, createKeyring(config.secret))
        const deps = { db, keysOf, now: () => Date.now(), newId: () => nanoid(22) }
        const undone = await undoImport(deps, entry, commandBy().actor)
        show(
          options.json,
          undone,
          () =>
            `${undone.restored} rows have their former values again, ${undone.removed} were removed, and ${undone.kept} were left as they are, because something has changed them since.`,
        )
      }),
    )
}

async function known(db: Store, id: string): Promise<ImportEntry> {
  const entry = await findImport(db, id, Date.now())
  if (entry === null) throw new Refusal(`there is no import "${id}"`)
  return entry
}

function view({ counts, report: _, at, ...entry }: ImportEntry) {
  const { rejected, ...others } = counts
  return { ...entry, at: new Date(at).toISOString(), ...others, rejected_total: rejected }
}

function line({ id, kind, at, actor, file, state, counts, undone }: ImportEntry): string {
  const { created, updated, unchanged, rejected } = counts
  return [
    ...[id, new Date(at).toISOString(), kind, file ?? '-', actor],
    `${created} created, ${updated} updated, ${unchanged} unchanged, ${rejected} rejected`,
    ...(state === 'complete' ? [] : [state]),
    ...(undone === null ? [] : ['undone']),
  ].join('  ')
}
