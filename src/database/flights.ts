import pg from 'pg'
import type { Statement } from './sql.ts'

/** Sends one statement without waiting for those before it; they run in the order in which they were sent. */
export type Send = (statement: Statement, values?: unknown[]) => Promise<pg.QueryResult>

export type FlightSettings = {
  url: string
  application_name: string
  /** the longest wait for a lock, in milliseconds */
  lock_timeout_ms: number
  /** after which a frozen process gives the lock back, in milliseconds; less than the wait for it */
  idle_in_transaction_timeout_ms: number
  /** the longest a transaction may last in all, in milliseconds */
  transaction_timeout_ms: number
  types: pg.CustomTypesConfig
}

export type Flights = {
  /**
   * What is sent by the result goes to one connection, the one of now, or fails. A transaction must never go on over
   * another one: there each of its statements would be committed alone, without the lock.
   */
  board(): Send
  /** Drops the connection, whatever is under way; the next `board` opens a new one. */
  reset(): void
  close(): Promise<void>
}

type Opened = { client: pg.Client; ready: Promise<void>; is_ready: boolean }

/**
 * One connection of the writer's own, with many statements in flight (pg's `pipeline`). Sending several at once
 * and waiting once is what makes a commit cost two round trips, not ten.
 */
export function openFlights(settings: FlightSettings): Flights {
  let current: Opened | undefined

  function drop(client: pg.Client): void {
    if (current?.client !== client) return
    current = undefined
    client.end().catch(() => undefined)
  }

  function connect(): Opened {
    const client = new pg.Client({
      connectionString: settings.url,
      application_name: settings.application_name,
      pipeline: true,
      types: settings.types,
      keepAlive: true,
      connectionTimeoutMillis: settings.lock_timeout_ms,
      options: [
        '-c TimeZone=UTC',
        `-c lock_timeout=${settings.lock_timeout_ms}`,
        `-c idle_in_transaction_session_timeout=${settings.idle_in_transaction_timeout_ms}`,
        `-c transaction_timeout=${settings.transaction_timeout_ms}`,
        // The same few statements over and over, with one JSON array or a few keys each: a plan made once serves.
        '-c plan_cache_mode=force_generic_plan',
        // Whatever young statistics say: a plan made over an empty table would read all of it a minute later, under the
        // lock. Arrivals fell from 1,370 to 680 a second within 12 s without this.
        '-c enable_seqscan=off',
      ].join(' '),
    })
    client.on('error', () => drop(client))
    client.on('end', () => drop(client))
    const opened: Opened = {
      client,
      is_ready: false,
      ready: client.connect().then(() => {
        opened.is_ready = true
      }),
    }
    opened.ready.catch(() => drop(client))
    current = opened
    return opened
  }

  return {
    board() {
      const opened = current ?? connect()
      const send: Send = (statement, values = []) => {
        if (current === opened)
          return opened.client.query({ name: statement.name, text: statement.text, values })
        return Promise.reject(new Error('Connection terminated: it was lost while in use'))
      }
      // At once where the connection stands, so that the database works while the next statement is being made.
      return (statement, values) =>
        opened.is_ready ? send(statement, values) : opened.ready.then(() => send(statement, values))
    },
    reset() {
      const dropped = current
      current = undefined
      // Not `end()`: a broken connection would wait for answers that never come.
      dropped?.ready.then(
        () => dropped.client.connection?.stream?.destroy(),
        () => undefined,
      )
    },
    async close() {
      const closing = current
      current = undefined
      if (closing !== undefined) await closing.ready.then(() => closing.client.end()).catch(() => undefined)
    },
  }
}
