import { defineConfig } from 'vitest/config'

// Each file has a server of its own; two cores run two files at a time. A browser on a busy machine needs patience.
export default defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2 },
})
