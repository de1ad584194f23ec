import { withinRemit } from '../../access/remit.ts'
import type { HealthServiceRow, MealServiceRow } from '../../database/tables/services.ts'
import { dayOf } from '../../domain/days.ts'
import { type Refusal, refuse, refuseAt } from '../../http/problem.ts'
import type { NewEntry } from '../../journal/entry.ts'
import type { Caller, Command, Decision, Moment } from '../../journal/ledger.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import type { RecordsFacts } from '../../ledgers/records.ts'
import type { StockFacts, Store } from '../../ledgers/stock/facts.ts'
import type {
  HealthServiceAnswer,
  MealServiceAnswer,
  NewHealthService,
  NewMealService,
  ServiceEnd,
} from './schemas.ts'

type Facts = { records: RecordsFacts; stock: StockFacts }
type Decided<Answer> = Decision<Answer, ServiceLedgers>

export const shownMealService = ({
  region: _region,
  ...row
}: MealServiceRow): MealServiceAnswer['meal_service'] => row
export const shownHealthService = (row: HealthServiceRow): HealthServiceAnswer['health_service'] => row

/** A shelter, by the store that bears its id and code: `shelter_not_found`, then `outside_remit`. */
function shelterFor(
  { stock }: Facts,
  name: string,
  caller: Caller,
): { refused: Refusal } | { shelter: Store & { shelter: string } } {
  const store = stock.store(name)
  const shelter = store?.shelter
  if (store === undefined || shelter === null || shelter === undefined)
    return { refused: refuse('shelter_not_found', `No shelter is called ${name}.`) }
  return withinRemit(caller.principal.remit, store)
    ? { shelter: { ...store, shelter } }
    : { refused: refuse('outside_remit', `${store.name} is outside what this key may act for.`) }
}

const taken = (id: string) => refuse('id_taken', `The id ${id} names another service.`)

/** Refused in this order: `shelter_not_found`, `outside_remit`, `id_taken`. */
export function decideMealService(
  facts: Facts,
  { content, fresh, caller }: Command<NewMealService, { service: string }>,
  now: Moment,
): Decided<MealServiceAnswer> {
  const found = shelterFor(facts, content.shelter, caller)
  if ('refused' in found) return found
  const id = content.id ?? fresh.service
  if (facts.records.row('meal_services', id) !== undefined) return { refused: taken(id) }
  const row: MealServiceRow = {
    id,
    shelter: found.shelter.id,
    region: found.shelter.region,
    provider: content.provider,
    meals_per_day: content.meals_per_day,
    starts_on: content.starts_on,
    ends_on: content.ends_on ?? null,
    created_at: now.at,
  }
  const entry = mealEntry('meal_service_started', row, now)
  return {
    status: 201,
    answer: { meal_service: shownMealService(row), seq: now.seq },
    entries: [entry],
    changes: { records: { meal_services: [row] } },
  }
}

const mealEntry = (
  type: 'meal_service_started' | 'meal_service_ended',
  row: MealServiceRow,
  now: Moment,
): NewEntry => ({
  type,
  occurred_at: now.at,
  shelter: row.shelter,
  region: row.region,
  subject: { type: 'meal_service', id: row.id },
  effects: [],
  data: { meals_per_day: row.meals_per_day, starts_on: row.starts_on, ends_on: row.ends_on },
})

type Ending = { starts_on: string; ends_on: string | null }

/** The last day of a service that ends, or why it cannot: `service_ended`, where it has none left to give up. */
function lastDay(service: Ending, asked: string | undefined, now: Moment): string | { refused: Refusal } {
  const today = dayOf(now.at)
  const ends_on = asked ?? today
  if (service.ends_on !== null && service.ends_on < today)
    return { refused: refuse('service_ended', `Its last day was ${service.ends_on}.`) }
  if (ends_on >= service.starts_on) return ends_on
  const detail = `It begins on ${service.starts_on}.`
  return { refused: refuseAt('before_start', '/ends_on', detail) }
}

/** Refused in this order: `service_not_found`, `outside_remit`, `service_ended`, `before_start`. */
export function decideMealServiceEnd(
  { records }: Facts,
  { content, caller }: Command<ServiceEnd, unknown>,
  now: Moment,
): Decided<MealServiceAnswer> {
  const before = records.row('meal_services', content.service)
  if (before === undefined)
    return { refused: refuse('service_not_found', `No meal service ${content.service} is known.`) }
  if (!withinRemit(caller.principal.remit, { id: before.shelter, region: before.region }))
    return { refused: refuse('outside_remit', 'Its shelter is outside what this key may act for.') }
  const ends_on = lastDay(before, content.ends_on, now)
  if (typeof ends_on !== 'string') return ends_on
  const row: MealServiceRow = { ...before, ends_on }
  return {
    status: 200,
    answer: { meal_service: shownMealService(row), seq: now.seq },
    entries: [mealEntry('meal_service_ended', row, now)],
    changes: { records: { meal_services: [row] } },
  }
}

/** Refused in this order: `shelter_not_found`, `outside_remit`, `id_taken`. */
export function decideHealthService(
  facts: Facts,
  { content, fresh, caller }: Command<NewHealthService, { service: string }>,
  now: Moment,
): Decided<HealthServiceAnswer> {
  const found = content.shelter === undefined ? undefined : shelterFor(facts, content.shelter, caller)
  if (found !== undefined && 'refused' in found) return found
  const position = found?.shelter ?? content.position
  if (position?.latitude === undefined || position.latitude === null || position.longitude === null)
    throw new Error('a health service without a position passed its schema')
  const id = content.id ?? fresh.service
  if (facts.records.row('health_services', id) !== undefined) return { refused: taken(id) }
  const row: HealthServiceRow = {
    id,
    kind: content.kind,
    shelter: found?.shelter.id ?? null,
    provider: content.provider,
    latitude: position.latitude,
    longitude: position.longitude,
    weekdays: content.weekdays ?? null,
    starts_on: content.starts_on,
    ends_on: content.ends_on ?? null,
    created_at: now.at,
  }
  return {
    status: 201,
    answer: { health_service: shownHealthService(row), seq: now.seq },
    entries: [healthEntry('health_service_started', row, now)],
    changes: { records: { health_services: [row] } },
  }
}

const healthEntry = (
  type: 'health_service_started' | 'health_service_ended',
  row: HealthServiceRow,
  now: Moment,
): NewEntry => ({
  type,
  occurred_at: now.at,
  ...(row.shelter !== null && { shelter: row.shelter }),
  subject: { type: 'health_service', id: row.id },
  effects: [],
  data: { kind: row.kind, starts_on: row.starts_on, ends_on: row.ends_on },
})

/** Refused in this order: `service_not_found`, `service_ended`, `before_start`. */
export function decideHealthServiceEnd(
  { records }: Facts,
  { content }: Command<ServiceEnd, unknown>,
  now: Moment,
): Decided<HealthServiceAnswer> {
  const before = records.row('health_services', content.service)
  if (before === undefined)
    return { refused: refuse('service_not_found', `No health service ${content.service} is known.`) }
  const ends_on = lastDay(before, content.ends_on, now)
  if (typeof ends_on !== 'string') return ends_on
  const row: HealthServiceRow = { ...before, ends_on }
  return {
    status: 200,
    answer: { health_service: shownHealthService(row), seq: now.seq },
    entries: [healthEntry('health_service_ended', row, now)],
    changes: { records: { health_services: [row] } },
  }
}
