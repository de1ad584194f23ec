import { amountOn, coverOf, type NeedStep, peopleEnsured, statusOf } from '../../../domain/cover.ts'
import { daysBetween } from '../../../domain/days.ts'
import type { ShelterFacts } from '../picture.ts'
import {
  changesOf,
  combined,
  coverLots,
  type Judged,
  type Judging,
  peopleByDay,
  runsOutOn,
  shownDays,
} from './shared.ts'

export const food_limits = [
  'nothing_supplied',
  'expiry',
  'meal_service_ends',
  'people_expected',
  'stock',
] as const
export type FoodLimit = (typeof food_limits)[number]

export type FoodJudged = Judged & {
  /** what ends the cover; null where it is ensured */
  limited_by: FoodLimit | null
  /** today's */
  portions: number
  /** usable today, kcal */
  stocked_kcal: number
  /** for all people today, kcal */
  needed_kcal: number
}

/** Standards of food: kcal for one person and day at the temperature asked for, portions that make a person's day. */
export type FoodJudging = Judging & { energy_kcal: number; meals_per_day: number }

/** Quantities are thousandths, so that energy is thousandths of a kcal. */
const THOUSANDTHS = 1000

function portionsByDay(shelter: ShelterFacts, { today }: Judging): NeedStep[] {
  const spans = shelter.meals.map(({ portions, starts_on, ends_on }) => ({
    portions,
    from: Math.max(0, daysBetween(today, starts_on)),
    until: ends_on === null ? Number.POSITIVE_INFINITY : daysBetween(today, ends_on) + 1,
  }))
  const days = new Set([0, ...spans.flatMap(({ from, until }) => [from, until])])
  return [...days]
    .filter((day) => day >= 0 && Number.isFinite(day))
    .sort((one, other) => one - other)
    .map((day) => ({
      from: day,
      amount: spans.reduce(
        (sum, span) => (span.from <= day && day < span.until ? sum + span.portions : sum),
        0,
      ),
    }))
}

/**
 * Food of one shelter. A portion covers one part of a person's day (a third, by the standard), stock the energy that
 * meals leave open. Worked in energy × portions of a day, so that no thirds are rounded.
 */
export function judgeFood(shelter: ShelterFacts, judging: FoodJudging): FoodJudged {
  const { today, energy_kcal, meals_per_day, ensured_days, strained_days } = judging
  const people = peopleByDay(shelter, judging)
  const portions = portionsByDay(shelter, judging)
  const days = changesOf(people, portions)
  const a_portion = energy_kcal * THOUSANDTHS
  const needs = (share = 1): NeedStep[] =>
    combined(days, (day) => {
      const eaten = Math.ceil(amountOn(people, day) * share) * meals_per_day
      return Math.max(0, eaten - amountOn(portions, day)) * a_portion
    })
  const whole = combined(days, (day) => amountOn(people, day) * meals_per_day * a_portion)
  const lots = coverLots(shelter.food, today, meals_per_day)
  const present = people[0]?.amount ?? 0
  const stocked = shelter.food.reduce(
    (sum, lot) => (daysBetween(today, lot.expires_on) >= 0 ? sum + lot.amount : sum),
    0,
  )
  const figures = {
    people: present,
    portions: portions[0]?.amount ?? 0,
    stocked_kcal: Math.floor(stocked / THOUSANDTHS),
    needed_kcal: present * energy_kcal,
  }
  if (people.every((step) => step.amount === 0)) {
    return {
      ...figures,
      people_ensured: 0,
      days_of_cover: null,
      runs_out_on: null,
      status: 'ensured',
      limited_by: null,
    }
  }
  const cover = coverOf(needs(), lots, whole)
  const status = statusOf(cover.days, { ensured: ensured_days, strained: strained_days })
  const ensured = peopleEnsured(present, (some) => needs(some / present), lots, ensured_days)
  return {
    ...figures,
    people_ensured: present === 0 ? 0 : ensured,
    days_of_cover: shownDays(cover.days),
    runs_out_on: runsOutOn(today, cover.runs_out),
    status,
    limited_by: status === 'ensured' || cover.runs_out === null ? null : limitOf(cover.runs_out),
  }

  function limitOf(day: number): FoodLimit {
    if (shelter.food.length === 0 && portions.every((step) => step.amount === 0)) return 'nothing_supplied'
    const unspoilt = lots.map((lot) => ({ ...lot, last_day: Number.POSITIVE_INFINITY }))
    if (coverOf(needs(), unspoilt, whole).days > coverOf(needs(), lots, whole).days) return 'expiry'
    if (
      amountOn(portions, day) <
      Math.max(...portions.filter(({ from }) => from < day).map(({ amount }) => amount))
    )
      return 'meal_service_ends'
    return amountOn(people, day) > present ? 'people_expected' : 'stock'
  }
}
