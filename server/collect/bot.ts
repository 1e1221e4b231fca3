/** Detects bots by their user agent. The check is one long pattern and agents repeat, so results are cached. */
import { isbot } from 'isbot'

/** Enough for the agents of a large shop; the cache starts over when full. */
const MAX_KEPT = 20_000
const kept = new Map<string, boolean>()

/** Whether a user agent is a bot's. A missing one is not: some browsers and proxies send none. */
export function isBot(userAgent: string | null): boolean {
  if (userAgent === null) return false
  let bot = kept.get(userAgent)
  if (bot === undefined) {
    bot = isbot(userAgent)
    if (kept.size >= MAX_KEPT) kept.clear()
    kept.set(userAgent, bot)
  }
  return bot
}
