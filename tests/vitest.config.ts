import { defineConfig } from 'vitest/config'

/** Files run side by side, each on a database of its own; the slow folder has its own command. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/slow/**', 'tests/bench/**', 'tests/containers/**', 'tests/web/**'],
    globalSetup: ['tests/setup/postgres.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
