import type { CoverStatus } from '../../domain/cover.ts'
import { decodeCursor, encodeCursor, linkNext } from '../../http/cursor.ts'
import { etagOf, notModified } from '../../http/preconditions.ts'
import { refuse, sendProblem } from '../../http/problem.ts'
import type { App } from '../../http/server.ts'
import { onePage, sendTable } from '../../http/tables.ts'
import { refusals } from '../../http/wire.ts'
import {
  foodJudging,
  type JudgedShelter,
  medicineJudging,
  openFoodJudge,
  openMedicineJudge,
  sumsOf,
} from './judge.ts'
import type { openPicture, Picture, ShelterFacts } from './picture.ts'
import type { Judged } from './rules/shared.ts'
import {
  type FoodOfShelter,
  food_access,
  food_query,
  type MedicineOfShelter,
  medicine_access,
  medicine_query,
} from './schemas.ts'
import { food_columns, medicine_columns, medicineRows } from './table.ts'

const identified = (facts: ShelterFacts) => ({
  shelter: facts.id,
  code: facts.code,
  name: facts.name,
  region: facts.region as FoodOfShelter['region'],
})

type Filters = { region?: string | undefined; shelter?: string | undefined; status?: CoverStatus | undefined }

/** The shelters that were asked for, in the order of their codes; undefined where the one named is not there. */
function askedFor<One extends Judged>(
  all: readonly JudgedShelter<One>[],
  picture: Picture,
  { region, shelter, status }: Filters,
): JudgedShelter<One>[] | undefined {
  const found = all.filter(
    ({ facts, judged }) =>
      (region === undefined || facts.region === region) &&
      (shelter === undefined || facts.id === shelter || facts.code === shelter) &&
      (status === undefined || judged.status === status),
  )
  if (shelter === undefined || found.length > 0) return found
  const known = [...picture.shelters.values()].some(({ id, code }) => id === shelter || code === shelter)
  return known ? [] : undefined
}

function pageOf<One extends Judged>(
  found: readonly JudgedShelter<One>[],
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): { page: readonly JudgedShelter<One>[]; next_cursor: string | null } {
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, ['string'])
  const rest = after === undefined ? found : found.filter(({ facts }) => facts.code > after)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return { page, next_cursor: rest.length > limit && last ? encodeCursor([last.facts.code]) : null }
}

const noShelter = (name: string | undefined) =>
  refuse('shelter_not_found', `No shelter that is not closed is called ${name}.`)

