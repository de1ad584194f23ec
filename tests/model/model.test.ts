import { modelTests } from './scenario.ts'

/*
 * Promise: whatever is posted, in whatever order, by several at once to two services on one database, the balances,
 * the figures of any moment, the journal and the answers to repetitions are those of the contract. A small machine
 * written from the contract says which; a story that ends otherwise is shortened and printed with its seed.
 *
 * A few hundred commands here; ten thousand, for a minute at the least, in tests/slow. MODEL_SEED tells one again.
 */

modelTests({ commands: 400, ms: 0, shorten_ms: 120_000 })
