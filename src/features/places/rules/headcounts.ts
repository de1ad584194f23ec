import type { BalanceRow, HeadcountRow, StayRow } from '../../../database/tables/places.ts'
import { letGo, takeIn } from '../../../domain/balance.ts'
import { refuse } from '../../../http/problem.ts'
import type { Effect } from '../../../journal/entry.ts'
import type { Command, Moment } from '../../../journal/ledger.ts'
import { occurrence } from '../../../ledgers/occurrence.ts'
import { effectOn, moved, shownBalance } from '../../../ledgers/places/moves.ts'
import type { HeadcountAnswer, HeadcountShown, NewHeadcount } from '../schemas.ts'
import { type Decided, type Facts, shelterFor } from './shared.ts'

export const shownHeadcount = (count: HeadcountRow): HeadcountShown => ({
  id: count.id,
  shelter: count.shelter,
  people: count.people,
  occupied: count.occupied,
  difference: count.people - count.occupied,
  method: count.method,
  counted_at: count.counted_at,
  settled_at: count.settled_at,
})

/**
 * What was counted on the spot, beside what the ledger says of that moment; the balance stays as it is. Refused in
 * this order: `shelter_not_found`, `outside_remit`, `in_the_future` / `before_2000`, `id_taken`.
 */
export function decideHeadcount(
  facts: Facts,
  { content, fresh, caller }: Command<NewHeadcount & { shelter: string }, { headcount: string }>,
  now: Moment,
): Decided<HeadcountAnswer> {
  const found = shelterFor(facts, content.shelter, caller)
  if ('refused' in found) return found
  const { shelter } = found
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  const id = content.id ?? fresh.headcount
  if (facts.places.headcount(id) !== undefined) {
    return { refused: refuse('id_taken', `The id ${id} names another headcount.`) }
  }
  const of_the_past =
    content.occurred_at === undefined ? undefined : facts.places.occupiedAt(shelter.id, content.occurred_at)
  const count: HeadcountRow = {
    id,
    shelter: shelter.id,
    region: shelter.region,
    people: content.people,
    occupied: of_the_past ?? shelter.balance.occupied,
    method: content.method,
    counted_at: at,
    recorded_at: now.at,
    settled_at: null,
    seq: now.seq,
  }
  return {
    status: 201,
    answer: { headcount: shownHeadcount(count), balance: shownBalance(shelter.balance), seq: now.seq },
    entries: [
      {
        type: 'headcount_taken',
        occurred_at: at,
        shelter: shelter.id,
        region: shelter.region,
        subject: { type: 'headcount', id },
        people: content.people,
        effects: [],
        balance: shownBalance(shelter.balance),
        data: { method: content.method, difference: content.people - count.occupied },
      },
    ],
    changes: { places: { balances: [{ ...shelter.balance, seq: now.seq }], headcounts: [count] } },
  }
}

export type Settlement = { shelter: string; headcount: string }

/**
 * The difference is booked at the moment of the count: people who left untold as a departure of nobody in particular,
 * people who are there untold as a group without reference, by overflow where they do not fit, for they are there.
 * Refused in this order: `shelter_not_found`, `outside_remit`, `headcount_not_found`, `headcount_settled`,
 * `more_than_present` (fewer are there now than the count says have left).
 */
export function decideSettlement(
  facts: Facts,
  { content, fresh, caller }: Command<Settlement, { stay: string; household: string }>,
  now: Moment,
): Decided<HeadcountAnswer> {
  const found = shelterFor(facts, content.shelter, caller)
  if ('refused' in found) return found
  const { shelter } = found
  const count = facts.places.headcount(content.headcount)
  if (count === undefined || count.shelter !== shelter.id) {
    return {
      refused: refuse('headcount_not_found', `${shelter.code} has no headcount ${content.headcount}.`),
    }
  }
  if (count.settled_at !== null) {
    return { refused: refuse('headcount_settled', `It was settled at ${count.settled_at}.`) }
  }
  const difference = count.people - count.occupied
  if (shelter.balance.occupied + difference < 0) {
    const detail = `${-difference} people were missing then; ${shelter.balance.occupied} are here now.`
    const members = { present: shelter.balance.occupied, requested: -difference }
    return { refused: refuse('more_than_present', detail, members) }
  }
  const settled =
    difference < 0
      ? gone(shelter.balance, -difference, count, now)
      : come(shelter.balance, difference, count, fresh, now)
  const after: HeadcountRow = { ...count, settled_at: now.at, seq: now.seq }
  return {
    status: 200,
    answer: { headcount: shownHeadcount(after), balance: shownBalance(settled.balance), seq: now.seq },
    entries: [
      {
        type: 'headcount_settled',
        occurred_at: count.counted_at,
        shelter: shelter.id,
        region: shelter.region,
        subject: { type: 'headcount', id: count.id },
        people: Math.abs(difference),
        effects: settled.effects,
        balance: shownBalance(settled.balance),
        data: { difference, ...(settled.stay !== undefined && { stay: settled.stay.id }) },
      },
    ],
    changes: {
      places: {
        balances: [settled.balance],
        headcounts: [after],
        ...(settled.stay !== undefined && { stays: [settled.stay] }),
      },
    },
  }
}

type Settled = { balance: BalanceRow; effects: Effect[]; stay?: StayRow }

function gone(balance: BalanceRow, people: number, count: HeadcountRow, now: Moment): Settled {
  const by = letGo(balance, people)
  return {
    // Their stays are still open; when those end, they are not taken from the balance a second time.
    balance: { ...moved(balance, by, now.seq), unattributed: balance.unattributed + people },
    effects: [effectOn(balance, by, count.counted_at, { flow: 'departed' })],
  }
}

function come(
  balance: BalanceRow,
  people: number,
  count: HeadcountRow,
  fresh: { stay: string; household: string },
  now: Moment,
): Settled {
  const by = people === 0 ? null : takeIn(balance, people, true)
  if (by === null) return { balance: { ...balance, seq: now.seq }, effects: [] }
  const stay: StayRow = {
    id: fresh.stay,
    shelter: count.shelter,
    region: count.region,
    household: fresh.household,
    people,
    people_arrived: people,
    status: 'present',
    arrived_at: count.counted_at,
    departed_at: null,
    transferred_from: null,
    seq: now.seq,
  }
  return {
    balance: moved(balance, by, now.seq),
    effects: [effectOn(balance, by, count.counted_at, { flow: 'arrived', stay: stay.id })],
    stay,
  }
}
