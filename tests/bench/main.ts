import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { prepareCountry } from './country.ts'
import { type BenchDatabase, startDatabase } from './database.ts'
import { type Measure, measures, type Run, run } from './run.ts'
import { jsonLines, phaseTable, ratioTable, speedTable, summarise } from './table.ts'

/*
 * How fast arrivals are posted, beside a route that does nothing and the usual way of doing it. Load, service and
 * database share this machine, so ratios mean more than figures; rounds go through all measures in turn, so that what
 * else the machine does meets all of them alike.
 */

const usage = `npm run bench -- [options]
  --seconds N          seconds of each measurement (10)
  --rounds N           rounds through all measures (3)
  --long N             seconds of arrivals_hot_long (60)
  --warm-up N          seconds before each measurement that do not count (3)
  --connections N,…    (32,128); arrivals_hot_long takes the last
  --only MEASURE,…     of ${measures.join(', ')}
  --pool N             database connections of the baseline (8: more make it slower, by the wait for one row)
  --json               one line of JSON for each measure, and nothing else on standard output
  --profile FOLDER     writes a CPU profile of the service for each run`

type Options = {
  seconds: number
  rounds: number
  long: number
  warm_up: number
  connections: number[]
  only: Measure[]
  pool: number
  json: boolean
  profile: string | undefined
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '3' },
      long: { type: 'string', default: '60' },
      'warm-up': { type: 'string', default: '3' },
      connections: { type: 'string', default: '32,128' },
      only: { type: 'string', default: measures.join(',') },
      pool: { type: 'string', default: '8' },
      json: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  })
  const number = (name: 'seconds' | 'rounds' | 'long' | 'warm-up' | 'pool'): number =>
    atLeast1(name, values[name])
  return {
    seconds: number('seconds'),
    rounds: number('rounds'),
    long: number('long'),
    warm_up: number('warm-up'),
    connections: values.connections.split(',').map((one) => atLeast1('connections', one)),
    only: values.only.split(',').map((name) => {
      const found = measures.find((measure) => measure === name)
      if (found === undefined) throw new Error(`--only: ${name} is none of ${measures.join(', ')}`)
      return found
    }),
    pool: number('pool'),
    json: values.json,
    profile: values.profile,
  }
}

function atLeast1(name: string, text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new Error(`--${name} takes a whole number, at least 1`)
  return Number(text)
}

/** Processes that want to run, on average of the last minute; more than this disturbs what is measured. */
const BUSY_MAX = 0.5

/** Progress goes to standard error, so that `--json` can be piped. */
const say = (line: string): void => console.error(line)

async function measure(options: Options, database: BenchDatabase): Promise<Run[]> {
  const country = await prepareCountry(database.template_url)
  const { warm_up: warm_up_seconds, pool, profile } = options
  const runs: Run[] = []
  const carryOut = async (
    name: Measure,
    connections: number,
    seconds: number,
    round: string,
  ): Promise<void> => {
    const settings = {
      measure: name,
      connections,
      seconds,
      warm_up_seconds,
      database,
      country,
      pool,
      profile,
    }
    const done = await run(settings)
    runs.push(done)
    say(`${round}  ${name}, ${connections} connections: ${Math.round(done.load.per_second)} per second`)
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const connections of options.connections) {
      for (const name of options.only) {
        if (name !== 'arrivals_hot_long')
          await carryOut(name, connections, options.seconds, `round ${round} of ${options.rounds}`)
      }
    }
  }
  const most = options.connections.at(-1)
  if (most !== undefined && options.only.includes('arrivals_hot_long'))
    await carryOut('arrivals_hot_long', most, options.long, 'at length')
  return runs
}

async function main(): Promise<void> {
  const options = readOptions()
  const [busy = 0] = loadavg()
  if (busy > BUSY_MAX)
    say(`The machine is busy with something else (load ${busy.toFixed(1)}): the figures will be low.`)
  const started = startDatabase()
  // The service and the database stop with us: the one by its channel, the other by the lease it was started with.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Not `once`: Ctrl-C comes twice through npm, and the second would leave the database behind.
    process.on(signal, () => void started.then((database) => database.stop()).finally(() => process.exit(1)))
  }
  const database = await started
  try {
    const summaries = summarise(await measure(options, database))
    if (options.json) {
      console.log(jsonLines(summaries).join('\n'))
      return
    }
    const about = `Node ${process.version}, ${database.about}; ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), shared with the load; medians of ${options.rounds} interleaved rounds of ${options.seconds} s`
    for (const part of [[about], speedTable(summaries), ratioTable(summaries), phaseTable(summaries)]) {
      if (part.length > 0) console.log(`${part.join('\n')}\n`)
    }
  } finally {
    await database.stop()
  }
}

if (process.argv.includes('--help')) console.log(usage)
else {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
}
