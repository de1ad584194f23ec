import { and, asc, eq, gt, gte, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Remit } from '../../access/remit.ts'
import type { Database } from '../../database/client.ts'
import { household_references, place_balances, stay_details, stays } from '../../database/tables/places.ts'
import { shelters } from '../../database/tables/regions-and-shelters.ts'
import type { Position } from '../../domain/geography.ts'
import { referenceKey } from '../../domain/stays.ts'
import { free_now } from '../../ledgers/places/read.ts'
import type { Stay, StaysQuery } from './schemas.ts'

/** An open shelter as the picture shows it. `room` counts places without the emergency ones. */
export type OpenShelter = Position & { id: string; code: string; name: string; region: string; room: number }

/** All open shelters that have room without their emergency places. */
export const readOpenShelters = (database: Database): Promise<OpenShelter[]> => {
  const room = sql<number>`${free_now} - ${place_balances.emergency}`
  return database
    .select({
      id: shelters.id,
      code: shelters.code,
      name: shelters.name,
      region: shelters.region,
      latitude: shelters.latitude,
      longitude: shelters.longitude,
      room,
    })
    .from(shelters)
    .innerJoin(place_balances, eq(place_balances.shelter, shelters.id))
    .where(and(eq(shelters.status, 'open'), gt(room, 0)))
}

/** Where a shelter stands, by id or code. */
export async function readPosition(database: Database, name: string) {
  const [found] = await database
    .select({ id: shelters.id, latitude: shelters.latitude, longitude: shelters.longitude })
    .from(shelters)
    .where(name.startsWith('AM-') ? eq(shelters.code, name) : eq(shelters.id, name))
  return found
}

const selectStays = (database: Database) =>
  database
    .select({
      stay: stays,
      reference: household_references.reference,
      composition: stay_details.composition,
      needs: stay_details.needs,
      transferred_to: sql<string[]>`array(
        select later.id from ${stays} later
        where later.transferred_from = ${stays.id} and later.status <> 'cancelled' order by later.id
      )`,
    })
    .from(stays)
    .leftJoin(household_references, eq(household_references.household, stays.household))
    .leftJoin(stay_details, eq(stay_details.stay, stays.id))

type StayRead = Awaited<ReturnType<typeof readStays>>[number]

/** The stay with what its household told; region codes in the table are those of the register. */
export const shownStay = ({ stay, reference, composition, needs, transferred_to }: StayRead): Stay => ({
  id: stay.id,
  shelter: stay.shelter,
  household: stay.household,
  people: stay.people,
  status: stay.status,
  arrived_at: stay.arrived_at,
  departed_at: stay.departed_at,
  region: stay.region as Stay['region'],
  people_arrived: stay.people_arrived,
  reference,
  composition,
  needs,
  transferred_from: stay.transferred_from,
  transferred_to,
  seq: stay.seq,
})

export async function readStay(database: Database, id: string): Promise<StayRead | undefined> {
  const [found] = await selectStays(database).where(eq(stays.id, id))
  return found
}

/** What a remit lets through. */
function inside(remit: Remit): SQL | undefined {
  if (remit.everywhere) return undefined
  const regions = remit.regions.map((region) => eq(stays.region, region))
  const own = remit.shelters.map((shelter) => eq(stays.shelter, shelter))
  return or(...regions, ...own) ?? sql`false`
}

/** Stays inside the remit in the order of their ids (by when they were posted), after `after`. */
export function readStays(
  database: Database,
  remit: Remit,
  query: StaysQuery & { shelter_id?: string },
  after: string | undefined,
  limit: number,
) {
  const { shelter_id, region, reference, status, arrived_from, arrived_to } = query
  return selectStays(database)
    .where(
      and(
        inside(remit),
        shelter_id === undefined ? undefined : eq(stays.shelter, shelter_id),
        region && eq(stays.region, region),
        reference === undefined ? undefined : eq(household_references.reference_key, referenceKey(reference)),
        status && eq(stays.status, status),
        arrived_from === undefined ? undefined : gte(stays.arrived_at, arrived_from),
        arrived_to === undefined ? undefined : lt(stays.arrived_at, arrived_to),
        after === undefined ? undefined : gt(stays.id, after),
      ),
    )
    .orderBy(asc(stays.id))
    .limit(limit)
}
