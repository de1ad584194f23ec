import { z } from 'zod'
import { type Instant, later } from '../../domain/instant.ts'
import { type RegionCode, regionOf } from '../../domain/regions.ts'
import { get, mapAtOnce, post, type Service, ServiceRefused } from './service.ts'
import { PLACES_ANNOUNCED, type PlannedShelter } from './shelters.ts'

/*
 * The supply side, so that one can watch cover fall as people arrive: nobody published what lay in which store, so a
 * week's food for the places announced is brought to a store in each region, with soap and health kits for as many.
 * Sized by the standards: 2,100 kcal a day (WFP/UNHCR), 250 g of soap a month (Sphere), a basic unit of the
 * Interagency Emergency Health Kit for 1,000 people.
 */

const DAYS = 7
const KCAL = 2_100
const SOAP_KG = 0.25
const PEOPLE_A_KIT = 1_000
/** Of the energy, in percent, with kcal for a kilogram as the service's catalogue has them. */
const rations = [
  { item: 'wheat_flour', percent: 60, kcal: 3_640 },
  { item: 'lentils', percent: 15, kcal: 3_520 },
  { item: 'sunflower_oil', percent: 15, kcal: 8_840 },
  { item: 'sugar', percent: 10, kcal: 3_870 },
] as const

/** Announced when the places were, there before the first household. */
const ANNOUNCED_AT: Instant = '2023-09-22T08:00:00.000Z'
const RECEIVED_AT: Instant = '2023-09-25T12:00:00.000Z'

export type PlannedCargo = {
  region: RegionCode
  code: string
  name: string
  /** people it is for */
  people: number
  lines: { item: string; quantity: string }[]
  kcal: number
}

/** A store and a consignment for each region, for as many people as it has places. */
export function planSupplies(shelters: readonly PlannedShelter[]): PlannedCargo[] {
  const by_region = Map.groupBy(shelters, ({ region }) => region)
  return Array.from(by_region, ([region, own]): PlannedCargo => {
    const people = own.reduce((sum, { places }) => sum + places, 0)
    const food = rations.map(({ item, percent, kcal }) => {
      const kg = Math.ceil((people * DAYS * KCAL * percent) / 100 / kcal)
      return { item, quantity: String(kg), kcal: kg * kcal }
    })
    return {
      region,
      code: `REPLAY-${region}`,
      name: `Replay store, ${regionOf(region)?.names.en ?? region}`,
      people,
      lines: [
        ...food.map(({ item, quantity }) => ({ item, quantity })),
        { item: 'soap', quantity: String(Math.ceil(people * SOAP_KG)) },
        { item: 'iehk_basic', quantity: String(Math.ceil(people / PEOPLE_A_KIT)) },
      ],
      kcal: food.reduce((sum, { kcal }) => sum + kcal, 0),
    }
  })
}

const announced = z.object({ consignment: z.object({ id: z.string() }) })

/** Opens the stores, announces and receives the cargo. Posts nothing twice, however often it runs. */
export async function postSupplies(service: Service, cargo: readonly PlannedCargo[]): Promise<void> {
  await mapAtOnce(cargo, async ({ region, code, name, lines }, signal) => {
    const key = (what: string) => `replay-2023:${what}:${region}`
    await post(service, 'v1/stores', key('store'), { code, name, region }, signal)
    const content = {
      reference: `Replay ${region}`,
      sender: 'Replay',
      origin: 'Yerevan',
      destination: code,
      lines,
      occurred_at: ANNOUNCED_AT,
    }
    const { content: answer } = await post(service, 'v1/consignments', key('cargo'), content, signal)
    const read = announced.safeParse(answer)
    if (!read.success) throw new ServiceRefused('POST /v1/consignments answered in a shape unknown here')
    const receipt = {
      lines: lines.map(({ quantity }, line) => ({ line, received: quantity })),
      occurred_at: RECEIVED_AT,
    }
    await post(
      service,
      `v1/consignments/${read.data.consignment.id}/receipt`,
      key('receipt'),
      receipt,
      signal,
    )
  })
}

const stock = z.object({ items: z.array(z.object({ item: z.string(), quantity: z.string() })) })

/** Energy that lay in the regional stores at a moment, in kcal. */
export async function stockedKcal(
  service: Service,
  cargo: readonly PlannedCargo[],
  as_of: Instant,
): Promise<number> {
  const worth = new Map<string, number>(rations.map(({ item, kcal }) => [item, kcal]))
  const stores = await mapAtOnce(cargo, async ({ code }, signal) => {
    const content = await get(service, `v1/stores/${code}/stock?as_of=${encodeURIComponent(as_of)}`, signal)
    const read = stock.safeParse(content)
    if (!read.success) throw new ServiceRefused('GET /v1/stores answered in a shape unknown here')
    return read.data.items.reduce(
      (sum, { item, quantity }) => sum + Number(quantity) * (worth.get(item) ?? 0),
      0,
    )
  })
  return stores.reduce((sum, kcal) => sum + kcal, 0)
}

/** The table: for how many days the food that was there would have fed the people who were. */
export function formatSupplies(moments: readonly { as_of: Instant; people: number; kcal: number }[]): string {
  const lines = moments.map(({ as_of, people, kcal }) => {
    const days = people === 0 ? '' : (Math.floor((kcal * 10) / (people * KCAL)) / 10).toFixed(1)
    const when = later(as_of, 4 * 3_600_000)
      .slice(0, 16)
      .replace('T', ' ')
    return `  ${when}  ${people.toLocaleString('en-US').padStart(8)} people  ${days.padStart(7)} days of food`
  })
  return [
    `Food for ${PLACES_ANNOUNCED.toLocaleString('en-US')} people and ${DAYS} days, assumed to lie in the regional stores from 25 September on, by the people who were there (Asia/Yerevan):`,
    ...lines,
    '',
  ].join('\n')
}
