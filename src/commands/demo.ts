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

/** From when the demo's supplies count, and until when they are good: the same at each start, so that none is doubled. */
const STARTS_ON = '2023-09-25'
const GOOD_UNTIL = '2099-12-31'

type Service = Awaited<ReturnType<typeof buildApp>>
type Supplying = Pick<Service, 'registerShelter' | 'supply'>

/** Registers the demo shelters with what they eat and heal with; a second start finds all of it there already. */
export async function seedDemo({ registerShelter, supply }: Supplying): Promise<number> {
  const caller = itself('command-line:demo')
  const shelters = demoShelters()
  const outcomes = await Promise.all(
    shelters.map((shelter) => registerShelter(caller, `demo ${shelter.code}`, shelter)),
  )
  await Promise.all(
    shelters.map(({ code, places }, index) =>
      supply.move(caller, `demo stock ${code}`, {
        kind: 'receipt',
        store: code,
        lines: demoLines(places, index),
      }),
    ),
  )
  // Every second shelter has a kitchen, that brings two of three meals.
  await Promise.all(
    shelters
      .filter((_, index) => index % 2 === 0)
      .map(({ code, places }) =>
        supply.startMeals(caller, `demo meals ${code}`, {
          shelter: code,
          provider: 'Demo kitchen',
          meals_per_day: places * 2,
          starts_on: STARTS_ON,
        }),
      ),
  )
  await Promise.all(
    regions.map(({ code, names, centre }) =>
      supply.startHealth(caller, `demo pharmacy ${code}`, {
        kind: 'pharmacy',
        provider: `Demo pharmacy, ${names.en}`,
        position: centre,
        starts_on: STARTS_ON,
      }),
    ),
  )
  return outcomes.filter((outcome) => !('refused' in outcome) && !outcome.replayed).length
}

/** Five to twelve days of food for a full house, medicines of chronic illness for two or three weeks, soap. */
function demoLines(places: number, index: number) {
  const days = 5 + (index % 8)
  const line = (item: string, quantity: number) => ({
    item,
    lot: `DEMO-${(index % 7) + 1}`,
    expires_on: GOOD_UNTIL,
    quantity: String(quantity),
  })
  return [
    line('wheat_flour', Math.round(places * days * 0.4)),
    line('lentils', Math.round(places * days * 0.1)),
    line('sunflower_oil', Math.round(places * days * 0.03) + 1),
    line('insulin', (Math.ceil(places / 50) + 1) * 40 * (14 + (index % 10))),
    line('metformin', (Math.ceil(places / 30) + 1) * 2 * (14 + (index % 6))),
    line('enalapril', (Math.ceil(places / 15) + 1) * 10 * (10 + (index % 12))),
    line('soap', Math.ceil(places / 4)),
  ]
}
