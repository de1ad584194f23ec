import { authentication } from './access/authenticate.ts'
import { itself } from './access/itself.ts'
import type { Config } from './config.ts'
import { type Database, database as openDatabase, openPool, types } from './database/client.ts'
import { openFlights } from './database/flights.ts'
import { alerts } from './features/alerts/index.ts'
import { batch } from './features/batch/index.ts'
import { changes } from './features/changes/index.ts'
import { clients } from './features/clients/index.ts'
import { consignments } from './features/consignments/index.ts'
import { foodAndMedicine } from './features/food-and-medicine/index.ts'
import { asBatchLine } from './features/import/index.ts'
import { alternatives, placement } from './features/placement/index.ts'
import { places } from './features/places/index.ts'
import { ensureRegions, regionsAndShelters } from './features/regions-and-shelters/index.ts'
import { new_shelter, shelter_changed } from './features/regions-and-shelters/schemas.ts'
import { services } from './features/services/index.ts'
import { standards } from './features/standards/index.ts'
import { ensureCatalogue, supplies } from './features/supplies/index.ts'
import { installMetrics } from './http/metrics.ts'
import { type App, createServer } from './http/server.ts'
import { type BatchTiming, openWriter, type Writer, type WriterLog } from './journal/writer.ts'
import { ledgers, type ServiceLedgers } from './ledgers/index.ts'

/** The longest a commit may take, in milliseconds: what a figure of the past must wait for before it is final. */
const COMMIT_MS_MAX = 10_000
const LOCK_TIMEOUT_MS = 5_000
/** Less than the wait for the lock, or one frozen process would become everybody's 503. */
const IDLE_IN_TRANSACTION_MS = 2_000
const WRITER_WAIT_MS_MAX = 10_000
/** A bulk import beside people at desks: a commit of both takes some 10 ms longer than theirs alone. */
const BULK_BESIDE_MAX = 32
/** Nothing depends on it: a due hold keeps nothing anyway. */
const TIDY_EVERY_MS = 30_000
const KEYS_REMEMBERED_MAX = 10_000
/** Alerts are worked out so long after a change, whatever else changes meanwhile; whoever reads them has them at once. */
const ALERTS_AFTER_MS = 5_000

/** The writer on a connection of its own: the one way of a change, for the service and for its commands. */
export function openServiceWriter(options: {
  url: string
  log: WriterLog
  queue_max: number
  batch_max: number
  on_batch?: (timing: BatchTiming) => void
}) {
  const { url, log, on_batch } = options
  const flights = openFlights({
    url,
    application_name: 'shelter writer',
    lock_timeout_ms: LOCK_TIMEOUT_MS,
    idle_in_transaction_timeout_ms: IDLE_IN_TRANSACTION_MS,
    transaction_timeout_ms: COMMIT_MS_MAX,
    types,
  })
  return openWriter({
    ledgers,
    flights,
    log,
    itself: () => itself('writer'),
    settings: {
      queue_max: options.queue_max,
      batch_max: options.batch_max,
      bulk_beside_max: BULK_BESIDE_MAX,
      wait_ms_max: WRITER_WAIT_MS_MAX,
    },
    ...(on_batch && { on_batch }),
  })
}

export type BuildOptions = {
  /** told of each commit, for metrics and the bench */
  on_batch?: (timing: BatchTiming) => void
  /** more routes, before the list is closed */
  extend?: (app: App, parts: { database: Database; writer: Writer<ServiceLedgers> }) => void
}

