import { and, asc, desc, eq, gte, ilike, or, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../database/client.ts'
import { place_balances } from '../../database/tables/places.ts'
import { regions as regions_table, shelters } from '../../database/tables/regions-and-shelters.ts'
import type { Position } from '../../domain/geography.ts'
import { regions } from '../../domain/regions.ts'
import { balance_now, free_now } from '../../ledgers/places/read.ts'
import type { SheltersQuery } from './schemas.ts'

/** Makes sure that the 11 regions are there, and as this version of the service knows them. */
export async function ensureRegions(database: Database): Promise<void> {
  const rows = regions.map(({ code, names, centre, box }) => ({
    code,
    name_hy: names.hy,
    name_ru: names.ru,
    name_en: names.en,
    ...centre,
    ...box,
  }))
  const excluded = (name: string) => sql.raw(`excluded.${name}`)
  await database
    .insert(regions_table)
    .values(rows)
    .onConflictDoUpdate({
      target: regions_table.code,
      set: {
        name_hy: excluded('name_hy'),
        name_ru: excluded('name_ru'),
        name_en: excluded('name_en'),
        latitude: excluded('latitude'),
        longitude: excluded('longitude'),
        west: excluded('west'),
        south: excluded('south'),
        east: excluded('east'),
        north: excluded('north'),
      },
    })
}

export const readRegions = (database: Database) =>
  database.select().from(regions_table).orderBy(asc(regions_table.code))

const withBalance = (database: Database) =>
  database
    .select({ shelter: shelters, balance: balance_now })
    .from(shelters)
    .innerJoin(place_balances, eq(place_balances.shelter, shelters.id))

export type ShelterRead = Awaited<ReturnType<typeof withBalance>>[number]
/** As one of a list: with where it stands in its order, and how far it is where that was asked. */
export type ShelterFound = ShelterRead & { after: After; distance_km?: number }

const is_code = /^AM-/

/** One shelter by id or code. */
export async function readShelter(database: Database, name: string): Promise<ShelterRead | undefined> {
  const [found] = await withBalance(database).where(
    is_code.test(name) ? eq(shelters.code, name) : eq(shelters.id, name),
  )
  return found
}

const contains = (text: string): string => `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`

/** What a shelter must be like to be found. */
function conditions(query: SheltersQuery): SQL | undefined {
  const { region, kind, status, min_free, facts, q } = query
  return and(
    region && eq(shelters.region, region),
    kind && eq(shelters.kind, kind),
    status && eq(shelters.status, status),
    min_free === undefined ? undefined : gte(free_now, min_free),
    // What nobody looked at is unknown, whether it was written down as that or not at all.
    ...(facts ?? []).map(
      ({ fact, answer }) => sql`coalesce(${shelters.facts} ->> ${fact}, 'unknown') = ${answer}`,
    ),
    q === undefined
      ? undefined
      : or(
          ilike(shelters.code, contains(q)),
          ilike(shelters.name, contains(q)),
          ilike(shelters.community, contains(q)),
          ilike(shelters.address, contains(q)),
        ),
  )
}

/** By what a list can be sorted; ties by code. */
const sort_expressions = {
  code: sql`${shelters.code}`,
  name: sql`${shelters.name}`,
  free: free_now,
  places: sql`${place_balances.places}`,
  created_at: sql`${shelters.created_at}`,
} as const

/** Where the page before ended: the value sorted by, and the code. */
export type After = readonly [value: string | number, code: string]

/** Shelters in the order asked for, after `after`. */
export async function readShelters(
  database: Database,
  query: SheltersQuery,
  after: After | undefined,
  limit: number,
): Promise<ShelterFound[]> {
  if (query.near !== undefined) return readNearest(database, query, query.near, after, limit)
  const { by, descending } = query.sort
  const value = sort_expressions[by]
  const beyond = descending ? sql`<` : sql`>`
  const rows = await database
    .select({ shelter: shelters, balance: balance_now, value: sql<string | number>`${value}` })
    .from(shelters)
    .innerJoin(place_balances, eq(place_balances.shelter, shelters.id))
    .where(
      and(
        conditions(query),
        after === undefined
          ? undefined
          : by === 'code'
            ? sql`${shelters.code} ${beyond} ${after[1]}`
            : sql`(${value}, ${shelters.code}) ${beyond} (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(
      ...[value, sql`${shelters.code}`].map((expression) =>
        descending ? desc(expression) : asc(expression),
      ),
    )
    .limit(limit)
  return rows.map(({ value: sorted_by, ...row }) => ({ ...row, after: [sorted_by, row.shelter.code] }))
}

/** As the index has it (migrations/0002): degrees, longitude scaled to the width of a degree at 40.2° north. */
const planar = sql`point(${shelters.longitude} * 0.7638, ${shelters.latitude})`
/** How much longer the way to a shelter may be than the index thinks, anywhere in the country: its north is narrower. */
const PLANAR_SLACK = 1.05

/** Great-circle distance in km; the same formula and radius as domain/geography.ts. */
const distanceFrom = ({ latitude, longitude }: Position): SQL<number> => sql<number>`(
  2 * 6371.0088 * asin(least(1, sqrt(
    sin(radians(${shelters.latitude} - ${latitude}::float8) / 2) ^ 2
    + cos(radians(${latitude}::float8)) * cos(radians(${shelters.latitude}))
    * sin(radians(${shelters.longitude} - ${longitude}::float8) / 2) ^ 2
  )))
)`

/**
 * The nearest first. The index finds the nearest as a flat map has them; all within the circle that holds those are
 * then put in order by their distance on the globe.
 */
async function readNearest(
  database: Database,
  query: SheltersQuery,
  from: Position,
  after: After | undefined,
  limit: number,
): Promise<ShelterFound[]> {
  const distance = distanceFrom(from)
  const here = sql`point(${from.longitude}::float8 * 0.7638, ${from.latitude}::float8)`
  const wanted = and(
    conditions(query),
    after === undefined
      ? undefined
      : sql`(${distance}, ${shelters.code}) > (${after[0]}::float8, ${after[1]})`,
  )
  const nearest = database
    .select({ far: sql`${planar} <-> ${here}`.as('far') })
    .from(shelters)
    .innerJoin(place_balances, eq(place_balances.shelter, shelters.id))
    .where(wanted)
    .orderBy(sql`${planar} <-> ${here}`)
    .limit(limit)
    .as('nearest')
  const circle = sql`circle(${here}, (select coalesce(max(far), 0) * ${PLANAR_SLACK} + 0.0001 from ${nearest}))`
  const rows = await database
    .select({ shelter: shelters, balance: balance_now, distance_km: distance })
    .from(shelters)
    .innerJoin(place_balances, eq(place_balances.shelter, shelters.id))
    .where(and(sql`${planar} <@ ${circle}`, wanted))
    .orderBy(distance, asc(shelters.code))
    .limit(limit)
  return rows.map((row) => ({ ...row, after: [row.distance_km, row.shelter.code] }))
}
