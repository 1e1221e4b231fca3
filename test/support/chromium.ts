/** Finds the Chromium that the tests in a browser use, or installs one, and starts it. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type BrowserServer, chromium } from 'playwright-core'

/**
 * Parts of a browser that nobody looks at here: with each page Chromium starts three more processes, for the pop-ups of
 * its address bar and for the next page, which take more processor time than most tests.
 */
const UNUSED = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'SpareRendererForSitePerProcess']

/** What Playwright disables. Chromium takes the last such list, so ours has to repeat Playwright's. */
const PLAYWRIGHTS = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'msForceBrowserSignIn',
  'msEdgeUpdateLaunchServicesPreferredVersion',
]

const DISABLE = '--disable-features='

/** Root needs `--no-sandbox`, and the browser must not contact anything but the tests. */
export const SWITCHES = [
  `${DISABLE}${[...PLAYWRIGHTS, ...UNUSED]}`,
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // A host that is not local: without https it is no secure context.
  '--host-resolver-rules=MAP shop.test 127.0.0.1',
]

/** `CHROMIUM_PATH`, the system's, or Playwright's own; null if there is none. */
function findChromium(): string | null {
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

/** The available Chromium, installed first if there is none. Throws with the reason if that is impossible. */
export function installedChromium(): string {
  const found = findChromium() ?? install()
  if (found === null)
    throw new Error('these tests need a Chromium: install one, or set CHROMIUM_PATH to its executable')
  return found
}

function install(): string | null {
  const run = (command: string, ...args: string[]) =>
    spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
  console.log('Installing Chromium for the browser tests, because none was found.')
  const isRoot = process.getuid?.() === 0
  const updated = isRoot && existsSync('/usr/bin/apt-get') && run('apt-get', 'update', '-qq')
  if (!updated || !run('apt-get', 'install', '-y', '-qq', 'chromium')) {
    run('npx', '--yes', 'playwright', 'install', 'chromium')
  }
  return findChromium()
}

/** Starts it for several processes that connect to it. */
export async function launchServer(executablePath: string): Promise<BrowserServer> {
  const server = await chromium.launchServer({ executablePath, args: SWITCHES })
  const lists = server.process().spawnargs.filter((each) => each.startsWith(DISABLE))
  const missing = lists.flatMap((list) => list.slice(DISABLE.length).split(',')).filter((each) => !isDisabled(each))
  if (missing.length === 0) return server
  await server.close()
  throw new Error(`Playwright disables ${missing.join(', ')} in Chromium: PLAYWRIGHTS in chromium.ts must name it too`)
}

const isDisabled = (feature: string) => [...PLAYWRIGHTS, ...UNUSED].includes(feature)
