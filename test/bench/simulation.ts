/**
 * How accurately the product attributes events: simulated towns with ground truth, compared with simpler rules on the
 * same events (`docs/simulation.md`). In one town a single family weighs a percent, so several towns are simulated and
 * their events added up. Prints what the wrong and the missed events are, and what the rules alone make of many towns of
 * each kind; with `long` also a larger town, with each alternative of the policy, and a crowded one.
 */
import { GRADES } from '../../server/domain/grade.ts'
import type { Explained } from '../simulation/explain.ts'
import { type Simulated, simulate } from '../simulation/simulate.ts'
import type { Size } from '../simulation/town.ts'
import { type RulesAlone, rulesAlone } from './rules-alone.ts'
import { printTable } from './table.ts'

/** Another town alone: `SEED=7 npm run bench -- simulation`. */
const SEED = process.env.SEED === undefined ? null : Number(process.env.SEED)

type Line = Simulated['line']

/** The kinds of towns of which many are judged by the rules alone. */
const KINDS: Record<string, Partial<Size>> = { usual: {}, crowded: { crowded: true }, harsh: { harsh: true } }
const MANY = 20

/** Runs the benchmark. */
export async function bench({ brief, long }: { brief: boolean; long: boolean }): Promise<Record<string, unknown>> {
  const size = { households: brief ? 100 : 600, weeks: brief ? 3 : 4 }
  const lines: Line[] = []
  for (const seed of SEED !== null ? [SEED] : brief ? [1] : [1, 2, 3, 4, 5]) {
    const { line, wrong, missed, refused } = await simulate(seed, size)
    lines.push(line)
    printExplained(`town ${seed}: wrong events`, wrong)
    printExplained(`town ${seed}: missed events`, missed)
    printTable(`town ${seed}: refused at the door`, Object.fromEntries(refused))
  }
  const towns = {
    ...together(lines),
    towns: Object.fromEntries(lines.map((line) => [line.seed, figuresOf(line)])),
    ...(brief ? {} : { rules_alone: byKind(size) }),
  }
  if (!long) return towns
  const large = { ...size, households: 1500 }
  const { line, wrong, missed } = await simulate(SEED ?? 1, large, { frontier: true })
  printExplained('large town: wrong events', wrong)
  printExplained('large town: missed events', missed)
  const crowded = await simulate(SEED ?? 1, { ...large, crowded: true })
  return { ...towns, large: line, crowded: crowded.line }
}

const round = (value: number) => Number(value.toFixed(4))

/** The rules alone in many towns of each kind together, and how right each grade is there. */
function byKind(size: Size): Record<string, Record<string, number>> {
  return Object.fromEntries(
    Object.entries(KINDS).map(([kind, more]) => {
      const towns = Array.from({ length: MANY }, (_, n) => rulesAlone(n + 1, { ...size, ...more }))
      const sum = (figure: (town: RulesAlone) => number) => towns.reduce((total, town) => total + figure(town), 0)
      const grades = GRADES.map((grade): [string, number] => {
        const events = sum(({ byGrade }) => byGrade[grade]?.events ?? 0)
        return [grade, round(sum(({ byGrade }) => byGrade[grade]?.right ?? 0) / events)]
      })
      const figures = {
        events: sum((town) => town.events),
        precision: round(1 - sum((town) => town.wrong) / sum((town) => town.attributed)),
        recall: round(sum((town) => town.recall * town.possible) / sum((town) => town.possible)),
        wrong: sum((town) => town.wrong),
        avoidable: sum((town) => town.avoidable),
        unlawful: sum((town) => town.unlawful),
      }
      return [kind, { ...figures, ...Object.fromEntries(grades) }]
    }),
  )
}

/** The figures of all towns together. */
function together(lines: Line[]) {
  const sum = (figure: (line: Line) => number) => lines.reduce((total, line) => total + figure(line), 0)
  const wrong = sum((line) => line.wrong)
  const bestOf = (ways: Line['baselines']) => Math.min(...Object.values(ways).map((figures) => figures.wrong))
  return {
    events: sum((line) => line.events),
    precision: round(1 - wrong / sum((line) => line.attributed)),
    recall: round(sum((line) => line.recall * line.possible) / sum((line) => line.possible)),
    wrong,
    avoidable: sum((line) => line.avoidable),
    unlawful: sum((line) => line.unlawful),
    baseline_wrong: sum((line) => bestOf(line.baselines)),
    baseline_strong_wrong: sum((line) => bestOf(line.baselines_strong)),
    fewer_wrong: round(sum((line) => bestOf(line.baselines)) / wrong),
  }
}

function figuresOf({
  events,
  precision,
  recall,
  wrong,
  avoidable,
  unlawful,
  links,
  baselines,
  baselines_strong,
}: Line) {
  return { events, precision, recall, wrong, avoidable, unlawful, links, baselines, baselines_strong }
}

function printExplained(title: string, explained: Explained): void {
  console.log(`\n${title}`)
  for (const [kind, { events, avoidable, example }] of Object.entries(explained).sort(
    (a, b) => b[1].events - a[1].events,
  )) {
    const grades = Object.entries(avoidable).map(([grade, count]) => `${grade} ${count}`)
    console.log(`  ${kind.padEnd(28)} ${String(events).padStart(5)}  (${grades.join(', ')}; such as ${example})`)
  }
}
