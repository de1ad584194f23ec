import type { DetailsRow } from '../../../database/tables/places.ts'
import { type Composition, composition_groups, type HouseholdNeed } from '../../../domain/stays.ts'
import type { Command, Moment } from '../../../journal/ledger.ts'
import { occurrence } from '../../../ledgers/occurrence.ts'
import { shownBalance } from '../../../ledgers/places/moves.ts'
import type { Addition } from '../schemas.ts'
import {
  beforeArrival,
  type Decided,
  type Facts,
  goIn,
  overflowNotAllowed,
  stayEnded,
  stayOf,
  summaryOf,
  tooManyPeople,
} from './shared.ts'

/**
 * Somebody joins a household that is there: the grandmother who follows two days later, a child that is born. A paused
 * shelter takes them, for it stopped new households only. Refused in this order: `stay_not_found`,
 * `overflow_not_allowed`, `in_the_future` / `before_2000`, `stay_ended`, `before_arrival`, `too_many_people`,
 * `hold_not_usable`, `shelter_full`.
 */
export function decideAddition(
  facts: Facts,
  { content, caller }: Command<Addition & { stay: string }, unknown>,
  now: Moment,
): Decided {
  const found = stayOf(facts, content.stay, caller)
  if ('refused' in found) return found
  const { stay, shelter } = found
  const overflow = content.overflow === true
  const not_allowed = overflowNotAllowed(overflow, caller)
  if (not_allowed !== undefined) return { refused: not_allowed }
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  if (stay.status !== 'present') return { refused: stayEnded(stay) }
  if (at < stay.arrived_at) return { refused: beforeArrival(stay) }
  const people_arrived = stay.people_arrived + content.people
  const too_many = tooManyPeople(facts, stay, people_arrived)
  if (too_many !== undefined) return { refused: too_many }
  const come = goIn(
    shelter,
    shelter.balance,
    [{ type: 'household_grew', flow: 'arrived', people: content.people, data: { reason: content.reason } }],
    {
      stay: stay.id,
      at,
      hold: content.hold === undefined ? undefined : facts.places.hold(content.hold),
      with_hold: content.hold !== undefined,
      overflow,
    },
    now,
  )
  if ('refused' in come) return come
  const { balance } = come
  const after = { ...stay, people: stay.people + content.people, people_arrived, seq: balance.seq }
  const { composition, needs } = content
  return {
    status: 200,
    answer: { stay: summaryOf(after), balance: shownBalance(balance), seq: balance.seq },
    entries: come.entries,
    changes: {
      places: {
        balances: [balance],
        stays: [after],
        holds: come.holds,
        ...((composition ?? needs) !== undefined && {
          details: [together(facts.places.details(stay.id), { stay: stay.id, composition, needs })],
        }),
      },
    },
  }
}

/** What is known of the household with those who joined. */
function together(
  known: DetailsRow | undefined,
  added: { stay: string; composition?: Composition; needs?: HouseholdNeed[] },
): DetailsRow {
  const composition = composition_groups.flatMap((group) => {
    const sum = (known?.composition?.[group] ?? 0) + (added.composition?.[group] ?? 0)
    return sum > 0 ? [[group, sum] as const] : []
  })
  const needs = new Map((known?.needs ?? []).map(({ need, people }) => [need, people]))
  for (const { need, people } of added.needs ?? []) needs.set(need, (needs.get(need) ?? 0) + people)
  return {
    stay: added.stay,
    composition: Object.fromEntries(composition),
    needs: Array.from(needs, ([need, people]) => ({ need, people })),
  }
}
