/**
 * A town from its seed to its figures: simulated, sent to a server, read back, checked and judged with the baselines.
 */
import { BASELINES, baseline } from './baselines.ts'
import { createChance } from './chance.ts'
import { type Deed, happenings } from './deeds.ts'
import { change, drive } from './drive.ts'
import { type Explained, explainMissed, explainWrong } from './explain.ts'
import { type Figures, judge, judgeLinks, type RightByGrade, rightByGrade, truthOf } from './judge.ts'
import { live } from './life.ts'
import { attributed, checkWork } from './reading.ts'
import { buildTown, type Size, type Town } from './town.ts'

/** The alternatives of each setting of the identity policy; the first is the default, which is restored. */
const FRONTIER: Record<string, string[]> = {
  email_click_backstitch: ['session', 'window'],
  shared_from: ['2', '3', '5'],
  backstitch_days: ['30', '7', '90'],
  login_days: ['90', '14', '7'],
  click_days: ['90', '7', '1'],
  session_minutes: ['30', '15', '60'],
  trust_unsigned_login: ['false', 'true'],
}

/** The result of a simulation. */
export type Simulated = {
  line: {
    seed: number
    events: number
    /** Events that can lawfully be attributed, and those that are. */
    possible: number
    attributed: number
    links: ReturnType<typeof judgeLinks>
    byGrade: RightByGrade
    baselines: Record<string, Figures>
    /** The same methods, believing only signed logins and followed links. */
    baselines_strong: Record<string, Figures>
    frontier?: Record<string, Figures>
  } & Figures
  wrong: Explained
  missed: Explained
  refused: Map<string, number>
}

/** A town and everything that happens in it. */
export function townOf(seed: number, size: Size): { town: Town; deeds: Deed[] } {
  const chance = createChance(seed)
  const town = buildTown(seed, size, chance)
  return { town, deeds: live(town, chance) }
}

/** Simulates a town; `frontier` also tries each alternative of the policy on the same events. */
export async function simulate(seed: number, size: Size, { frontier = false } = {}): Promise<Simulated> {
  const { town, deeds } = townOf(seed, size)
  const driven = await drive(town, deeds)
  try {
    const { server, stored, refused } = driven
    const { owners, grades } = await attributed(server, town)
    const all = happenings(deeds)
    const events = await checkWork(server, { events: all, stored, owners })
    const forgotten = new Set(all.filter((event) => !event.choice.analytics).map((event) => event.visitor))
    const truth = truthOf(all.filter((event) => stored.has(event.id) && !forgotten.has(event.visitor)))
    if (truth.events.length !== events) throw new Error(`${events} events are stored of ${truth.events.length}`)
    const ways = Object.keys(BASELINES) as (keyof typeof BASELINES)[]
    const others = (onlyStrong: boolean) =>
      Object.fromEntries(ways.map((way) => [way, judge(truth, baseline(way, truth.events, { onlyStrong }))]))
    const nameOf = new Map(town.people.flatMap(({ id, contact }) => (contact ? [[contact.id, id] as const] : [])))
    const line = {
      seed,
      events,
      ...judge(truth, owners),
      possible: truth.possible.size,
      attributed: owners.size,
      links: judgeLinks(truth, owners),
      byGrade: rightByGrade(truth, owners, grades),
      baselines: others(false),
      baselines_strong: others(true),
    }
    const wrong = explainWrong(truth, owners, (contact) => nameOf.get(contact)!)
    const missed = explainMissed(truth, owners)
    if (!frontier) return { line, wrong, missed, refused }

    const tried: Record<string, Figures> = { defaults: judge(truth, owners) }
    for (const [setting, [usual, ...alternatives]] of Object.entries(FRONTIER)) {
      for (const value of alternatives) {
        await change(server, `${setting}=${value}`)
        tried[`${setting}=${value}`] = judge(truth, (await attributed(server, town)).owners)
      }
      await change(server, `${setting}=${usual}`)
    }
    const again = judge(truth, (await attributed(server, town)).owners)
    if (JSON.stringify(again) !== JSON.stringify(tried.defaults)) throw new Error('the defaults give other figures now')
    return { line: { ...line, frontier: tried }, wrong, missed, refused }
  } finally {
    await driven.stop()
  }
}
