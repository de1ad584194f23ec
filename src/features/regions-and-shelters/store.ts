import { and, asc, eq, gt, gte, ilike, or, sql } from 'drizzle-orm'
import type { Database } from '../../database/client.ts'
import { place_balances } from '../../database/tables/places.ts'
import { regions as regions_table, shelters } from '../../database/tables/regions-and-shelters.ts'
import { regions } from '../../domain/regions.ts'
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
    .select({ shelter: shelters, balance: place_balances })
    .from(shelters)
    .innerJoin(place_balances, eq(place_balances.shelter, shelters.id))

export type ShelterRead = Awaited<ReturnType<typeof readShelters>>[number]

const is_code = /^AM-/

/** One shelter by id or code. */
export async function readShelter(database: Database, name: string): Promise<ShelterRead | undefined> {
  const [found] = await withBalance(database).where(
    is_code.test(name) ? eq(shelters.code, name) : eq(shelters.id, name),
  )
  return found
}

/** Places that are free now, as an expression over a balance. */
const free_now = sql<number>`${place_balances.places} - ${place_balances.blocked} - ${place_balances.occupied} - ${place_balances.held}`

const contains = (text: string): string => `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`

/** Shelters in the order of their codes, after `after`. */
export function readShelters(
  database: Database,
  query: SheltersQuery,
  after: string | undefined,
  limit: number,
) {
  const { region, kind, status, min_free, q } = query
  return withBalance(database)
    .where(
      and(
        region && eq(shelters.region, region),
        kind && eq(shelters.kind, kind),
        status && eq(shelters.status, status),
        min_free === undefined ? undefined : gte(free_now, min_free),
        q === undefined
          ? undefined
          : or(
              ilike(shelters.code, contains(q)),
              ilike(shelters.name, contains(q)),
              ilike(shelters.community, contains(q)),
              ilike(shelters.address, contains(q)),
            ),
        after === undefined ? undefined : gt(shelters.code, after),
      ),
    )
    .orderBy(asc(shelters.code))
    .limit(limit)
}
