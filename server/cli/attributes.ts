/** `couture attributes …`: lists the attributes of contacts with their types, and changes a type. */
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import { ATTRIBUTE_TYPES, type AttributeType } from '../domain/attribute.ts'
import { changeAttributeType, describeAttributes } from '../import/attributes.ts'
import { filesOf, listAttributes } from '../store/attributes.ts'
import { writeAudit } from '../store/audit.ts'
import { commandBy } from './by.ts'
import { Refusal, show, withStore } from './store.ts'

/** Adds the commands. */
export function registerAttributes(program: Command): void {
  const attributes = program.command('attributes').description('the attributes of contacts, each with one type')

  attributes
    .command('list', { isDefault: true })
    .description('list the attributes with their types, how many contacts have them, and examples')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      withStore(async (db) => {
        const listed = await describeAttributes(db, await listAttributes(db))
        const files = await filesOf(
          db,
          listed.flatMap((row) => row.import_id ?? []),
        )
        const shown = listed.map(({ name, type, set_by, count, unfit, examples, import_id }) => {
          const last_file = import_id === null ? null : (files.get(import_id) ?? null)
          return { name, type, set_by, count, unfit, examples, last_file }
        })
        show(options.json, shown, () => shown.map(line).join('\n') || 'No contact has attributes yet.')
      }),
    )

  attributes
    .command('set <name> <type>')
    .description(`change the type of an attribute to ${ATTRIBUTE_TYPES.join(', ')}, and read its values again`)
    .option('--json', 'print JSON')
    .action((name: string, type: string, options: { json?: boolean }) =>
      withStore(async (db) => {
        if (!isType(type)) throw new Refusal(`the type must be ${ATTRIBUTE_TYPES.join(', ')} (got "${type}")`)
        const now = Date.now()
        const done = await changeAttributeType(db, name, type, now)
        if (done === null) throw new Refusal(`no contact has an attribute "${name}"`)
        const { row, count, changed, unfit } = done
        const detail = { attribute: row.name, type, changed, unfit }
        await writeAudit(db, { id: nanoid(22), at: now, actor: commandBy().actor, action: 'attributes.set', detail })
        show(
          options.json,
          { name: row.name, type, count, changed, unfit },
          () =>
            `${row.name} is a ${type} now: ${count} contacts have it, ${changed} values were read again, and ${unfit} do not fit and stay as they are.`,
        )
      }),
    )
}

function isType(text: string): text is AttributeType {
  return ATTRIBUTE_TYPES.some((type) => type === text)
}

function line(attribute: { name: string; type: string; count: number; unfit: number; examples: string[] }): string {
  const { name, type, count, unfit, examples } = attribute
  const misfits = unfit === 0 ? '' : ` (${unfit} do not fit)`
  return `${name.padEnd(24)} ${type.padEnd(8)} ${count}${misfits}  ${examples.join(', ')}`
}
