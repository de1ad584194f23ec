import { type SQL, sql } from 'drizzle-orm'
import type { Remit } from '../../access/remit.ts'
import type { Database } from '../../database/client.ts'
import { type AlertRow, alert_acknowledgements, alerts } from '../../database/tables/alerts.ts'
import { instantFromText } from '../../database/tables/columns.ts'
import { consignments } from '../../database/tables/consignments.ts'
import { headcounts, holds, place_balances } from '../../database/tables/places.ts'
import { shelters } from '../../database/tables/regions-and-shelters.ts'
import { items, NEVER, stock, warehouses } from '../../database/tables/supplies.ts'
import { rankOf } from '../../domain/alerts.ts'
import type { Standards } from '../../domain/standards.ts'
import { held_now } from '../../ledgers/places/read.ts'
import type { Cause, Standing } from './rules.ts'
import type { AlertsQuery } from './schemas.ts'

/** One at a time works them out, over all processes. */
const EVALUATION = 7_342_005

const list = (rows: SQL): SQL => sql`(select coalesce(json_agg(x), '[]') from (${rows}) x)`
const moment = (column: SQL): SQL =>
  sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const today = sql`(clock_timestamp() at time zone 'Asia/Yerevan')::date`

/** What alerts follow from, in one statement. */
export async function readStanding(database: Database, standards: Standards): Promise<Standing> {
  const { food_ensured_days, medicine_ensured_days } = standards
  const result = await database.execute<{ standing: Standing }>(sql`
    select json_build_object(
      'shelters', ${list(sql`
        select s.id as shelter, s.region, s.status, place_balances.places, place_balances.blocked,
          place_balances.occupied, ${held_now} as held, place_balances.emergency
        from ${shelters} s join ${place_balances} on place_balances.shelter = s.id
        where s.status <> 'closed'`)},
      'lots', ${list(sql`
        select k.store, s.id as shelter, coalesce(s.region, w.region) as region, k.item, i.category, k.lot,
          k.expires_on::text
        from ${stock} k
        join ${items} i on i.code = k.item
        left join ${shelters} s on s.id = k.store
        left join ${warehouses} w on w.id = k.store
        where k.usable > 0 and k.expires_on < ${NEVER}::date
          and k.expires_on < ${today} + case i.category when 'medicine' then ${medicine_ensured_days}::int when 'food' then ${food_ensured_days}::int else 0 end`)},
      'headcounts', ${list(sql`
        select last.id, last.shelter, last.region, last.people - last.occupied as difference
        from (
          select distinct on (shelter) * from ${headcounts} order by shelter, counted_at desc, id desc
        ) last
        where last.settled_at is null and last.people <> last.occupied`)},
      -- Through the day after: whoever waits for the party has then been told.
      'holds', ${list(sql`
        select id, shelter, region, people, ${moment(sql`expires_at`)} as expires_at
        from ${holds}
        where (status = 'expired' or status = 'live' and expires_at <= clock_timestamp())
          and (expires_at at time zone 'Asia/Yerevan')::date >= ${today} - 1`)},
      'consignments', ${list(sql`
        select id, shelter, region, ${moment(sql`expected_at`)} as expected_at, status
        from ${consignments}
        where status not in ('received', 'cancelled') and expected_at < clock_timestamp()`)}
    ) as standing`)
  const [row] = result.rows
  if (row === undefined) throw new Error('the database says nothing')
  return row.standing
}

/** Opens, changes and closes alerts until they are what the causes say. Under a lock, so that two never mix. */
export async function writeAlerts(
  database: Database,
  causes: readonly Cause[],
  newId: () => string,
): Promise<void> {
  const rows = JSON.stringify(causes.map((cause) => ({ ...cause, id: newId() })))
  await database.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${EVALUATION})`)
    await tx.execute(sql`
      with wanted as materialized (
        select *
        from json_to_recordset(${rows}::json)
          as w (id uuid, kind text, cause text, rank smallint, shelter uuid, region text, about jsonb)
      ),
      closed as (
        update ${alerts} a
        set closed_at = date_trunc('milliseconds', clock_timestamp())
        where a.closed_at is null and not exists (select 1 from wanted w where w.cause = a.cause)
      ),
      changed as (
        update ${alerts} a
        set rank = w.rank, about = w.about
        from wanted w
        where a.closed_at is null and a.cause = w.cause and (a.rank, a.about) is distinct from (w.rank, w.about)
      )
      insert into ${alerts} (id, kind, cause, rank, shelter, region, about, since)
      select id, kind, cause, rank, shelter, region, about, date_trunc('milliseconds', clock_timestamp())
      from wanted w
      where not exists (select 1 from ${alerts} a where a.cause = w.cause and a.closed_at is null)`)
  })
}

export type AlertFound = AlertRow & { shelter_code: string | null; acknowledged_at: string | null }

/** The worst first, then the oldest, inside the remit. `after` is where the page before ended. */
export async function readAlerts(
  database: Database,
  remit: Remit,
  { status = 'open', kind, severity, region, shelter }: AlertsQuery,
  after: readonly [rank: number, since: string, id: string] | undefined,
  limit: number,
): Promise<AlertFound[]> {
  const conditions: SQL[] = [status === 'open' ? sql`a.closed_at is null` : sql`a.closed_at is not null`]
  if (!remit.everywhere) {
    const own = [
      ...remit.regions.map((code) => sql`a.region = ${code}`),
      ...remit.shelters.map((id) => sql`a.shelter = ${id}::uuid`),
      sql`false`,
    ]
    conditions.push(sql`(${sql.join(own, sql` or `)})`)
  }
  if (kind !== undefined) conditions.push(sql`a.kind = ${kind}`)
  if (severity !== undefined) conditions.push(sql`a.rank = ${rankOf(severity)}`)
  if (region !== undefined) conditions.push(sql`a.region = ${region}`)
  if (shelter !== undefined) conditions.push(sql`(s.code = ${shelter} or s.id::text = ${shelter})`)
  if (after !== undefined) {
    const [rank, since, id] = after
    conditions.push(sql`(-a.rank, a.since, a.id) > (${-rank}::int, ${since}::timestamptz, ${id}::uuid)`)
  }
  const result = await database.execute<AlertFound>(sql`
    select a.*, s.code as shelter_code, k.acknowledged_at
    from ${alerts} a
    left join ${shelters} s on s.id = a.shelter
    left join ${alert_acknowledgements} k on k.alert = a.id
    where ${sql.join(conditions, sql` and `)}
    order by a.rank desc, a.since, a.id
    limit ${limit}`)
  const told = (moment: string | null) => (moment === null ? null : instantFromText(moment))
  return result.rows.map((row) => ({
    ...row,
    since: instantFromText(row.since),
    closed_at: told(row.closed_at),
    acknowledged_at: told(row.acknowledged_at),
  }))
}
