import { z } from 'zod'
import { health_service_kinds } from '../../domain/services.ts'
import {
  anyUuid,
  count,
  day,
  freeText,
  instant,
  latitude,
  longitude,
  pageQuery,
  regionCode,
  shelterName,
  uuid7,
} from '../../http/wire.ts'

/** Three portions for each place of the largest shelter, and room for a mistake. */
export const PORTIONS_MAX = 100_000

const ordered = (service: { starts_on: string; ends_on?: string | undefined }) =>
  service.ends_on === undefined || service.starts_on <= service.ends_on
const wrong_order = {
  path: ['ends_on'],
  error: 'Must not lie before starts_on.',
  params: { code: 'before_start' },
}

const days = {
  starts_on: day,
  ends_on: day.optional().meta({ description: 'The last day; open, if left out' }),
}

export const new_meal_service = z
  .strictObject({
    id: uuid7.optional(),
    shelter: shelterName,
    provider: freeText(200),
    meals_per_day: count(PORTIONS_MAX).min(1).meta({ description: 'Portions in all, not for each person' }),
    ...days,
  })
  .refine(ordered, wrong_order)
  .meta({
    id: 'NewMealService',
    example: {
      shelter: 'AM-KT-0007',
      provider: 'School kitchen 7',
      meals_per_day: 360,
      starts_on: '2026-11-24',
    },
  })

export const meal_service = z
  .strictObject({
    id: anyUuid,
    shelter: anyUuid,
    provider: z.string(),
    meals_per_day: z.int(),
    starts_on: day,
    ends_on: day.nullable(),
    created_at: instant,
  })
  .meta({ id: 'MealService', description: 'Somebody who brings portions to a shelter, day by day' })

export const meal_service_answer = z
  .strictObject({ meal_service, seq: z.int() })
  .meta({ id: 'MealServiceAnswer' })
export const meal_services_page = z
  .strictObject({ items: z.array(meal_service), next_cursor: z.string().nullable() })
  .meta({ id: 'MealServicesPage' })

const position = z.strictObject({ latitude, longitude }).meta({ id: 'Position' })
const weekday = z.int().min(1).max(7)

export const new_health_service = z
  .strictObject({
    id: uuid7.optional(),
    shelter: shelterName.optional().meta({ description: 'In this shelter; or give a position' }),
    position: position.optional(),
    kind: z.enum(health_service_kinds),
    provider: freeText(200),
    weekdays: z
      .array(weekday)
      .min(1)
      .max(7)
      .optional()
      .meta({ description: '1 for Monday to 7 for Sunday; every day, if left out' }),
    ...days,
  })
  .refine(ordered, wrong_order)
  .refine((service) => (service.shelter === undefined) !== (service.position === undefined), {
    path: ['position'],
    error: 'Give a shelter or a position, one of them.',
    params: { code: 'shelter_or_position' },
  })
  .meta({
    id: 'NewHealthService',
    example: {
      position: { latitude: 39.51, longitude: 46.34 },
      kind: 'pharmacy',
      provider: 'Goris pharmacy 2',
      starts_on: '2026-11-24',
    },
  })

export const health_service = z
  .strictObject({
    id: anyUuid,
    kind: z.enum(health_service_kinds),
    shelter: anyUuid.nullable(),
    provider: z.string(),
    latitude,
    longitude,
    weekdays: z.array(weekday).nullable(),
    starts_on: day,
    ends_on: day.nullable(),
    created_at: instant,
  })
  .meta({ id: 'HealthService', description: 'Where medicine can be had' })
export const health_service_answer = z
  .strictObject({ health_service, seq: z.int() })
  .meta({ id: 'HealthServiceAnswer' })
export const health_services_page = z
  .strictObject({ items: z.array(health_service), next_cursor: z.string().nullable() })
  .meta({ id: 'HealthServicesPage' })

export const service_end = z
  .strictObject({ ends_on: day.optional().meta({ description: 'The last day; today, if left out' }) })
  .meta({ id: 'ServiceEnd', example: { ends_on: '2026-12-31' } })

export const service_params = z.strictObject({ service: anyUuid })
export const meal_services_query = z.strictObject({
  ...pageQuery.shape,
  shelter: shelterName.optional(),
  region: regionCode.optional(),
})
export const health_services_query = z.strictObject({
  ...pageQuery.shape,
  kind: z.enum(health_service_kinds).optional(),
})

export type NewMealService = z.output<typeof new_meal_service>
export type MealServiceAnswer = z.output<typeof meal_service_answer>
export type NewHealthService = z.output<typeof new_health_service>
export type HealthServiceAnswer = z.output<typeof health_service_answer>
export type ServiceEnd = z.output<typeof service_end> & { service: string }
