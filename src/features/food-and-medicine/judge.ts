import { dayOf } from '../../domain/days.ts'
import type { Instant } from '../../domain/instant.ts'
import { regions } from '../../domain/regions.ts'
import { energyAt } from '../../domain/standards.ts'
import type { Picture, ShelterFacts } from './picture.ts'
import { type FoodJudging, judgeFood } from './rules/food.ts'
import { judgeMedicine, type MedicineJudging } from './rules/medicine.ts'
import { type Judged, summed } from './rules/shared.ts'

export type Asked = { days?: number | undefined; temperature_c?: number | undefined }

/** A shelter's facts beside what they were judged to be. */
export type JudgedShelter<One extends Judged> = { facts: ShelterFacts; judged: One }

export function foodJudging({ standards }: Picture, now: Instant, asked: Asked): FoodJudging {
  return {
    now,
    today: dayOf(now),
    ensured_days: asked.days ?? standards.food_ensured_days,
    strained_days: standards.food_strained_days,
    energy_kcal: energyAt(asked.temperature_c ?? 20, standards),
    meals_per_day: standards.meals_per_day,
  }
}

export function medicineJudging(picture: Picture, now: Instant, asked: Asked): MedicineJudging {
  const { standards, needs, units, health_services } = picture
  return {
    now,
    today: dayOf(now),
    ensured_days: asked.days ?? standards.medicine_ensured_days,
    strained_days: standards.medicine_strained_days,
    needs,
    units,
    health_services,
    reach_km: standards.pharmacy_km,
  }
}

/**
 * Judges shelters, and remembers each until its facts, the standards or the day are others: of 400 shelters only those
 * are worked out again that somebody came to or something was brought to.
 */
export function openJudge<Judging extends { today: string }, One extends Judged>(
  judge: (facts: ShelterFacts, judging: Judging) => One,
  keyOf: (judging: Judging) => string,
) {
  let key = ''
  let remembered = new WeakMap<ShelterFacts, One>()
  let sums: { picture: Picture; key: string; all: JudgedShelter<One>[] } | undefined

  return (picture: Picture, judging: Judging): JudgedShelter<One>[] => {
    const now_key = keyOf(judging)
    if (key !== now_key) {
      key = now_key
      remembered = new WeakMap()
      sums = undefined
    }
    const someone_on_the_road = [...picture.shelters.values()].some((facts) => facts.holds.length > 0)
    if (sums?.picture === picture && !someone_on_the_road) return sums.all
    const all = Array.from(picture.shelters.values(), (facts): JudgedShelter<One> => {
      // A hold falls due with the clock, and no entry says so.
      const known = facts.holds.length === 0 ? remembered.get(facts) : undefined
      const judged = known ?? judge(facts, judging)
      remembered.set(facts, judged)
      return { facts, judged }
    }).sort((one, other) => (one.facts.code < other.facts.code ? -1 : 1))
    sums = { picture, key: now_key, all }
    return all
  }
}

export const openFoodJudge = () =>
  openJudge(judgeFood, (judging) =>
    [
      judging.today,
      judging.ensured_days,
      judging.strained_days,
      judging.energy_kcal,
      judging.meals_per_day,
    ].join(' '),
  )

export const openMedicineJudge = () =>
  openJudge(judgeMedicine, ({ now: _now, ...judging }) =>
    JSON.stringify({ ...judging, units: [...judging.units] }),
  )

/** The nation and its regions, those without shelters too. */
export function sumsOf(all: readonly JudgedShelter<Judged>[], region: string | undefined) {
  const by_region = Map.groupBy(all, ({ facts }) => facts.region)
  return {
    national: summed(all.map(({ judged }) => judged)),
    regions: regions
      .filter(({ code }) => region === undefined || code === region)
      .map(({ code, names }) => ({
        region: code,
        name: names.en,
        ...summed((by_region.get(code) ?? []).map(({ judged }) => judged)),
      })),
  }
}
