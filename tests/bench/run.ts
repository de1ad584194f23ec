import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type Country, postsInto } from './country.ts'
import { type BenchDatabase, readKept } from './database.ts'
import { drive, type Load } from './load.ts'
import type { Order, Phases, Told } from './server.ts'

/* One run: a fresh database, a fresh service, a short warm-up, the measurement, and a look at what is kept. */

const paths = {
  null: '/bench/null',
  arrivals_hot: '/v1/arrivals',
  baseline_hot: '/bench/baseline',
  arrivals_uniform: '/v1/arrivals',
  baseline_uniform: '/bench/baseline',
  arrivals_hot_long: '/v1/arrivals',
} as const

export type Measure = keyof typeof paths

/** In the order in which a round goes through them; the last one comes once, after all rounds. */
export const measures = Object.keys(paths) as Measure[]

export type Run = { measure: Measure; connections: number; load: Load; phases: Phases }

export type RunSettings = {
  measure: Measure
  connections: number
  seconds: number
  /** before the measurement, so that the programs are compiled and the connections open */
  warm_up_seconds: number
  database: BenchDatabase
  country: Country
  /** connections of the pool on which the baseline works */
  pool: number
  /** folder for CPU profiles of the service */
  profile?: string | undefined
}

const STOP_MS_MAX = 15_000

export async function run(settings: RunSettings): Promise<Run> {
  const { measure, connections, country } = settings
  const copy = await settings.database.copy()
  const service = await startService(copy.url, settings)
  try {
    const posts = postsInto(measure.endsWith('uniform') ? country.uniform : [country.hot])
    const { next } = posts
    const load = { port: service.port, connections, path: paths[measure], key: country.key, next }
    await drive({ ...load, seconds: settings.warm_up_seconds, run: 'bench-warm-up' })
    service.order('forget phases')
    const measured = await drive({ ...load, seconds: settings.seconds, run: 'bench-measured' })
    const phases = await service.phases()
    await service.stop()
    if (measure !== 'null') await requireKept(copy.url, posts.expected)
    return { measure, connections, load: measured, phases }
  } finally {
    await service.stop()
    await copy.drop()
  }
}

/** Whoever answers 201 without having written would be very fast. */
async function requireKept(url: string, expected: ReturnType<typeof postsInto>['expected']): Promise<void> {
  const kept: Record<string, number> = await readKept(url)
  for (const [name, count] of Object.entries({ ...expected, entries: expected.stays })) {
    if (kept[name] !== count)
      throw new Error(`${count} ${name} were acknowledged, ${kept[name]} are in the database`)
  }
}

/** The service as a process of its own, on a database. */
export async function startService(
  url: string,
  { pool, profile }: { pool: number; profile?: string | undefined },
) {
  const child = fork(new URL('server.ts', import.meta.url), {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      KEY_ENVIRONMENT: 'test',
      DATABASE_URL: url,
      BASELINE_POOL_SIZE: String(pool),
    },
    // As `npm start` does.
    execArgv: [
      '--max-semi-space-size=64',
      ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    ],
    // Lines are logged as in production, and read by nobody.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const order = (what: Order): void => void child.send(what)
  const told = async (): Promise<Told> => {
    const [what] = await Promise.race([
      once(child, 'message'),
      ended.then(() => Promise.reject(new Error('the service ended'))),
    ])
    return what
  }
  const first = await told()
  if (!('port' in first)) throw new Error('the service did not say where it listens')
  return {
    port: first.port,
    pid: child.pid,
    order,
    async phases(): Promise<Phases> {
      order('tell phases')
      const next = await told()
      return 'phases' in next ? next.phases : null
    },
    async stop(): Promise<void> {
      if (hasEnded(child)) return
      if (child.connected) order('stop')
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
      await ended
      clearTimeout(late)
    },
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null
