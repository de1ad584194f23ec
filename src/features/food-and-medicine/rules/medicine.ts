import { type CoverLot, coverOf, peopleEnsured, statusOf } from '../../../domain/cover.ts'
import { weekdayOf } from '../../../domain/days.ts'
import { distanceKm } from '../../../domain/geography.ts'
import { quantityText } from '../../../domain/quantities.ts'
import { isActive } from '../../../domain/services.ts'
import type { Need, Picture, ShelterFacts } from '../picture.ts'
import { coverLots, type Judged, type Judging, runsOutOn, shownDays, worst } from './shared.ts'

export const medicine_limits = ['nothing_supplied', 'expiry', 'stock', 'no_daily_quantity'] as const
export type MedicineLimit = (typeof medicine_limits)[number]

/** One need of the people in a shelter. */
export type NeedJudged = Judged & { need: string; item: string | null; daily_quantity: string | null }
/** One medicine in a shelter: what all needs of it take in a day, and what is there. */
export type ItemJudged = Judged & { item: string; unit: string; daily_quantity: string; usable: string }

export type ServiceInReach = {
  id: string
  kind: string
  provider: string
  distance_km: number
  open_today: boolean
}

export type MedicineJudged = Judged & {
  limited_by: { reason: MedicineLimit; need: string; item: string | null } | null
  needs: NeedJudged[]
  items: ItemJudged[]
  /** the nearest pharmacy, clinic or hospital within the standard's distance */
  service_in_reach: ServiceInReach | null
}

export type MedicineJudging = Judging & {
  needs: readonly Need[]
  units: Picture['units']
  health_services: Picture['health_services']
  reach_km: number
}

type Taken = { need: Need & { item: string; daily: number }; people: number }

/**
 * Medicine of one shelter: what the people present take in a day, against the usable lots of its store, first-expired-
 * first-out. Someone with two needs counts in both. A pharmacy in reach is shown and not counted as stock: nobody
 * here knows what lies on its shelves.
 */
export function judgeMedicine(shelter: ShelterFacts, judging: MedicineJudging): MedicineJudged {
  const known = new Map(judging.needs.map((need) => [need.code, need]))
  const by_item = new Map<string, Taken[]>()
  const needs: NeedJudged[] = []
  const items: ItemJudged[] = []
  const limits: NonNullable<MedicineJudged['limited_by']>[] = []

  for (const [code, people] of [...shelter.needs].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const need = known.get(code)
    // A wheelchair is a need, and no medicine.
    if (need !== undefined && need.item === null) continue
    if (need === undefined || need.item === null || need.daily === null) {
      const item = need?.item ?? null
      needs.push({ need: code, item, daily_quantity: null, people, ...unknown })
      limits.push({ reason: 'no_daily_quantity', need: code, item })
      continue
    }
    const taken = by_item.get(need.item) ?? []
    taken.push({ need: { ...need, item: need.item, daily: need.daily }, people })
    by_item.set(need.item, taken)
  }
  for (const [item, taken] of by_item) {
    const judged = judgeItem(item, taken, shelter, judging)
    items.push(judged.item)
    needs.push(...judged.needs)
    if (judged.limit !== null) limits.push({ reason: judged.limit, need: taken[0]?.need.code ?? item, item })
  }
  needs.sort((one, other) => (one.need < other.need ? -1 : 1))
  const status = worst(needs.map((need) => need.status))
  const first = items
    .filter((item) => item.days_of_cover !== null)
    .sort((one, other) => (one.days_of_cover ?? 0) - (other.days_of_cover ?? 0))[0]
  const limited_by =
    limits.find(({ item, reason }) =>
      status === 'unknown' ? reason === 'no_daily_quantity' : item !== null && item === first?.item,
    ) ?? null
  return {
    people: needs.reduce((sum, need) => sum + need.people, 0),
    people_ensured: needs.reduce((sum, need) => sum + need.people_ensured, 0),
    days_of_cover: first?.days_of_cover ?? null,
    runs_out_on: first?.runs_out_on ?? null,
    status,
    limited_by: status === 'ensured' ? null : limited_by,
    needs,
    items,
    service_in_reach: nearestService(shelter, judging),
  }
}

const unknown = {
  people_ensured: 0,
  days_of_cover: null,
  runs_out_on: null,
  status: 'unknown',
} as const satisfies Omit<Judged, 'people'>

/** One medicine for all who take it. Where it does not last for all of them, those of the first needs come first. */
function judgeItem(item: string, taken: readonly Taken[], shelter: ShelterFacts, judging: MedicineJudging) {
  const { today, ensured_days, strained_days } = judging
  const lots = coverLots(shelter.medicine.get(item) ?? [], today)
  const usable = lots.filter((lot) => lot.last_day >= 0)
  const people = taken.reduce((sum, one) => sum + one.people, 0)
  /** What the first so many people take in a day. */
  const dailyOf = (some: number): number => {
    let left = some
    let daily = 0
    for (const { need, people: all } of taken) {
      const served = Math.min(left, all)
      daily += served * need.daily
      left -= served
    }
    return daily
  }
  const needsOf = (some: number) => [{ from: 0, amount: dailyOf(some) }]
  const cover = coverOf(needsOf(people), lots)
  const status = statusOf(cover.days, { ensured: ensured_days, strained: strained_days })
  const shown = {
    days_of_cover: shownDays(cover.days),
    runs_out_on: runsOutOn(today, cover.runs_out),
    status,
  }
  const people_ensured = peopleEnsured(people, needsOf, lots, ensured_days)
  let left = people_ensured
  const needs = taken.map(({ need, people: all }): NeedJudged => {
    const served = Math.min(left, all)
    left -= served
    return {
      need: need.code,
      item,
      daily_quantity: quantityText(need.daily),
      people: all,
      people_ensured: served,
      ...shown,
    }
  })
  return {
    item: {
      item,
      unit: judging.units.get(item) ?? '',
      daily_quantity: quantityText(dailyOf(people)),
      usable: quantityText(usable.reduce((sum, lot) => sum + lot.amount, 0)),
      people,
      people_ensured,
      ...shown,
    } satisfies ItemJudged,
    needs,
    limit: status === 'ensured' ? null : limitOf(usable, cover.days, needsOf(people)),
  }
}

function limitOf(
  lots: readonly CoverLot[],
  days: number,
  needs: { from: number; amount: number }[],
): MedicineLimit {
  if (lots.length === 0) return 'nothing_supplied'
  const unspoilt = lots.map((lot) => ({ ...lot, last_day: Number.POSITIVE_INFINITY }))
  return coverOf(needs, unspoilt).days > days ? 'expiry' : 'stock'
}

function nearestService(
  shelter: ShelterFacts,
  { today, health_services, reach_km }: MedicineJudging,
): ServiceInReach | null {
  let nearest: ServiceInReach | null = null
  for (const service of health_services) {
    if (!isActive(service, today)) continue
    const distance_km = distanceKm(shelter, service)
    if (distance_km > reach_km || (nearest !== null && distance_km >= nearest.distance_km)) continue
    const open_today = service.weekdays === null || service.weekdays.includes(weekdayOf(today))
    const { id, kind, provider } = service
    nearest = { id, kind, provider, distance_km, open_today }
  }
  return nearest && { ...nearest, distance_km: Math.round(nearest.distance_km * 1000) / 1000 }
}
