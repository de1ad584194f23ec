import { killTests } from '../setup/kill.ts'

/*
 * Promise: an acknowledged post is never lost and none happens twice, although processes are killed while they
 * write. Two kills; more of them are in tests/slow.
 */

killTests({ clients: 6, kills: 2, acknowledged_between: 100, acknowledged_meanwhile: 100 })
