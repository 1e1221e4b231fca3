import { defineConfig } from 'vitest/config'

// Only on PostgreSQL: several processes on one database, and what is Citus'.
const SEVERAL = [
  'test/contract/citus.test.ts',
  'test/fault/collectors.test.ts',
  'test/fault/away.test.ts',
  'test/fault/races.test.ts',
]

// What the store has a part in runs on both engines. Left to SQLite are tests of what is refused at the door, read from
// a file or printed by a command (all end in the same few calls of the store), of the files of a data folder, of the
// SDKs and their wire, of the tag and the dashboard in a browser, and of pure functions.
const BOTH = [
  ...[
    'consent',
    'contacts',
    'erase',
    'events-accepted',
    'exports',
    'feed',
    'identify',
    'identity-policy',
    'identity-scenarios',
  ],
  ...['link-acts', 'link-tokens', 'orders', 'private', 'rebuild', 'retention', 'segment-commerce', 'segment-consent'],
  ...['signed-logins', 'upgrade'],
].map((name) => `test/contract/${name}.test.ts`)

// Each file has a server of its own; two cores run two files at a time. A browser on a busy machine needs patience.
const test = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 20_000 } } }

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { ...test, name: 'sqlite', include: ['test/**/*.test.ts'], exclude: SEVERAL } },
      {
        test: {
          ...test,
          name: 'postgres',
          include: [...BOTH, ...SEVERAL, 'test/property/{order,segments}.test.ts'],
          env: { TEST_ENGINE: 'postgres' },
          globalSetup: 'test/support/postgres-for-all.ts',
        },
      },
    ],
  },
})
