import { type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../database/client.ts'
import { place_effects, region_day_sums, shelter_day_sums } from '../../database/tables/places.ts'
import type { Instant } from '../../domain/instant.ts'

/** What a point of a series adds to the one before it. */
export const history_sums = [
  'places',
  'blocked',
  'occupied',
  'held',
  'emergency',
  'arrived',
  'departed',
  'transferred_in',
  'transferred_out',
] as const

export type Sums = Record<(typeof history_sums)[number], number>

/** Of the nation, a region, or one shelter (by id). */
export type HistoryScope = { region?: string; shelter?: string }

/** A point by which nothing has happened has a row of zeros. */
const sums = sql.raw(history_sums.map((name) => `coalesce(sum(${name}), 0)::int as ${name}`).join(', '))
const names = sql.raw(history_sums.join(', '))

const within = ({ region, shelter }: HistoryScope): SQL =>
  shelter !== undefined
    ? sql`shelter = ${shelter}::uuid`
    : region !== undefined
      ? sql`region = ${region}`
      : sql`true`

const daySums = ({ shelter }: HistoryScope) => (shelter === undefined ? region_day_sums : shelter_day_sums)

const dayOf = (at: SQL): SQL => sql`(${at} at time zone 'Asia/Yerevan')::date`
const dayStart = (at: SQL): SQL => sql`date_trunc('day', ${at}, 'Asia/Yerevan')`

/**
 * The sums up to each of `points` (rising), each of everything that happened by then. Whole days come from the sums
 * that the writer keeps, so a step of days reads no effect but those of the day that a point lies in.
 */
export async function readSumsByDay(
  database: Database,
  scope: HistoryScope,
  points: Instant[],
): Promise<Sums[]> {
  const result = await database.execute<Sums>(sql`
    with points as (
      select at, ordinal
      from unnest(${sql.param(points)}::timestamptz[]) with ordinality as p (at, ordinal)
    ), days as (
      select day, ${sums}
      from ${daySums(scope)}
      where ${within(scope)} and day < (select max(${dayOf(sql`at`)}) from points)
      group by day
    )
    select ${sums}
    from points
    left join lateral (
      select ${names} from days where day < ${dayOf(sql`points.at`)}
      union all
      select ${names} from ${place_effects}
      where ${within(scope)} and at >= ${dayStart(sql`points.at`)} and at <= points.at
    ) moved on true
    group by points.ordinal
    order by points.ordinal`)
  return result.rows
}

/**
 * The sums of what happened between one point and the next: one pass over the effects of the whole span, for steps
 * shorter than a day. The first is of what lies between `after` and the first point.
 */
export async function readSumsBetween(
  database: Database,
  scope: HistoryScope,
  after: Instant,
  points: Instant[],
  step_ms: number,
): Promise<Sums[]> {
  const last = points.at(-1) ?? after
  const result = await database.execute<Sums & { point: number }>(sql`
    select ceil(extract(epoch from at - ${after}::timestamptz) * 1000 / ${step_ms})::int - 1 as point, ${sums}
    from ${place_effects}
    where ${within(scope)} and at > ${after}::timestamptz and at <= ${last}::timestamptz
    group by 1`)
  const by_point = new Map(result.rows.map((row) => [row.point, row]))
  return points.map((_, index) => by_point.get(index) ?? nothing)
}

const nothing = Object.fromEntries(history_sums.map((name) => [name, 0])) as Sums
