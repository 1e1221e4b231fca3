/** `couture audit`: lists who read, wrote, exported, signed in or changed what. */
import type { Command } from 'commander'
import { knownToAudit, listAudit } from '../store/audit.ts'
import { noteCommand } from './by.ts'
import { Refusal, show, withStore } from './store.ts'

const DAY_MS = 24 * 3600_000

/** Rows that are listed unless told otherwise, and the most that can be. */
const ROWS = 100
const MAX_ROWS = 100_000

type Options = { from?: string; to?: string; actor?: string; action?: string; limit: string; json?: boolean }

/** Adds the command. */
export function registerAudit(program: Command): void {
  program
    .command('audit')
    .description('list who did what, newest first; nothing changes or deletes an entry, and this reading is one too')
    .option('--from <when>', 'only from this day or time on, such as 2026-03-01')
    .option('--to <when>', 'only up to the end of this day, or before this time')
    .option('--actor <name>', 'only what a user, a key (key:ID) or the user of a command (cli:USER) did')
    .option('--action <name>', 'only this action, such as key.create')
    .option('--limit <n>', 'the most entries', String(ROWS))
    .option('--json', 'print JSON')
    .action((options: Options) =>
      withStore(async (db) => {
        const { from, to, actor = null, action = null, limit } = options
        if (!/^\d{1,6}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_ROWS) {
          throw new Refusal(`--limit must be an integer from 1 to ${MAX_ROWS} (got "${limit}")`)
        }
        const filter = {
          from: from === undefined ? null : timeOf('--from', from),
          // A day without a time is meant whole.
          before: to === undefined ? null : timeOf('--to', to) + (to.includes('T') ? 0 : DAY_MS),
          ...{ actor, action, person: null },
        }
        const rows = await listAudit(db, filter, null, Number(limit))
        const known = await knownToAudit(db, filter)
        await noteCommand(db, 'audit.read', { from: from ?? null, to: to ?? null, ...known, format: 'command' })
        const all = rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() }))
        show(options.json, all, () =>
          all.map((row) => `${row.at}  ${row.actor}  ${row.action}  ${JSON.stringify(row.detail)}`).join('\n'),
        )
      }),
    )
}

function timeOf(option: string, text: string): number {
  const at = /^\d{4}-\d\d-\d\d(T[\d:.]{4,12}(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw new Refusal(`${option} must be a day or time such as 2026-03-01 (got "${text}")`)
  return at
}
