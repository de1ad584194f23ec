import { eq, sql } from 'drizzle-orm'
import type { Database } from '../../database/client.ts'
import { instantFromText } from '../../database/tables/columns.ts'
import { journal, journal_head } from '../../database/tables/journal.ts'
import { holds, place_effects, region_day_sums, region_totals } from '../../database/tables/places.ts'
import { shelters } from '../../database/tables/regions-and-shelters.ts'
import type { Instant } from '../../domain/instant.ts'

/** What was asked: by when it happened, and by what was known. */
export type CapacityAsked = { as_of?: Instant; known_at?: Instant; known_seq?: number; region?: string }

export type RegionFigures = {
  region: string
  places: number
  blocked: number
  occupied: number
  held: number
  emergency: number
  shelters: number
}

/** Figures by region, and the snapshot that they were read in. */
export type CapacityRead = {
  /** the database's clock */
  clock: Instant
  /** the last entry that was known, and when it was recorded */
  seq: number
  recorded_at: Instant
  head_seq: number
  head_recorded_at: Instant
  figures: RegionFigures[]
}

type Row = {
  clock: string
  head_seq: string
  head_recorded_at: string
  seq: string | null
  recorded_at: string | null
  figures: RegionFigures[] | null
}

const summed = sql.raw(
  ['places', 'blocked', 'occupied', 'held', 'emergency', 'shelters']
    .map((figure) => `coalesce(sum(${figure}), 0)::int as ${figure}`)
    .join(', '),
)
const negated = sql.raw(
  ['places', 'blocked', 'occupied', 'held', 'emergency', 'shelters']
    .map((figure) => `-${figure} as ${figure}`)
    .join(', '),
)
const columns = sql.raw('region, places, blocked, occupied, held, emergency, shelters')

/**
 * Figures of now: the totals that the writer keeps, eleven rows however many shelters, less the holds whose end has
 * come and which no writer has met since.
 */
const figuresNow = sql`
  select ${columns} from ${region_totals}
  union all
  select region, 0, 0, 0, -remaining, 0, 0 from ${holds}
  where status = 'live' and expires_at <= clock_timestamp()`

/**
 * Figures of any moment, known as now: the sums of the days before that moment's day in Asia/Yerevan, and the
 * effects of that day up to the moment.
 */
const figuresAsOf = (as_of: Instant) => sql`
  select ${columns} from ${region_day_sums}
  where day < (${as_of}::timestamptz at time zone 'Asia/Yerevan')::date
  union all
  select ${columns} from ${place_effects}
  where at >= date_trunc('day', ${as_of}::timestamptz, 'Asia/Yerevan') and at <= ${as_of}::timestamptz`

/** What has been recorded after entry `known` and happened by then is taken away again: it was not known. */
const figuresUnknown = (as_of: Instant) => sql`
  union all
  select region, ${negated} from ${place_effects}
  where seq > (select seq from known) and at <= ${as_of}::timestamptz`

/**
 * Capacity by region in one statement, so in one snapshot. `known_at` and `known_seq` name the last entry known;
 * alone they are the moment asked for, too.
 */
export async function readCapacity(database: Database, asked: CapacityAsked): Promise<CapacityRead> {
  const { as_of, known_at, known_seq } = asked
  const limited = known_at !== undefined || known_seq !== undefined
  const known =
    known_seq !== undefined
      ? sql`select seq, recorded_at from ${journal} where seq <= ${known_seq} order by seq desc limit 1`
      : known_at !== undefined
        ? sql`select seq, recorded_at from ${journal} where recorded_at <= ${known_at}::timestamptz order by recorded_at desc, seq desc limit 1`
        : sql`select seq, recorded_at from ${journal_head}`
  const moment =
    as_of ?? known_at ?? (known_seq === undefined ? undefined : await recordedAt(database, known_seq))
  const figures =
    moment === undefined
      ? figuresNow
      : limited
        ? sql`${figuresAsOf(moment)} ${figuresUnknown(moment)}`
        : figuresAsOf(moment)
  const result = await database.execute<Row>(sql`
    with known as materialized (
      select coalesce(max(seq), 0) as seq, max(recorded_at) as recorded_at from (${known}) k
    )
    select
      date_trunc('milliseconds', clock_timestamp()) as clock,
      h.seq as head_seq,
      h.recorded_at as head_recorded_at,
      known.seq,
      known.recorded_at,
      (
        select json_agg(by_region)
        from (
          select region, ${summed}
          from (${figures}) moved
          group by region
        ) by_region
      ) as figures
    from ${journal_head} h, known`)
  const [row] = result.rows
  if (row === undefined) throw new Error('the journal has no head')
  return {
    clock: instantFromText(row.clock),
    seq: Number(row.seq ?? 0),
    recorded_at: instantFromText(row.recorded_at ?? row.head_recorded_at),
    head_seq: Number(row.head_seq),
    head_recorded_at: instantFromText(row.head_recorded_at),
    figures: row.figures ?? [],
  }
}

async function recordedAt(database: Database, seq: number): Promise<Instant | undefined> {
  const result = await database.execute<{ recorded_at: string }>(
    sql`select recorded_at from ${journal} where seq <= ${seq} order by seq desc limit 1`,
  )
  const [row] = result.rows
  return row && instantFromText(row.recorded_at)
}

/** Which shelter is meant by an id or a code. */
export async function readShelter(database: Database, name: string) {
  const [found] = await database
    .select({ id: shelters.id, code: shelters.code, region: shelters.region })
    .from(shelters)
    .where(name.startsWith('AM-') ? eq(shelters.code, name) : eq(shelters.id, name))
  return found
}
