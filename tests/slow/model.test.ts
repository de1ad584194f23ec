import { modelTests } from '../model/scenario.ts'

/*
 * Promise: 10,000 random commands, for a minute at the least, sent by several at once to two services on one database,
 * end as the contract says at each entry of the journal and at any moment that is asked for.
 */

modelTests({ commands: 10_500, ms: 60_000, shorten_ms: 240_000 })
