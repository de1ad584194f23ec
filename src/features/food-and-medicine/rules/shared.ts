import type { CoverLot, CoverStatus, NeedStep } from '../../../domain/cover.ts'
import { addDays, type Day, dayOf, daysBetween } from '../../../domain/days.ts'
import type { Instant } from '../../../domain/instant.ts'
import type { Lot, ShelterFacts } from '../picture.ts'

/** By what is judged: today, and from how many days on something is ensured or strained. */
export type Judging = { now: Instant; today: Day; ensured_days: number; strained_days: number }

/** Days as they are shown: hundredths, cut off, never rounded up. */
export const shownDays = (days: number): number => Math.floor(days * 100 + 1e-9) / 100

export const runsOutOn = (today: Day, day: number | null): Day | null =>
  day === null ? null : addDays(today, day)

/** Lots by the days on which they may be used, today being day 0. */
export const coverLots = (lots: readonly Lot[], today: Day, scale = 1): CoverLot[] =>
  lots.map(({ expires_on, amount }) => ({
    amount: amount * scale,
    last_day: daysBetween(today, expires_on),
  }))

/** The people to be fed, day by day: those present, and those on the road from the day they are expected. */
export function peopleByDay(shelter: ShelterFacts, { now, today }: Judging): NeedStep[] {
  const coming = new Map<number, number>()
  for (const hold of shelter.holds) {
    if (hold.expires_at <= now) continue
    const day = hold.expected_at === null ? 0 : Math.max(0, daysBetween(today, dayOf(hold.expected_at)))
    coming.set(day, (coming.get(day) ?? 0) + hold.people)
  }
  let people = shelter.occupied + (coming.get(0) ?? 0)
  coming.delete(0)
  const steps: NeedStep[] = [{ from: 0, amount: people }]
  for (const [from, more] of [...coming].sort(([one], [other]) => one - other)) {
    people += more
    steps.push({ from, amount: people })
  }
  return steps
}

/** The days on which any of the series begins anew, today among them. */
export const changesOf = (...series: readonly (readonly NeedStep[])[]): number[] =>
  [...new Set([0, ...series.flatMap((steps) => steps.map((step) => step.from))])].sort(
    (one, other) => one - other,
  )

/** A series made from others, day by day. */
export const combined = (days: readonly number[], amount: (day: number) => number): NeedStep[] =>
  days.map((from) => ({ from, amount: amount(from) }))

/** From the best to the worst: what a region or a nation is judged by is the worst of what is in it. */
const severity: readonly CoverStatus[] = ['ensured', 'strained', 'unknown', 'short', 'none']

export const worst = (statuses: Iterable<CoverStatus>): CoverStatus => {
  let found: CoverStatus = 'ensured'
  for (const status of statuses) if (severity.indexOf(status) > severity.indexOf(found)) found = status
  return found
}

/** What is summed over shelters. */
export type Judged = {
  people: number
  people_ensured: number
  days_of_cover: number | null
  runs_out_on: Day | null
  status: CoverStatus
}

/**
 * Shelters summed by people: who is ensured, and how many people live in shelters of each status. Cover is never
 * averaged, for a full store in one village feeds nobody in another: it is that of the first shelter to run out.
 */
export function summed(all: readonly Judged[]) {
  const people_by_status = { ensured: 0, strained: 0, short: 0, none: 0, unknown: 0 }
  let people = 0
  let people_ensured = 0
  let first: Judged | undefined
  for (const one of all) {
    people += one.people
    people_ensured += one.people_ensured
    people_by_status[one.status] += one.people
    if (one.days_of_cover !== null && one.days_of_cover < (first?.days_of_cover ?? Number.POSITIVE_INFINITY))
      first = one
  }
  return {
    people,
    people_ensured,
    days_of_cover: first?.days_of_cover ?? null,
    runs_out_on: first?.runs_out_on ?? null,
    status: worst(all.map((one) => one.status)),
    people_by_status,
    shelters: all.length,
  }
}
