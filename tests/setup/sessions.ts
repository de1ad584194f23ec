import type pg from 'pg'

/** A session of somebody else in the client's database. */
export type Session = { pid: number; application_name: string }

/**
 * The sessions for which `condition` on pg_stat_activity is true. Looked at afresh: within a transaction PostgreSQL
 * would show the first picture again and again.
 */
export async function sessionsWhere(client: pg.Client, condition: string): Promise<Session[]> {
  await client.query('select pg_stat_clear_snapshot()')
  const { rows } = await client.query<Session>(
    `select pid, application_name
     from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and ${condition}`,
  )
  return rows
}

export const writer_waits = "application_name = 'shelter writer' and wait_event_type = 'Lock'"
