import { raceTests } from '../setup/race.ts'
import { serviceOn } from '../setup/service.ts'

/*
 * Promise: never overbooked, and a post repeated with the same key happens once and answers the same. A tenth of the
 * race, over two services that share nothing but the database; all of it, over real processes, is in tests/slow.
 */

raceTests({ clients: 20, posts: 1_000, repeated: 50, times: 20 }, async (url) => {
  const one = await serviceOn(url)
  const other = await serviceOn(url)
  return {
    bases: [one.base, other.base],
    async stop() {
      await one.close()
      await other.close()
    },
  }
})
