import type { Instant } from '../../domain/instant.ts'
import { type RegionCode, regionOf } from '../../domain/regions.ts'
import type { ShelterKind } from '../../domain/shelters.ts'
import { apportion, seededRandom } from './apportion.ts'
import type { Moment } from './moments.ts'

/**
 * A shelter of the replay. It stands for no real building: its name says so, its position is somewhere in the
 * region.
 */
export type PlannedShelter = {
  key: string
  code: string
  name: string
  kind: ShelterKind
  region: RegionCode
  latitude: number
  longitude: number
  places: number
}

/** Announced by the Government of Armenia on 22 September 2023, counted as people (contract, *Words*). */
export const PLACES_ANNOUNCED = 40_000

/** The day of the announcement, 00:00 in Yerevan. */
export const OPENED_AT: Instant = '2023-09-21T20:00:00.000Z'

/**
 * The last release that lists all ten regions: 1 October, morning. Its proportions stand in for those of 22
 * September.
 */
export const PROPORTIONS_AS_OF: Instant = '2023-10-01T06:00:00.000Z'

/** What the replay opens in each region, in turn, and how large one is next to another. The mix is ours. */
const buildings: readonly { kind: ShelterKind; name: string; size: number }[] = [
  { kind: 'hotel', name: 'hotel', size: 320 },
  { kind: 'school', name: 'school', size: 420 },
  { kind: 'guest_house', name: 'guest house', size: 90 },
  { kind: 'host_family_pool', name: 'host family pool', size: 600 },
  { kind: 'sanatorium', name: 'sanatorium', size: 480 },
  { kind: 'kindergarten', name: 'kindergarten', size: 140 },
  { kind: 'dormitory', name: 'dormitory', size: 380 },
  { kind: 'public_building', name: 'public building', size: 260 },
  { kind: 'gym', name: 'gym', size: 180 },
]

/** Ordinary places in an average shelter, for choosing how many a region opens. */
const PLACES_A_SHELTER = 350
const SHELTERS_A_REGION_MIN = 4

/** The 40,000 in proportion to the regions of 1 October, morning: nobody published how they were spread. */
export function startingPlaces(moments: readonly Moment[]): Map<RegionCode, number> {
  const morning = moments.find((moment) => moment.as_of === PROPORTIONS_AS_OF)
  if (morning === undefined) throw new Error(`there is no release of ${PROPORTIONS_AS_OF}`)
  const shares = apportion(
    PLACES_ANNOUNCED,
    morning.regions.map(({ people }) => people),
  )
  return new Map(morning.regions.map(({ region }, index) => [region, shares[index] ?? 0]))
}

export function openShelters(moments: readonly Moment[]): PlannedShelter[] {
  return [...startingPlaces(moments)].flatMap(([region, places]) => openRegion(region, places))
}

function openRegion(code: RegionCode, places: number): PlannedShelter[] {
  const region = regionOf(code)
  if (region === undefined) throw new Error(`${code} is no region`)
  const random = seededRandom(`positions ${code}`)
  const number = Math.max(SHELTERS_A_REGION_MIN, Math.round(places / PLACES_A_SHELTER))
  const chosen = Array.from({ length: Math.ceil(number / buildings.length) }, () => buildings)
    .flat()
    .slice(0, number)
  const sizes = apportion(
    places,
    chosen.map(({ size }) => size),
  )
  return chosen.map(({ kind, name }, index) => {
    const shelter = `${code}-${9001 + index}`
    const nth = Math.floor(index / buildings.length) + 1
    return {
      key: `replay-2023:shelter:${shelter}`,
      code: shelter,
      name: `Replay ${name} ${nth}, ${region.names.en}`,
      kind,
      region: code,
      latitude: between(region.box.south, region.centre.latitude, region.box.north, random),
      longitude: between(region.box.west, region.centre.longitude, region.box.east, random),
      places: sizes[index] ?? 0,
    }
  })
}

/**
 * Somewhere around the centre, at most halfway to the edges of the region's box; in degrees, to about 100 m.
 */
function between(low: number, centre: number, high: number, random: () => number): number {
  const toward = random() < 0.5 ? low : high
  return Number((centre + ((toward - centre) * random()) / 2).toFixed(3))
}
