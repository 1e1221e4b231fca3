/** Detects bots by their user agent. The check is one long pattern and agents repeat, so results are cached. */
import { isbot } from 'isbot'

/** Enough for the agents of a large shop; the cache starts over when full. */
const MAX_KEPT = 20_000
const kept = new Map<string, boolean>()

/** The longest user agent that is looked at or kept. */
export const AGENT_LENGTH = 512

/** Whether a user agent is a bot's. A missing one is not: some browsers and proxies send none. */
export function isBot(userAgent: string | null): boolean {
  if (userAgent === null) return false
  const agent = userAgent.slice(0, AGENT_LENGTH)
  let bot = kept.get(agent)
  if (bot === undefined) {
    bot = isbot(agent)
    if (kept.size >= MAX_KEPT) kept.clear()
    kept.set(agent, bot)
  }
  return bot
}
