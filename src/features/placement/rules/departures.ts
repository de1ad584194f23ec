import type { Command, Moment } from '../../../journal/ledger.ts'
import { occurrence } from '../../../ledgers/occurrence.ts'
import { shownBalance } from '../../../ledgers/places/moves.ts'
import type { Departure } from '../schemas.ts'
import {
  beforeArrival,
  type Decided,
  type Facts,
  goOut,
  moreThanPresent,
  stayEnded,
  stayOf,
  summaryOf,
} from './shared.ts'

/**
 * A departure, whole or in part. Refused in this order: `stay_not_found`, `in_the_future` / `before_2000`,
 * `stay_ended`, `before_arrival`, `more_than_present`.
 */
export function decideDeparture(
  facts: Facts,
  { content, caller }: Command<Departure & { stay: string }, unknown>,
  now: Moment,
): Decided {
  const found = stayOf(facts, content.stay, caller)
  if ('refused' in found) return found
  const { stay, shelter } = found
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  if (stay.status !== 'present') return { refused: stayEnded(stay) }
  if (at < stay.arrived_at) return { refused: beforeArrival(stay) }
  const people = content.people ?? stay.people
  if (people > stay.people) return { refused: moreThanPresent(stay.people, people) }

  const gone = goOut(stay, shelter.balance, people, at, now, { type: 'household_departed' })
  return {
    status: 200,
    answer: { stay: summaryOf(gone.stay), balance: shownBalance(gone.balance), seq: now.seq },
    entries: [gone.entry],
    changes: {
      places: {
        balances: [gone.balance],
        stays: [gone.stay],
        notes: [
          { seq: now.seq, shelter: shelter.id, stay: stay.id, destination: content.destination, note: null },
        ],
      },
    },
  }
}
