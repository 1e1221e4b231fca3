/**
 * How right the product is about whose events are whose: a simulated town with ground truth, beside what simpler rules
 * would say of the same events (`docs/simulation.md`). Prints what the wrong and the missed events are; with `long` a
 * larger town, and each alternative of the policy.
 */
import type { Explained } from '../simulation/explain.ts'
import { simulate } from '../simulation/simulate.ts'

/** Another town: `SEED=7 npm run bench -- simulation`. */
const SEED = Number(process.env.SEED ?? 1)

/** Runs the benchmark. */
export async function bench({ brief, long }: { brief: boolean; long: boolean }): Promise<Record<string, unknown>> {
  const size = { households: brief ? 100 : long ? 1500 : 600, weeks: brief ? 3 : 4 }
  const { line, wrong, missed, refused } = await simulate(SEED, size, { frontier: long })
  printExplained('wrong events', wrong)
  printExplained('missed events', missed)
  console.log('\nrefused at the door')
  for (const [code, count] of refused) console.log(`  ${code}  ${count}`)
  if (!long) return line
  const { line: crowded } = await simulate(SEED, { ...size, crowded: true })
  const { events, precision, recall, wrong: wrongs, avoidable, unlawful, baselines } = crowded
  return {
    ...line,
    crowded: { events, precision, recall, wrong: wrongs, avoidable, unlawful },
    crowded_baselines: baselines,
  }
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
