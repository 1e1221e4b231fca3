/** Describes user agents. Parsing costs 50 µs and agents repeat, so results are cached. */
import { UAParser } from 'ua-parser-js'
import type { DescribeAgent } from './facts-of.ts'

/** Enough for the agents of a large shop; the cache starts over when full. */
const MAX_KEPT = 20_000

/** Creates a describer with its own cache. */
export function createDescribeAgent(): DescribeAgent {
  const kept = new Map<string, ReturnType<DescribeAgent>>()
  return (userAgent) => {
    let agent = kept.get(userAgent)
    if (!agent) {
      const { browser, os, device } = new UAParser(userAgent).getResult()
      agent = { device: device.type ?? 'desktop', browser: browser.name ?? null, os: os.name ?? null }
      if (kept.size >= MAX_KEPT) kept.clear()
      kept.set(userAgent, agent)
    }
    return agent
  }
}
