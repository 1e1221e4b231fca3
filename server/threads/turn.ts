/** A turn of the pipeline: the order of its stages, and the figures of the turn. */
import type { Turn } from '../ops/metrics.ts'
import type { Attempt } from './attempts.ts'

/** The stages. Each returns whether it found work. */
export type TurnStages = {
  land: () => Promise<boolean>
  derive: () => Promise<boolean>
  forget: () => Promise<boolean>
  retain: () => Promise<boolean>
  /** `idle`: no other stage of this turn found work. */
  maintain: (idle: boolean) => Promise<boolean>
}

/** Creates the turns. Landing and deriving note their figures in the running turn; `onTurn` gets it if either did work. */
export function createTurn({
  attempt,
  stages,
  now,
  onTurn,
}: {
  attempt: Attempt
  stages: TurnStages
  now: () => number
  onTurn: (turn: Turn) => void
}) {
  let turn = emptyTurn()
  return {
    noteLanded(events: number): void {
      turn.events += events
    },
    noteDerived(kind: keyof Turn['derived'], keys: number): void {
      turn.derived[kind] += keys
    },
    /** Runs the stages once. Returns whether any of them found work. */
    async run(): Promise<boolean> {
      turn = emptyTurn()
      const began = now()
      const landed = await attempt('land', stages.land)
      const then = now()
      // Deriving runs even if landing fails, because their failures may be unrelated.
      const derived = await attempt('derive', stages.derive)
      if (landed) turn.landMs = then - began
      if (derived) turn.deriveMs = now() - then
      if (landed || derived) onTurn(turn)
      const forgot = await attempt('forget', stages.forget)
      const retained = await attempt('retain', stages.retain)
      const busy = landed || derived || forgot || retained
      const maintained = await attempt('upkeep', () => stages.maintain(!busy))
      return busy || maintained
    },
  }
}

function emptyTurn(): Turn {
  return { landMs: null, events: 0, deriveMs: null, derived: { visitor: 0, person: 0, contact: 0 } }
}
