import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { instantFromText } from './tables/columns.ts'

export type PoolSettings = {
  url: string
  /** connections at most */
  max: number
  /** shown in pg_stat_activity */
  application_name: string
  /** the longest a statement may run, in milliseconds; 0 for no limit */
  statement_timeout_ms: number
  /** the longest wait for a lock, in milliseconds */
  lock_timeout_ms?: number
  /** after which a transaction that does nothing is ended, in milliseconds; less than the wait for its locks */
  idle_in_transaction_timeout_ms?: number
  /** told of connections that broke while idle; the pool has dropped them already */
  on_error?: (error: Error) => void
}

/** Parsers by type: what a column's values are in the program. */
const parsers: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  // Counts and `seq` stay far below 2^53.
  [pg.types.builtins.INT8, Number],
  [pg.types.builtins.TIMESTAMPTZ, instantFromText],
  // Dates stay text, because a Date would move them with the time zone; decimals stay text, because they are exact.
  [pg.types.builtins.DATE, String],
  [pg.types.builtins.NUMERIC, String],
])

/** How PostgreSQL's values arrive: int8 as number, timestamptz as Instant, date and numeric as text. */
export const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : parsers.get(oid)) ?? pg.types.getTypeParser(oid, format),
}

/** A pool whose sessions are in UTC and give up on their own: none waits or idles without a limit. */
export function openPool(settings: PoolSettings): pg.Pool {
  const { lock_timeout_ms = 5_000, idle_in_transaction_timeout_ms = 2_000 } = settings
  const pool = new pg.Pool({
    connectionString: settings.url,
    max: settings.max,
    application_name: settings.application_name,
    types,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    options: [
      '-c TimeZone=UTC',
      `-c statement_timeout=${settings.statement_timeout_ms}`,
      `-c lock_timeout=${lock_timeout_ms}`,
      `-c idle_in_transaction_session_timeout=${idle_in_transaction_timeout_ms}`,
    ].join(' '),
  })
  // Without a listener, a database that restarts would end the process.
  pool.on('error', (error) => settings.on_error?.(error))
  return pool
}

/** The pool with drizzle's query builder on top. Tables are named where they are used, so it gets no schema. */
export const database = (pool: pg.Pool) => drizzle({ client: pool })

export type Database = ReturnType<typeof database>
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]
