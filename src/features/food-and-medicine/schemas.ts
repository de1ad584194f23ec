import { z } from 'zod'
import { COVER_DAYS_MAX, cover_statuses } from '../../domain/cover.ts'
import {
  anyUuid,
  codeWord,
  day,
  instant,
  pageQuery,
  quantity,
  queryBoolean,
  queryInteger,
  regionCode,
  shelterCode,
  shelterName,
} from '../../http/wire.ts'
import { food_limits } from './rules/food.ts'
import { medicine_limits } from './rules/medicine.ts'

const status = z.enum(cover_statuses).meta({
  description:
    'ensured: cover from the ensured days on; strained: from the strained days on; short: less; none: not even today; unknown: a need has no daily quantity',
})

const judged = {
  people: z.int().meta({ description: 'Who is there, and who is expected today' }),
  people_ensured: z
    .int()
    .meta({ description: 'Of them, those whose whole days are met for the ensured days' }),
  days_of_cover: z
    .number()
    .nullable()
    .meta({
      description: `Days met one after another, today the first, with the part of the last one; ${COVER_DAYS_MAX}: nothing runs out within a year; null: nothing is needed, or it is not known how much`,
    }),
  runs_out_on: day.nullable().meta({ description: 'The first day that is not met' }),
  status,
}

const sum = {
  ...judged,
  days_of_cover: judged.days_of_cover.meta({
    description: 'Of the first shelter to run out: never an average',
  }),
  runs_out_on: judged.runs_out_on,
  status: status.meta({ description: 'Of the worst shelter' }),
  people_by_status: z
    .strictObject({
      ensured: z.int(),
      strained: z.int(),
      short: z.int(),
      none: z.int(),
      unknown: z.int(),
    })
    .meta({ description: 'People by the status of their shelter' }),
  shelters: z.int(),
}
const national = z.strictObject(sum)
const regional = z.strictObject({ region: regionCode, name: z.string(), ...sum })

const of_shelter = {
  shelter: anyUuid,
  code: shelterCode,
  name: z.string(),
  region: regionCode,
  ...judged,
}

const query = {
  region: regionCode.optional(),
  shelter: shelterName.optional(),
  status: z.enum(cover_statuses).optional().meta({ description: 'Shelters of this status' }),
  days: queryInteger(1, COVER_DAYS_MAX)
    .optional()
    .meta({ description: 'For how many days it must last to be ensured; the standard’s, if left out' }),
  cursor: pageQuery.shape.cursor,
  limit: pageQuery.shape.limit,
  format: z.enum(['json', 'csv', 'geojson']).optional().meta({ description: 'Wins over Accept' }),
  hxl: queryBoolean.optional().meta({ description: 'csv: with the row of HXL 1.1 tags' }),
}

export const food_query = z.strictObject({
  ...query,
  temperature_c: queryInteger(-50, 50)
    .optional()
    .meta({ description: 'Outside: below 20 °C people need more energy; 20, if left out' }),
})
export const medicine_query = z.strictObject(query)

const head = {
  as_of: instant,
  seq: z.int().meta({ description: 'The last journal entry that these figures know' }),
  ensured_days: z.int(),
  strained_days: z.number(),
}

export const food_shelter = z
  .strictObject({
    ...of_shelter,
    limited_by: z.enum(food_limits).nullable().meta({ description: 'What ends the cover' }),
    portions: z.int().meta({ description: 'Portions that services bring today' }),
    stocked_kcal: z.int().meta({ description: 'Energy of usable stock' }),
    needed_kcal: z.number().meta({ description: 'Energy for all people today' }),
  })
  .meta({ id: 'FoodOfShelter' })

export const food_access = z
  .strictObject({
    ...head,
    temperature_c: z.int(),
    energy_kcal: z.number().meta({ description: 'For one person and day, at that temperature' }),
    meals_per_day: z.number(),
    national,
    regions: z.array(regional),
    items: z.array(food_shelter),
    next_cursor: z.string().nullable(),
  })
  .meta({
    id: 'FoodAccess',
    description: 'For how long people are fed: shelter by shelter, region and nation',
  })

const need_judged = z
  .strictObject({
    need: z.string(),
    item: codeWord.nullable(),
    daily_quantity: quantity.nullable().meta({ description: 'For one person' }),
    ...judged,
  })
  .meta({ id: 'MedicineOfNeed' })
const item_judged = z
  .strictObject({
    item: codeWord,
    unit: z.string(),
    daily_quantity: quantity.meta({ description: 'For all who take it' }),
    usable: quantity.meta({ description: 'In the store of the shelter, not expired and not quarantined' }),
    ...judged,
  })
  .meta({ id: 'MedicineOfItem' })

export const medicine_shelter = z
  .strictObject({
    ...of_shelter,
    limited_by: z
      .strictObject({ reason: z.enum(medicine_limits), need: z.string(), item: codeWord.nullable() })
      .nullable()
      .meta({ description: 'What ends the cover, and of what' }),
    needs: z.array(need_judged),
    items: z.array(item_judged),
    service_in_reach: z
      .strictObject({
        id: anyUuid,
        kind: z.string(),
        provider: z.string(),
        distance_km: z.number(),
        open_today: z.boolean(),
      })
      .nullable()
      .meta({
        description: 'The nearest within the standard’s distance; shown, and never counted as stock',
      }),
  })
  .meta({ id: 'MedicineOfShelter' })

export const medicine_access = z
  .strictObject({
    ...head,
    reach_km: z.number(),
    national,
    regions: z.array(regional),
    needs: z
      .array(
        z
          .strictObject({ need: z.string(), people: z.int(), people_ensured: z.int() })
          .meta({ id: 'NeedOfNation' }),
      )
      .meta({ description: 'Of all shelters asked for, need by need' }),
    items: z.array(medicine_shelter),
    next_cursor: z.string().nullable(),
  })
  .meta({
    id: 'MedicineAccess',
    description:
      'For how long people have their medicines. People are counted by need: someone with two needs counts in both. Daily quantities from the WHO index are a unit of measure, not a prescription.',
  })

export type FoodQuery = z.output<typeof food_query>
export type MedicineQuery = z.output<typeof medicine_query>
export type FoodOfShelter = z.output<typeof food_shelter>
export type MedicineOfShelter = z.output<typeof medicine_shelter>
