import { z } from 'zod'
import { type Instant, later } from '../../domain/instant.ts'
import { type RegionCode, region_codes } from '../../domain/regions.ts'
import { get, type Service, ServiceRefused } from './service.ts'
import { OPENED_AT } from './shelters.ts'

/** What the service says was so at a moment. Only what the replay looks at; the answer holds more. */
export type Reading = {
  as_of: Instant
  places: number
  emergency: number
  occupied: number
  /** people by region; a region that the answer leaves out has none */
  regions: ReadonlyMap<RegionCode, number>
}

const whole = z.number().int()
const capacity = z.object({
  national: z.object({ places: whole, emergency: whole, occupied: whole }),
  regions: z.array(z.object({ region: z.enum(region_codes), occupied: whole })),
})

async function readCapacity(service: Service, as_of: Instant, signal: AbortSignal): Promise<Reading> {
  const content = await get(service, `v1/capacity?as_of=${encodeURIComponent(as_of)}`, signal)
  const read = capacity.safeParse(content)
  if (!read.success) throw new ServiceRefused(`GET /v1/capacity answered in a shape unknown here`)
  const { national, regions } = read.data
  const { places, emergency, occupied } = national
  return {
    as_of,
    places,
    emergency,
    occupied,
    regions: new Map(regions.map((row) => [row.region, row.occupied])),
  }
}

/**
 * Reads `GET /v1/capacity` as of a moment. A running service may hold other shelters that were there before
 * the replay's own opened: what it held in the millisecond before is taken off.
 */
export async function readBack(
  service: Service,
): Promise<(as_of: Instant, signal: AbortSignal) => Promise<Reading>> {
  const before = await readCapacity(service, later(OPENED_AT, -1), new AbortController().signal)
  return async (as_of, signal) => takeOff(await readCapacity(service, as_of, signal), before)
}

function takeOff(reading: Reading, before: Reading): Reading {
  return {
    as_of: reading.as_of,
    places: reading.places - before.places,
    emergency: reading.emergency - before.emergency,
    occupied: reading.occupied - before.occupied,
    regions: new Map(
      [...reading.regions].map(([region, people]) => [region, people - (before.regions.get(region) ?? 0)]),
    ),
  }
}
