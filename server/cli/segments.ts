/** `couture segments …`: lists and shows segments, previews conditions, and applies definitions that are kept as files. */
import { statSync } from 'node:fs'
import type { Command } from 'commander'
import type { Store } from '../actions/prepare-store.ts'
import { applyDefinitions, fileOf, type Planned, planDefinitions, readDefinitions } from '../actions/segment-files.ts'
import { oneName } from '../domain/membership.ts'
import { deleteSegment, listSegments, type Segment } from '../segments/definitions.ts'
import { judgingProgress } from '../segments/judging.ts'
import { type Preview, preview } from '../segments/preview.ts'
import { readRules } from '../segments/rules.ts'
import { usesOf } from '../segments/uses.ts'
import { sentencesOf } from '../segments/words.ts'
import { writeAudit } from '../store/audit.ts'
import { snapshot, transact } from '../store/engine/transact.ts'
import { readCurrentSizes } from '../store/segment-sizes.ts'
import { ask } from './asking.ts'
import { commandBy } from './by.ts'
import { Refusal, show, withStore } from './store.ts'

/** Adds the commands. */
export function registerSegments(program: Command): void {
  const segments = program.command('segments').description('segments: groups of people by what they did and are')

  segments
    .command('list', { isDefault: true })
    .description('list the segments with the number of people in each, and of those who may be mailed')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => withStore((db) => list(db, options)))

  segments
    .command('show <id>')
    .description('show a segment: its condition in words and as JSON, its size, and what uses it')
    .option('--json', 'print its definition as a file for `apply`')
    .action((id: string, options: { json?: boolean }) => withStore((db) => showOne(db, id, options)))

  segments
    .command('preview <file>')
    .description('count whom the definitions of a file or folder, or a segment given by its id, would hold now')
    .option('--json', 'print JSON')
    .action((file: string, options: { json?: boolean }) => withStore((db) => previewAll(db, file, options)))

  segments
    .command('apply <file>')
    .description(
      'add and change segments so that they are as in a JSON file, or in the JSON files of a folder; prints the ' +
        'difference first. Others stay, and applying again changes nothing',
    )
    .option('--dry-run', 'print the difference and change nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON; with differences this needs --yes or --dry-run')
    .action((file: string, options: ApplyOptions) => withStore((db) => apply(db, file, options)))

  segments
    .command('delete <id>')
    .description('delete a segment; its members leave it')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action((id: string, options: { yes?: boolean; json?: boolean }) => withStore((db) => remove(db, id, options)))
}

type ApplyOptions = { dryRun?: boolean; yes?: boolean; json?: boolean }

async function list(db: Store, { json }: { json?: boolean }): Promise<void> {
  const sizes = await readCurrentSizes(db)
  const progress = await judgingProgress(db)
  const rows = (await listSegments(db)).map(({ id, name, origin, version }) => {
    const judging = progress.get(id) ?? null
    return { id, name, origin, version, ...(sizes.get(id) ?? { people: 0, mailable: 0 }), judging }
  })
  const width = Math.max(0, ...rows.map(({ id }) => id.length))
  show(json, rows, () =>
    [
      ...rows.map(({ id, name, people, mailable, judging }) => {
        const counts = `${number(people)} people, ${number(mailable)} mailable`
        return `${id.padEnd(width)}  ${counts}  ${oneName(name)}${judging ? ' (being filled)' : ''}`
      }),
      ...(rows.length === 0 ? ['There are no segments.'] : []),
    ].join('\n'),
  )
}

async function showOne(db: Store, id: string, { json }: { json?: boolean }): Promise<void> {
  const all = await listSegments(db)
  const segment = existing(all, id)
  const { people, mailable } = (await readCurrentSizes(db)).get(id) ?? { people: 0, mailable: 0 }
  const sentence = sentencesOf(segment, await readRules(db))
  const uses = usesOf(all, id).map((use) => use.id)
  show(json, fileOf(segment), () =>
    [
      `${id}: ${oneName(segment.name)} (version ${segment.version}, ${segment.origin})`,
      sentence.en,
      sentence.fr,
      `${number(people)} people, ${number(mailable)} of whom may be mailed.`,
      ...(uses.length === 0 ? [] : [`Named by ${uses.join(', ')}.`]),
      JSON.stringify(fileOf(segment), null, 2),
    ].join('\n'),
  )
}

