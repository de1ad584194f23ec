import { defineConfig } from 'vitest/config'

/** The image that is shipped, built and driven; needs a Docker engine. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tests/containers/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
  },
})
