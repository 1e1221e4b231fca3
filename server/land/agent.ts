/** Tells what a user agent is. Parsing costs 50 µs and agents repeat, so the answers are kept. */
import { UAParser } from 'ua-parser-js'
import type { DescribeAgent } from './facts-of.ts'

/** Enough for the agents of a large shop; when full it begins anew. */
const MAX_KEPT = 20_000

/** A describer with a memory of its own. */
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
