import { defineConfig } from 'vitest/config'

/** What needs a real browser (Debian’s Chromium, or the one that CHROMIUM names). */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tests/web/**/*.test.ts'],
    globalSetup: ['tests/setup/postgres.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
})
