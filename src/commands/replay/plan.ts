import { type Balance, EMPTY, free, shift, takeIn } from '../../domain/balance.ts'
import { epochOf, type Instant, instantOf } from '../../domain/instant.ts'
import type { RegionCode } from '../../domain/regions.ts'
import { drawIndex, seededRandom } from './apportion.ts'
import type { ReplayData } from './data.ts'
import { completeMoments, type Moment } from './moments.ts'
import { openShelters, type PlannedShelter } from './shelters.ts'

/** One post. `key` is its Idempotency-Key: the same on every run, so that a second run doubles nobody. */
export type PlannedArrival = {
  key: string
  shelter: string
  people: number
  occurred_at: Instant
  /** No shelter of the region had room for the household: the missing places are made in the moment. */
  overflow: boolean
}

export type ReplayPlan = {
  shelters: readonly PlannedShelter[]
  /**
   * In order of time. Those of one shelter must be posted in this order; shelters do not depend on each
   * other.
   */
  arrivals: readonly PlannedArrival[]
  moments: readonly Moment[]
  begins_at: Instant
}

/**
 * The replay covers 26 September to 1 October; who had been housed before (1,100 by 25 September 06:00,
 * influx.csv) comes within its first hours.
 */
export const BEGINS_AT: Instant = '2023-09-25T20:00:00.000Z'

/**
 * How often a household has 1, 2 … 7 people, in percent. The Armenia response plan says "mostly 2 to 6"
 * (design/numbers.md); the rest of the shape is ours.
 */
const household_sizes = [7, 18, 20, 23, 16, 10, 6] as const

type Household = { region: RegionCode; people: number; occurred_at: Instant }

/** Everything that will be posted, from the published figures alone: no clock, no chance, no service. */
export function planReplay(data: ReplayData): ReplayPlan {
  const moments = completeMoments(data.releases)
  const shelters = openShelters(moments)
  const arrivals = accommodate(shelters, householdsBetween(moments))
  return { shelters, arrivals, moments, begins_at: BEGINS_AT }
}

/**
 * For each stretch between two moments and each region, as many people as its figure grew, spread evenly in
 * time.
 */
function householdsBetween(moments: readonly Moment[]): Household[] {
  const households: Household[] = []
  const reached = new Map<RegionCode, number>()
  let from = epochOf(BEGINS_AT)
  for (const moment of moments) {
    const to = epochOf(moment.as_of)
    for (const { region, people } of moment.regions) {
      const random = seededRandom(`${region} ${moment.as_of}`)
      const sizes = householdSizes(people - (reached.get(region) ?? 0), random)
      for (const [index, size] of sizes.entries()) {
        // Whole seconds after `from` and up to `to`: a figure holds the moment it was published for, inclusive.
        const seconds = Math.floor((((index + random()) / sizes.length) * (to - from)) / 1000) + 1
        households.push({ region, people: size, occurred_at: instantOf(from + seconds * 1000) })
      }
      reached.set(region, people)
    }
    from = to
  }
  return households.sort((a, b) =>
    a.occurred_at < b.occurred_at ? -1 : a.occurred_at > b.occurred_at ? 1 : 0,
  )
}

function householdSizes(people: number, random: () => number): number[] {
  const sizes: number[] = []
  let left = people
  while (left > 0) {
    const size = Math.min(left, drawIndex(household_sizes, random) + 1)
    sizes.push(size)
    left -= size
  }
  return sizes
}

/**
 * Gives every household a shelter of its region: one where it fits, the emptier the likelier. If it fits
 * nowhere it comes by overflow, where the fewest emergency places were made so far, measured by the shelter's
 * size.
 */
function accommodate(
  shelters: readonly PlannedShelter[],
  households: readonly Household[],
): PlannedArrival[] {
  type Taken = { shelter: PlannedShelter; balance: Balance; arrivals: number }
  const taken = shelters.map((shelter): Taken => {
    return { shelter, balance: { ...EMPTY, places: shelter.places }, arrivals: 0 }
  })
  const by_region = Map.groupBy(taken, ({ shelter }) => shelter.region)
  const random = seededRandom('shelters')

  return households.map((household) => {
    const candidates = by_region.get(household.region) ?? []
    const fitting = candidates.filter(({ balance }) => free(balance) >= household.people)
    const overflow = fitting.length === 0
    const drawn = overflow
      ? candidates.toSorted((a, b) => crowding(a.balance) - crowding(b.balance))[0]
      : fitting[
          drawIndex(
            fitting.map(({ balance }) => free(balance)),
            random,
          )
        ]
    const change = drawn && takeIn(drawn.balance, household.people, overflow)
    if (!drawn || !change) throw new Error(`no shelter is planned in ${household.region}`)
    drawn.balance = shift(drawn.balance, change)
    drawn.arrivals += 1
    const { code } = drawn.shelter
    const key = `replay-2023:arrival:${code}:${String(drawn.arrivals).padStart(4, '0')}`
    return { key, shelter: code, people: household.people, occurred_at: household.occurred_at, overflow }
  })
}

/** People beyond the ordinary places (below zero while some of these are free), for each ordinary place. */
const crowding = (balance: Balance): number =>
  (balance.emergency - free(balance)) / Math.max(1, balance.places - balance.emergency)