async function previewAll(db: Store, file: string, { json }: { json?: boolean }): Promise<void> {
  const isFile = statSync(file, { throwIfNoEntry: false }) !== undefined
  const stored = isFile ? undefined : (await listSegments(db)).find(({ id }) => id === file)
  const definitions = stored ? [stored] : readDefinitions(file).map(({ definition }) => definition)
  const rows: (Preview & { id: string; sentence: Record<string, string> })[] = []
  for (const definition of definitions) {
    const found = await snapshot(db, async (trx) => {
      const rules = await readRules(trx)
      const options = { now: Date.now(), language: 'en' as const, isCancelled: () => false }
      return { counts: await preview(trx, rules, definition, options), sentence: sentencesOf(definition, rules) }
    })
    if (found.counts) rows.push({ id: definition.id, ...found.counts, sentence: found.sentence })
  }
  show(json, rows, () =>
    rows
      .map(({ id, people, mailable, funnel, sentence }) =>
        [
          `${id}: ${number(people)} people, ${number(mailable)} of whom may be mailed.`,
          `  ${sentence.en}`,
          ...funnel.map((step) => `  ${number(step.people)} are left after ${step.path}`),
        ].join('\n'),
      )
      .join('\n'),
  )
}

async function apply(db: Store, file: string, { dryRun, yes, json }: ApplyOptions): Promise<void> {
  const given = readDefinitions(file)
  const planned = await planDefinitions(db, given)
  const differs = planned.some(({ action }) => action !== 'none')
  if (!json) for (const each of planned) console.log(textOf(each))
  if (!dryRun && differs) {
    if (!yes && (json || !(await agrees('Apply this?')))) throw new Refusal('--yes must be given: nothing was changed')
    await applyDefinitions(db, given, commandBy())
  }
  const applied = differs && !dryRun
  const counts = { add: 0, change: 0, none: 0 }
  for (const { action } of planned) counts[action]++
  const changes = planned.map(({ definition, action, differences }) => ({ id: definition.id, action, differences }))
  show(json, { applied, changes }, () => {
    const would = applied ? '' : 'to be '
    return differs
      ? `${counts.add} ${would}added, ${counts.change} ${would}changed, ${counts.none} as they are.`
      : 'Nothing to change: the segments are as in the files.'
  })
}

async function remove(db: Store, id: string, { yes, json }: { yes?: boolean; json?: boolean }): Promise<void> {
  existing(await listSegments(db), id)
  if (!yes && (json || !(await agrees(`Delete the segment "${id}"?`)))) {
    throw new Refusal('--yes must be given: nothing was changed')
  }
  await transact(db, async (trx) => {
    const { newId, ...by } = commandBy()
    const deleted = await deleteSegment(trx, id, by)
    if (deleted === false) throw new Refusal(`there is no segment "${id}"`)
    if (deleted !== true) {
      throw new Refusal(
        `the segment "${id}" is in use: ${deleted.map((use) => use.id).join(', ')} must no longer name it`,
      )
    }
    await writeAudit(trx, { id: newId(), ...by, action: 'segment.delete', detail: { segment: id } })
  })
  show(json, { id, deleted: true }, () => `The segment "${id}" is deleted; its members leave it.`)
}

function existing(segments: Segment[], id: string): Segment {
  const found = segments.find((segment) => segment.id === id)
  if (!found) throw new Refusal(`there is no segment "${id}"`)
  return found
}

/** What applying a definition does, with each difference on a line. */
function textOf({ definition: { id }, place, action, differences }: Planned): string {
  if (action === 'none') return `= ${id}`
  const value = (each: unknown) => (each === null ? 'nothing' : JSON.stringify(each))
  return [
    `${action === 'add' ? '+' : '~'} ${id}  (${place})`,
    ...differences.map(({ path, before, after }) =>
      action === 'add' ? `    ${path}: ${value(after)}` : `    ${path}: ${value(before)} → ${value(after)}`,
    ),
  ].join('\n')
}

/** Asks whether to go on. Where nobody can be asked, the answer is no. */
async function agrees(question: string): Promise<boolean> {
  const wrong = (answer: string) => (/^(y|yes|n|no)$/i.test(answer) ? null : 'answer yes or no')
  return /^y/i.test(await ask({ option: '--yes', text: `${question} (yes/no)`, fallback: 'no', wrong }))
}

function number(n: number): string {
  return n.toLocaleString('en')
}
