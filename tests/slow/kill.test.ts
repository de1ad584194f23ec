import { killTests } from '../setup/kill.ts'

/*
 * Promise: an acknowledged post is never lost and none happens twice, although processes are killed with -9 eight
 * times while 32 clients post.
 */

killTests({ clients: 32, kills: 8, acknowledged_between: 1_000, acknowledged_meanwhile: 100_000 })
