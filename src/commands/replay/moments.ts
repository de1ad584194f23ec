import type { Instant } from '../../domain/instant.ts'
import { type RegionCode, region_codes } from '../../domain/regions.ts'
import { apportion } from './apportion.ts'
import type { Release } from './data.ts'

/**
 * `published` figures are compared with what is stored; those `shared_out` are our assumption and are not.
 */
export type RegionFigure = { region: RegionCode; people: number; basis: 'published' | 'shared_out' }

/** Where everybody is at a published moment. */
export type Moment = {
  as_of: Instant
  regions: readonly RegionFigure[]
  /** The sum over the regions: what the service must hold. */
  people: number
  total_stated: number
  source: string
  hour: Release['hour']
}

const sum = (figures: Iterable<number>): number => [...figures].reduce((total, figure) => total + figure, 0)

/**
 * The regions that any release lists. Yerevan is in none: nothing says that it housed anybody, so it stays
 * out.
 */
export const regionsOf = (releases: readonly Release[]): RegionCode[] =>
  region_codes.filter((region) => releases.some((release) => release.regions.has(region)))

/**
 * Completes every release to a figure for each region.
 *
 * The regions that a release does not list hold together what its stated total leaves. None may fall below
 * what was last published for it (nobody leaves in this replay) nor exceed what it has at the next moment, so
 * moments are taken from the last to the first: the remainder is shared in proportion to the room between the
 * two bounds, and at the last moment in proportion to what each had. On 1 October this look ahead is needed:
 * evenly spread over the day, Armavir and Gegharkunik would have had more people at 15:00 than the total of
 * 23:59 leaves them.
 *
 * A release that lists every region is taken as it is, even if its total says otherwise (28 September).
 */
export function completeMoments(releases: readonly Release[]): Moment[] {
  const regions = regionsOf(releases)
  const last_published = publishedBefore(releases, regions)
  const moments: Moment[] = []
  let next: ReadonlyMap<RegionCode, number> | undefined

  for (const [index, release] of [...releases.entries()].reverse()) {
    const before = last_published[index] ?? new Map<RegionCode, number>()
    const figures = shareOut(release, regions, before, next)
    next = figures
    moments.unshift({
      as_of: release.as_of,
      regions: [...figures].map(([region, people]) => ({
        region,
        people,
        basis: release.regions.has(region) ? 'published' : 'shared_out',
      })),
      people: sum(figures.values()),
      total_stated: release.total_stated,
      source: release.source,
      hour: release.hour,
    })
  }
  return moments
}

/** For each release, what was last published for every region before it; 0 before the first. */
function publishedBefore(
  releases: readonly Release[],
  regions: readonly RegionCode[],
): Map<RegionCode, number>[] {
  const known = new Map(regions.map((region) => [region, 0]))
  return releases.map((release) => {
    const before = new Map(known)
    for (const [region, people] of release.regions) {
      const earlier = known.get(region) ?? 0
      if (people < earlier) {
        throw new Error(
          `${release.as_of}, ${region}: ${people} after ${earlier}; departures are not replayed`,
        )
      }
      known.set(region, people)
    }
    return before
  })
}

function shareOut(
  release: Release,
  regions: readonly RegionCode[],
  before: ReadonlyMap<RegionCode, number>,
  next: ReadonlyMap<RegionCode, number> | undefined,
): Map<RegionCode, number> {
  const unlisted = regions.filter((region) => !release.regions.has(region))
  const least = unlisted.map((region) => before.get(region) ?? 0)
  const room = unlisted.map((region, index) => {
    const at_least = least[index] ?? 0
    return next === undefined ? at_least : (next.get(region) ?? 0) - at_least
  })
  const remainder =
    unlisted.length === 0 ? 0 : release.total_stated - sum(release.regions.values()) - sum(least)
  if (remainder < 0 || (next !== undefined && remainder > sum(room))) {
    throw new Error(`${release.as_of}: the stated total ${release.total_stated} leaves no possible share`)
  }
  const shares = apportion(remainder, room)
  return new Map(
    regions.map((region) => {
      const index = unlisted.indexOf(region)
      const shared = (least[index] ?? 0) + (shares[index] ?? 0)
      return [region, release.regions.get(region) ?? shared]
    }),
  )
}