/** Puts the parts together. This list is the table of contents of the service. */
export async function buildApp(config: Config & { DATABASE_URL: string }, options: BuildOptions = {}) {
  const { on_batch, extend } = options
  const pool = openPool({
    url: config.DATABASE_URL,
    max: config.POOL_SIZE,
    application_name: 'shelter reads',
    statement_timeout_ms: config.REQUEST_TIMEOUT_MS,
  })
  const database = openDatabase(pool)
  await ensureRegions(database)
  await ensureCatalogue(database)

  const server = await createServer({
    log_level: config.LOG_LEVEL,
    request_timeout_ms: config.REQUEST_TIMEOUT_MS,
    headers_timeout_ms: config.HEADERS_TIMEOUT_MS,
    keep_alive_ms: config.KEEP_ALIVE_MS,
    isReady: async () => (await pool.query('select 1')).rowCount === 1,
  })
  const { app } = server
  const metrics = installMetrics(app)
  /** told of each commit, once there is something to be told */
  let changed: (() => void) | undefined
  const writer = openServiceWriter({
    url: config.DATABASE_URL,
    log: app.log,
    queue_max: config.WRITER_QUEUE_MAX,
    batch_max: config.WRITER_BATCH_MAX,
    on_batch(timing) {
      metrics.observeCommit(timing)
      changed?.()
      on_batch?.(timing)
    },
  })
  authentication({ database, cache_ms: config.KEY_CACHE_MS, cache_max: KEYS_REMEMBERED_MAX }).protect(app, {
    open_prefixes: ['/docs', '/problems'],
  })

  const { register: registerShelter } = regionsAndShelters(app, { database, writer })
  const withAlternatives = alternatives(database, config.ALTERNATIVES_MAX_AGE_MS)
  const standing = places(app, {
    database,
    writer,
    goal: config.PLACES_GOAL,
    commit_ms_max: COMMIT_MS_MAX,
    withAlternatives,
  })
  const staying = placement(app, { database, writer, withAlternatives })
  const stocking = supplies(app, { database, writer })
  const serving = services(app, { database, writer })
  standards(app, { database, writer })
  consignments(app, { database, writer })
  const { cover } = foodAndMedicine(app, { database })
  const { evaluate } = alerts(app, { database, writer, cover })
  const registering = asBatchLine({
    id: 'registerShelter',
    scope: 'shelters:write',
    body: new_shelter,
    answer: shelter_changed,
    submit: registerShelter,
  })
  batch(app, {
    operations: [...staying.operations, ...standing.operations, ...stocking.operations, registering],
    drain_signal: server.drain_signal,
  })
  changes(app, { database })
  const { issueKey, revokeKey } = clients({ writer, key_environment: config.KEY_ENVIRONMENT })
  metrics.serve({
    writer_queue_commands: { help: 'Commands that wait for the writer', read: writer.queued },
    database_pool_connections: { help: 'Connections for reads', read: () => pool.totalCount },
    database_pool_idle: { help: 'Connections for reads that are free', read: () => pool.idleCount },
    database_pool_waiting: { help: 'Requests that wait for a connection', read: () => pool.waitingCount },
  })
  extend?.(app, { database, writer })
  await server.finish()

  // Soon after the facts have changed, once for many commits: `since` then tells when it began, not when it was read.
  let alerting: NodeJS.Timeout | undefined
  changed = () => {
    alerting ??= setTimeout(() => {
      alerting = undefined
      evaluate().catch((error: unknown) => app.log.warn({ err: error }, 'alerts were not worked out'))
    }, ALERTS_AFTER_MS)
  }
  const tidying = setInterval(() => {
    standing.tidyHolds().catch((error: unknown) => app.log.warn({ err: error }, 'holds were not tidied up'))
  }, TIDY_EVERY_MS)
  app.addHook('onClose', async () => {
    clearInterval(tidying)
    changed = undefined
    clearTimeout(alerting)
    await writer.close()
    await pool.end()
  })
  const { arrive } = staying.commands
  return {
    ...server,
    writer,
    database,
    issueKey,
    revokeKey,
    registerShelter,
    arrive,
    /** what a demo needs beside shelters */
    supply: { move: stocking.move, startMeals: serving.startMeals, startHealth: serving.startHealth },
    evaluateAlerts: evaluate,
  }
}
