import type { PlannedArrival, ReplayPlan } from './plan.ts'
import { mapAtOnce, type Posted, post, type Service } from './service.ts'
import { OPENED_AT, type PlannedShelter } from './shelters.ts'

/**
 * Registers all shelters, then posts all arrivals. Those of one shelter go one after another in order of
 * time, for the plan says at which household it is full; shelters go side by side, the longest first, so that
 * none is left alone at the end. All shelters come first: a key belongs to who uses it, and with another
 * principal's bearer key a second run must meet `409` at its first shelter, not double anybody.
 */
export async function postPlan(
  service: Service,
  plan: ReplayPlan,
  progress: (posted: number) => void,
): Promise<{ posted: number; replayed: number }> {
  const count = { posted: 0, replayed: 0 }
  const counted = ({ replayed }: Posted) => {
    count.posted += 1
    if (replayed) count.replayed += 1
    progress(count.posted)
  }

  await mapAtOnce(plan.shelters, async ({ key, ...shelter }, signal) => {
    counted(await post(service, 'v1/shelters', key, shelterContent(shelter), signal))
  })

  const by_shelter = [...Map.groupBy(plan.arrivals, ({ shelter }) => shelter).values()]
  const longest_first = by_shelter.sort((a, b) => b.length - a.length)
  await mapAtOnce(longest_first, async (arrivals, signal) => {
    for (const arrival of arrivals) {
      counted(await post(service, 'v1/arrivals', arrival.key, arrivalContent(arrival), signal))
    }
  })
  return count
}

const arrivalContent = ({ shelter, people, occurred_at, overflow }: PlannedArrival) => ({
  shelter,
  household: { people },
  occurred_at,
  ...(overflow && { overflow }),
})

/**
 * Invented shelters: the position is no better than the region, and families looking for a place must not see
 * them.
 */
const shelterContent = (shelter: Omit<PlannedShelter, 'key'>) => ({
  ...shelter,
  status: 'open',
  location_accuracy: 'region',
  public_listing: false,
  occurred_at: OPENED_AT,
})
