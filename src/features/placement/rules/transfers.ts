import type { StayRow } from '../../../database/tables/places.ts'
import { refuse } from '../../../http/problem.ts'
import type { Command, Moment } from '../../../journal/ledger.ts'
import { occurrence } from '../../../ledgers/occurrence.ts'
import { shownBalance } from '../../../ledgers/places/moves.ts'
import type { StayTransferred, Transfer } from '../schemas.ts'
import {
  beforeArrival,
  type Decided,
  type Facts,
  goIn,
  goOut,
  moreThanPresent,
  overflowNotAllowed,
  refusedAsNotOpen,
  stayEnded,
  stayOf,
  summaryOf,
} from './shared.ts'

/**
 * A household, or some of it, goes to another shelter: both balances in one commit, the new stay goes on from the old
 * one. Rights are needed where they leave. Refused in this order: `stay_not_found`, `shelter_not_found`,
 * `same_shelter`, `overflow_not_allowed`, `in_the_future` / `before_2000`, `id_taken`, `stay_ended`,
 * `before_arrival`, `more_than_present`, `shelter_not_open`, `hold_not_usable`, `shelter_full`.
 */
export function decideTransfer(
  facts: Facts,
  { content, fresh, caller }: Command<Transfer & { stay: string }, { stay: string }>,
  now: Moment,
): Decided<StayTransferred> {
  const found = stayOf(facts, content.stay, caller)
  if ('refused' in found) return found
  const { stay, shelter: from } = found
  const to = facts.places.shelter(content.to)
  if (to === undefined) return { refused: refuse('shelter_not_found', `No shelter is called ${content.to}.`) }
  if (to.id === from.id) {
    const detail = `They are in ${to.code} already.`
    return {
      refused: {
        ...refuse('same_shelter', detail),
        errors: [{ pointer: '/to', code: 'same_shelter', detail }],
      },
    }
  }
  const overflow = content.overflow === true
  const not_allowed = overflowNotAllowed(overflow, caller)
  if (not_allowed !== undefined) return { refused: not_allowed }
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  const id = content.id ?? fresh.stay
  if (facts.places.stay(id) !== undefined)
    return { refused: refuse('id_taken', `The id ${id} names another stay.`) }
  if (stay.status !== 'present') return { refused: stayEnded(stay) }
  if (at < stay.arrived_at) return { refused: beforeArrival(stay) }
  const people = content.people ?? stay.people
  if (people > stay.people) return { refused: moreThanPresent(stay.people, people) }
  const not_open = refusedAsNotOpen(to, at, overflow)
  if (not_open !== undefined) return { refused: not_open }

  const how = { type: 'household_transferred_out', data: { to_shelter: to.id, to_stay: id } } as const
  const gone = goOut(stay, from.balance, people, at, now, how)
  const come = goIn(
    to,
    to.balance,
    [{ type: 'household_transferred_in', flow: 'transferred_in', people, data: { from_stays: [stay.id] } }],
    {
      stay: id,
      at,
      hold: content.hold === undefined ? undefined : facts.places.hold(content.hold),
      with_hold: content.hold !== undefined,
      overflow,
    },
    { ...now, seq: now.seq + 1 },
  )
  if ('refused' in come) return come
  const { balance } = come
  const next: StayRow = {
    id,
    shelter: to.id,
    region: to.region,
    household: stay.household,
    people,
    people_arrived: people,
    status: 'present',
    arrived_at: at,
    departed_at: null,
    transferred_from: stay.id,
    seq: balance.seq,
  }
  const details = facts.places.details(stay.id)
  return {
    status: 201,
    answer: {
      stay: summaryOf(next),
      balance: shownBalance(balance),
      seq: balance.seq,
      from: { shelter: from.id, balance: shownBalance(gone.balance), seq: now.seq },
    },
    entries: [gone.entry, ...come.entries],
    changes: {
      places: {
        balances: [gone.balance, balance],
        stays: [gone.stay, next],
        holds: come.holds,
        // What the household told goes along; who of them moved, nobody asked.
        ...(details !== undefined && { details: [{ ...details, stay: id }] }),
      },
    },
  }
}