export function accessRoutes(app: App, { current }: ReturnType<typeof openPicture>): void {
  const judgeFood = openFoodJudge()
  const judgeMedicine = openMedicineJudge()

  app.route({
    method: 'GET',
    url: '/v1/food/access',
    config: { scope: 'access:read', formats: ['json', 'csv', 'geojson'], etag: true },
    schema: {
      operationId: 'getFoodAccess',
      tags: ['Food and medicine'],
      summary: 'For how long the people in the shelters are fed',
      description:
        'Meal services and stocked food against the people who are there, and those on the road from the day they are expected. A portion covers a third of a person’s day, stock the energy that meals leave open; lots count on the days on which they may be used. Regions and the nation are summed by people; closed shelters are left out.',
      querystring: food_query,
      response: { 200: food_access, ...refusals('shelter_not_found') },
    },
    async handler(request, reply) {
      const { picture, now } = await current()
      const { query } = request
      const judging = foodJudging(picture, now, query)
      const all = judgeFood(picture, judging)
      const found = askedFor(all, picture, query)
      if (found === undefined) return sendProblem(reply, noShelter(query.shelter))
      // Tables are whole; what is no cursor is refused beside them too.
      const { page, next_cursor } = pageOf(found, query)
      const shown = ({ facts, judged }: (typeof all)[number]): FoodOfShelter => ({
        ...identified(facts),
        ...judged,
      })
      if (request.format === 'csv') {
        const table = { columns: food_columns, pages: onePage(found.map(shown)), shown: (row: object) => row }
        return sendTable(reply, table, { format: 'csv', hxl: query.hxl, file_name: 'food-access' })
      }
      if (request.format === 'geojson') return sendMap(reply, found, shown)
      if (next_cursor !== null) linkNext(reply, request, next_cursor)
      const body = {
        as_of: now,
        seq: picture.seq,
        ensured_days: judging.ensured_days,
        strained_days: judging.strained_days,
        temperature_c: query.temperature_c ?? 20,
        energy_kcal: judging.energy_kcal,
        meals_per_day: judging.meals_per_day,
        ...sumsOf(all, query.region),
        items: page.map(shown),
        next_cursor,
      }
      // Weak, from the figures: the moment of asking would make every answer new.
      const { as_of: _as_of, ...figures } = body
      if (notModified(request, reply, `W/${etagOf(figures)}`)) return reply
      return reply.send(body)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/medicine/access',
    config: { scope: 'access:read', formats: ['json', 'csv', 'geojson'], etag: true },
    schema: {
      operationId: 'getMedicineAccess',
      tags: ['Food and medicine'],
      summary: 'For how long people in the shelters have their medicines',
      description:
        'What the needs of the households present take in a day, against the usable lots of the shelter’s own store, first-expired-first-out, day by day: a lot that expires before it would be used does not count. Per need, per item, per shelter; regions and the nation summed by people.',
      querystring: medicine_query,
      response: { 200: medicine_access, ...refusals('shelter_not_found') },
    },
    async handler(request, reply) {
      const { picture, now } = await current()
      const { query } = request
      const judging = medicineJudging(picture, now, query)
      const all = judgeMedicine(picture, judging)
      const found = askedFor(all, picture, query)
      if (found === undefined) return sendProblem(reply, noShelter(query.shelter))
      // Tables are whole; what is no cursor is refused beside them too.
      const { page, next_cursor } = pageOf(found, query)
      const shown = ({ facts, judged }: (typeof all)[number]): MedicineOfShelter => ({
        ...identified(facts),
        ...judged,
      })
      if (request.format === 'csv') {
        const pages = onePage(medicineRows(found.map(shown)))
        const table = { columns: medicine_columns, pages, shown: (row: object) => row }
        return sendTable(reply, table, { format: 'csv', hxl: query.hxl, file_name: 'medicine-access' })
      }
      if (request.format === 'geojson') return sendMap(reply, found, shown)
      if (next_cursor !== null) linkNext(reply, request, next_cursor)
      const body = {
        as_of: now,
        seq: picture.seq,
        ensured_days: judging.ensured_days,
        strained_days: judging.strained_days,
        reach_km: judging.reach_km,
        ...sumsOf(all, query.region),
        needs: needsOf(found.map(({ judged }) => judged)),
        items: page.map(shown),
        next_cursor,
      }
      const { as_of: _as_of, ...figures } = body
      if (notModified(request, reply, `W/${etagOf(figures)}`)) return reply
      return reply.send(body)
    },
  })
}

function sendMap<One extends Judged>(
  reply: Parameters<typeof sendTable>[0],
  found: readonly JudgedShelter<One>[],
  shown: (one: JudgedShelter<One>) => object,
) {
  const table = {
    columns: [],
    pages: onePage(found),
    shown,
    position: ({ facts }: JudgedShelter<One>) => facts,
  }
  return sendTable(reply, table, { format: 'geojson', file_name: 'access' })
}

function needsOf(
  all: readonly { needs: readonly { need: string; people: number; people_ensured: number }[] }[],
) {
  const sums = new Map<string, { need: string; people: number; people_ensured: number }>()
  for (const { need, people, people_ensured } of all.flatMap(({ needs }) => needs)) {
    const sum = sums.get(need) ?? { need, people: 0, people_ensured: 0 }
    sums.set(need, { need, people: sum.people + people, people_ensured: sum.people_ensured + people_ensured })
  }
  return [...sums.values()].sort((one, other) => (one.need < other.need ? -1 : 1))
}
