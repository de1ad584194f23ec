import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'

/** Only one process migrates at a time, over all machines: drizzle's migrator takes no lock of its own. */
const MIGRATION = 7_342_003

/** A migration that waits for a lock makes everybody behind it wait too. Better to fail and be started again. */
const LOCK_MS_MAX = 5_000

/** How long another process may take over its migration before we give up waiting for it. */
const TURN_MS_MAX = 10 * 60_000

const our_migrations = fileURLToPath(new URL('../../migrations', import.meta.url))

/**
 * Brings the database to the newest migration: all that are missing, in one transaction. Processes that start
 * together take turns, and the later ones find nothing left to do.
 */
export async function migrate(
  url: string,
  { folder = our_migrations, lock_ms_max = LOCK_MS_MAX }: { folder?: string; lock_ms_max?: number } = {},
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'migrate',
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    options: `-c TimeZone=UTC -c statement_timeout=0 -c lock_timeout=${TURN_MS_MAX}`,
  })
  // A connection that breaks fails the statement under way, and that says so.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(`select pg_advisory_lock(${MIGRATION})`)
    await client.query(`set lock_timeout = ${lock_ms_max}`)
    await applyMigrations(drizzle({ client }), { migrationsFolder: folder })
  } finally {
    // Ends the session, and with it the lock.
    await client.end()
  }
}
