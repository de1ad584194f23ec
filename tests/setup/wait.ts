import { setTimeout as pause } from 'node:timers/promises'

const LOOK_EVERY_MS = 10

/** Looks until there is something, and fails with what was waited for when `ms_max` have passed. Never a bare sleep. */
export async function until<Found>(
  what: string,
  look: () => Found | undefined | false | Promise<Found | undefined | false>,
  ms_max = 30_000,
): Promise<Found> {
  const deadline = performance.now() + ms_max
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms_max} ms`)
    await pause(LOOK_EVERY_MS)
  }
}
