import { openProcesses } from '../setup/processes.ts'
import { raceTests } from '../setup/race.ts'

/*
 * Promise: never overbooked, and a post repeated with the same key happens once and answers the same: 200 clients at
 * once, two real processes on one database.
 */

raceTests({ clients: 200, posts: 10_000, repeated: 500, times: 20 }, async (url) => {
  const processes = openProcesses()
  const [one, other] = await Promise.all([
    processes.serve({ DATABASE_URL: url }),
    processes.serve({ DATABASE_URL: url }),
  ])
  return { bases: [one.base, other.base], stop: processes.close }
})
