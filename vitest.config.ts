/**
 * How the tests run.
 *
 * - `npm test` takes at most five minutes on two cores; `npm run test:long` runs the files of `LONG` with the larger
 *   amounts that they ask for by `amount(short, long)` (`test/support/long.ts`). CI runs both.
 * - `npm test -- FILE` runs one file in seconds. What a file needs beyond its server it asks for (`test/support/ask.ts`):
 *   one PostgreSQL, one Chromium and processes for commands serve the whole run, and start at the first request.
 * - A file starts its server once, in `beforeAll`, and its tests use ids and sites of their own. A test that must stop its
 *   server starts one for itself. A clock is moved while its server runs (`movable`), not by starting it again.
 * - A start of a server takes half a second of processor time, and so does a page in the browser: start few.
 * - Temporary files are below `tmpdir()`, which is in memory in a short run (`test/run.mjs`).
 * - Commands run by `server.cli(…)` or `couture(…)`, which start no process, unless the process itself is tested.
 * - A hook that opens a browser has the time limit `INSTALL_MS`: on a machine without one it is installed first.
 * - Nothing waits for a fixed time where it can wait for what it needs (`until`, `settled`, `expect.poll`).
 */
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Only on PostgreSQL: several processes on one database, and what is Citus'.
const SEVERAL = [
  'test/contract/{citus,citus-nodes}.test.ts',
  'test/fault/collectors.test.ts',
  'test/fault/quality-processes.test.ts',
  'test/fault/away.test.ts',
  'test/fault/races.test.ts',
]

// What the store has a part in runs on both engines. Left to SQLite are tests of what is refused at the door, read from
// a file or printed by a command (all end in the same few calls of the store), of the files of a data folder, of the
// SDKs and their wire, of the tag and the dashboard in a browser, and of pure functions.
const BOTH = [
  ...['behaviour', 'carts-devices', 'carts-overview', 'consent', 'contact-persons', 'contacts', 'erase', 'exports'],
  ...['feed', 'feed-readings', 'identify', 'membership-feed', 'orders', 'person-facts', 'person-orders', 'persons'],
  ...['rebuild', 'retention', 'scores', 'segment-sizes', 'segments', 'tables', 'upgrade', 'upgrade-persons'],
]
  .map((name) => `test/contract/${name}.test.ts`)
  .concat('test/security/bytes.test.ts')

// Stories of rules that do not know the engine, and of routes. Every run plays them on SQLite, and a long run on PostgreSQL
// too: they use the store by the same calls as the files above.
const RULES = [
  ...['events-accepted', 'grades', 'identity-policy', 'identity-scenarios', 'link-acts', 'link-tokens', 'private'],
  ...['quality', 'segment-commerce', 'segment-consent', 'segment-judging', 'signed-logins', 'trace', 'users'],
]
  .map((name) => `test/contract/${name}.test.ts`)
  .concat('test/security/spent-logins.test.ts', 'test/security/typed-addresses.test.ts')

// The files that take longest, of each project the longest first: one that began late would run alone at the end.
const LONGEST = [
  ...['fault/collectors', 'e2e/tag', 'e2e/tag-evidence', 'e2e/dashboard', 'e2e/story', 'contract/erase', 'fault/copy'],
  ...['contract/feed-readings', 'contract/quality', 'fault/back-pressure', 'security/withdrawal', 'fault/repoint'],
  ...['security/sign-in', 'e2e/tag-pages', 'contract/segment-sdks', 'contract/identify', 'contract/identity-scenarios'],
  ...[
    'fault/sizes',
    'fault/stop',
    'contract/feed',
    'fault/races',
    'contract/segment-api',
    'contract/import',
    'e2e/mail',
  ],
  ...['fault/torn', 'fault/away', 'contract/identity-policy', 'security/routes', 'fault/clock', 'security/bytes'],
  ...['contract/carts-overview', 'security/visitor-ids', 'contract/replay', 'contract/upgrade', 'property/order'],
  ...['fault/journal-identity', 'e2e/sdks', 'contract/events-refusals', 'e2e/tag-between', 'contract/segments'],
  ...['contract/site-keys', 'security/typed-addresses', 'contract/retention', 'fault/full-disk', 'contract/tables'],
].map((name) => `/test/${name}.test.ts`)

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(name))
      return found < 0 ? LONGEST.length : found
    }
    const byProject = Map.groupBy(await super.sort(files), ({ project }) => project.name)
    return [...byProject.values()].flatMap((own) => own.sort((a, b) => rank(a) - rank(b)))
  }
}

// The files that ask for larger amounts in a long run.
const LONG = {
  sqlite: [
    'test/contract/{import,replay,site-keys,upgrade}.test.ts',
    'test/fault/{back-pressure,copy,kill,sizes,torn}.test.ts',
    'test/property/{feed,membership-feed,order,segments,segment-changes,segment-events,shop-nodes}.test.ts',
    'test/security/hostile-texts.test.ts',
  ],
  postgres: [
    ...RULES,
    'test/contract/{attributes,import-history,order-files,permission,site-keys,upgrade,who-is-who}.test.ts',
    'test/fault/{away,collectors}.test.ts',
    'test/property/{feed,membership-feed,order,segments,segment-changes,segment-events,shop-nodes}.test.ts',
  ],
}
const long = process.env.TEST_LONG === '1'

// A browser on a busy machine needs patience. A store on several machines needs more, and so do the larger amounts.
const limitMs = process.env.CITUS_WORKERS || long ? 300_000 : 60_000
const test = { testTimeout: limitMs, hookTimeout: limitMs, expect: { poll: { timeout: 20_000 } } }

export default defineConfig({
  test: {
    // Two cores run six files at a time: they wait for two thirds of it. What files share is imported once a process.
    maxWorkers: 6,
    isolate: false,
    // Counting the steps of a pattern recurses deeply. The main thread of a process has 8 MB of stack.
    execArgv: ['--stack-size=3900'],
    sequence: { sequencer: LongestFirst },
    globalSetup: 'test/support/shared.ts',
    projects: [
      {
        test: {
          ...test,
          name: 'sqlite',
          include: long ? LONG.sqlite : ['test/**/*.test.ts'],
          exclude: SEVERAL,
        },
      },
      {
        test: {
          ...test,
          name: 'postgres',
          include: long
            ? LONG.postgres
            : [
                ...BOTH,
                ...SEVERAL,
                'test/security/sites-delete.test.ts',
                'test/property/{feed,ids,membership-feed,order,segments,segment-changes,segment-events,shop-nodes}.test.ts',
              ],
          env: { TEST_ENGINE: 'postgres' },
        },
      },
    ],
  },
})
