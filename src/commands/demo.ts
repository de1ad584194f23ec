import { itself } from '../access/itself.ts'
import type { buildApp } from '../app.ts'
import { regions } from '../domain/regions.ts'
import type { ShelterKind } from '../domain/shelters.ts'
import type { NewShelter } from '../features/regions-and-shelters/schemas.ts'

const SHELTERS = 400
const PLACES = 40_000

/** Kinds as they are common for emergency accommodation, with an English word for the name. */
const kinds: [ShelterKind, string][] = [
  ['school', 'school'],
  ['hotel', 'hotel'],
  ['kindergarten', 'kindergarten'],
  ['guest_house', 'guest house'],
  ['public_building', 'public building'],
  ['gym', 'gym'],
  ['dormitory', 'dormitory'],
  ['sanatorium', 'sanatorium'],
]

/** A small believable country, the same each time: 400 shelters, 40,000 places, named as what they are. */
export function demoShelters(): NewShelter[] {
  return Array.from({ length: SHELTERS }, (_, index) => {
    const region = regions[index % regions.length] ?? regions[0]
    const [kind, word] = kinds[index % kinds.length] ?? ['other', 'shelter']
    const number = Math.floor(index / regions.length) + 1
    const { west, south, east, north } = region.box
    // Spread over the middle of the region's box by the golden ratio: no two on one spot, none near the edge.
    const across = (index * 0.618_034) % 1
    const along = (index * 0.754_878) % 1
    const size = 40 + ((index * 37) % 121)
    return {
      code: `${region.code}-${String(number).padStart(4, '0')}`,
      region: region.code,
      name: `Demo ${word} ${number}, ${region.names.en}`,
      kind,
      latitude: round(south + (north - south) * (0.25 + across / 2)),
      longitude: round(west + (east - west) * (0.25 + along / 2)),
      status: 'open',
      places: size,
      facts: { heated: index % 3 === 0 ? 'yes' : 'unknown', step_free: index % 4 === 0 ? 'yes' : 'unknown' },
    } satisfies NewShelter
  }).map(withExactSum)
}

/** The last shelters make the sum exactly 40,000, each staying a believable size. */
function withExactSum(shelter: NewShelter, index: number, all: NewShelter[]): NewShelter {
  const rest = PLACES - all.reduce((sum, { places }) => sum + places, 0)
  const share = Math.trunc(rest / SHELTERS)
  const extra = index < Math.abs(rest % SHELTERS) ? Math.sign(rest) : 0
  return { ...shelter, places: shelter.places + share + extra }
}

const round = (degrees: number): number => Math.round(degrees * 10_000) / 10_000

/** Registers the demo shelters; a second start finds them there already. */
export async function seedDemo(
  register: Awaited<ReturnType<typeof buildApp>>['registerShelter'],
): Promise<number> {
  const outcomes = await Promise.all(
    demoShelters().map((shelter) => register(itself('command-line:demo'), `demo ${shelter.code}`, shelter)),
  )
  return outcomes.filter((outcome) => !('refused' in outcome) && !outcome.replayed).length
}
