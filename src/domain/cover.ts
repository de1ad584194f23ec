/*
 * For how many days a stock meets what people need. Pure arithmetic on whole numbers: no clock, no units, no rounding
 * but of the fraction at the end. Day 0 is today.
 *
 * Lots are used first-expired-first-out, and a lot counts on its days only: what would expire before it is used is
 * no cover. Because needs are the same within a day and lots are good for whole days, one pass over lots and days
 * tells it, whatever the order in which they were received.
 */

/** An amount that may be used up to and including `last_day`; for ever where that is Infinity. */
export type CoverLot = { amount: number; last_day: number }

/** What is needed each day from `from` on, until the next step begins. Steps ascend and the first begins at day 0. */
export type NeedStep = { from: number; amount: number }

export type Cover = {
  /** days met one after another, today the first, with the part of the last one that is met; `horizon` where nothing runs out */
  days: number
  /** the first day that is not met in full; null where none is within `horizon` */
  runs_out: number | null
}

/** A year: no cover is followed further, and what lasts that long is told as that. */
export const COVER_DAYS_MAX = 365

type Left = { amount: number; last_day: number }

const inOrder = (lots: readonly CoverLot[]): Left[] =>
  lots
    .filter((lot) => lot.amount > 0 && lot.last_day >= 0)
    .map((lot) => ({ ...lot }))
    .sort((one, other) => one.last_day - other.last_day)

/**
 * Walks from day 0 until a day is not met. `whole` is what a day takes in all, in the unit of the lots, where other
 * sources meet a part of it (meals): the fraction of the last day counts that part as met.
 */
export function coverOf(
  needs: readonly NeedStep[],
  lots: readonly CoverLot[],
  whole: readonly NeedStep[] = needs,
  horizon: number = COVER_DAYS_MAX,
): Cover {
  const left = inOrder(lots)
  let first = 0
  let day = 0
  while (day < horizon) {
    const need = amountOn(needs, day)
    // Where nothing changes until a later day, all days until then are the same.
    const until = Math.min(nextChange(needs, day), horizon)
    if (need <= 0) {
      if (until >= horizon) return { days: horizon, runs_out: null }
      day = until
      continue
    }
    while (first < left.length && ((left[first] as Left).last_day < day || (left[first] as Left).amount <= 0))
      first++
    const lot = left[first]
    if (lot === undefined) return endOn(day, 0, need, amountOn(whole, day))
    // As many whole days as this lot alone meets.
    const alone = Math.min(Math.floor(lot.amount / need), lot.last_day - day + 1, until - day)
    if (alone > 0) {
      lot.amount -= alone * need
      day += alone
      continue
    }
    // A day that several lots share.
    let open = need
    for (let index = first; index < left.length && open > 0; index++) {
      const next = left[index] as Left
      const used = Math.min(open, next.amount)
      next.amount -= used
      open -= used
    }
    if (open > 0) return endOn(day, need - open, need, amountOn(whole, day))
    day += 1
  }
  return { days: horizon, runs_out: null }
}

function endOn(day: number, met: number, need: number, whole: number): Cover {
  const fraction = whole > 0 ? (whole - need + met) / whole : 0
  return { days: day + Math.max(0, fraction), runs_out: day }
}

export function amountOn(steps: readonly NeedStep[], day: number): number {
  let amount = 0
  for (const step of steps) {
    if (step.from > day) break
    amount = step.amount
  }
  return amount
}

function nextChange(steps: readonly NeedStep[], day: number): number {
  for (const step of steps) if (step.from > day) return step.from
  return Number.POSITIVE_INFINITY
}

/** Whether all days of the horizon are met. */
export const lastsFor = (needs: readonly NeedStep[], lots: readonly CoverLot[], days: number): boolean =>
  coverOf(needs, lots, needs, days).runs_out === null

/**
 * The most people, of `people`, for whom all of `days` days are met. More people never need less, so that halving
 * finds it. `needsOf` tells the needs of so many.
 */
export function peopleEnsured(
  people: number,
  needsOf: (people: number) => readonly NeedStep[],
  lots: readonly CoverLot[],
  days: number,
): number {
  if (lastsFor(needsOf(people), lots, days)) return people
  let ensured = 0
  let refused = people
  while (refused - ensured > 1) {
    const middle = Math.floor((ensured + refused) / 2)
    if (lastsFor(needsOf(middle), lots, days)) ensured = middle
    else refused = middle
  }
  return ensured
}

export const cover_statuses = ['ensured', 'strained', 'short', 'none', 'unknown'] as const
export type CoverStatus = (typeof cover_statuses)[number]

/** From how many days on cover is ensured, and from how many it is strained; below that it is short, at nothing none. */
export type CoverBounds = { ensured: number; strained: number }

export function statusOf(days: number, bounds: CoverBounds): CoverStatus {
  if (days >= bounds.ensured) return 'ensured'
  if (days >= bounds.strained) return 'strained'
  return days > 0 ? 'short' : 'none'
}
