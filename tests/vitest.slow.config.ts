import { defineConfig } from 'vitest/config'

/** What takes longer than anybody waits for before a commit: whole races, one file after another. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tests/slow/**/*.test.ts'],
    globalSetup: ['tests/setup/postgres.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
})
