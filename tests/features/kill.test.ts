import { killTests } from '../setup/kill.ts'
import { serviceOn } from '../setup/service.ts'

/*
 * Promise: an acknowledged post is never lost and none happens twice, although a process is killed while it writes.
 * Two kills of one process, for starting one takes seconds; tests/slow has more, of two processes in turn.
 */

killTests({ clients: 6, kills: 2, acknowledged_between: 40, acknowledged_meanwhile: 40 }, async (url) => {
  const { base, close } = await serviceOn(url)
  return { base, stop: close }
})
