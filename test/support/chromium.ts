/** Finds the Chromium that the tests in a browser use. */
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

/** As root it needs no sandbox; and it must not talk to anybody but the tests. */
export const SWITCHES = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** `CHROMIUM_PATH`, the system's, or Playwright's own; null if there is none. */
export function findChromium(): string | null {
  const given = process.env.CHROMIUM_PATH
  if (given) return given
  const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', playwrightsOwn()]
  return places.find((path) => path !== null && existsSync(path)) ?? null
}

function playwrightsOwn(): string | null {
  try {
    return chromium.executablePath()
  } catch {
    // Playwright throws where it knows no browser for the platform.
    return null
  }
}
