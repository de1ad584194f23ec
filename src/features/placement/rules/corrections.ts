import type { DetailsRow, StayRow } from '../../../database/tables/places.ts'
import { delta, takeIn } from '../../../domain/balance.ts'
import type { Instant } from '../../../domain/instant.ts'
import { refuse } from '../../../http/problem.ts'
import type { Effect } from '../../../journal/entry.ts'
import type { Command, Moment } from '../../../journal/ledger.ts'
import type { Shelter } from '../../../ledgers/places/facts.ts'
import { effectOn, leave, left, shownBalance } from '../../../ledgers/places/moves.ts'
import type { Correction } from '../schemas.ts'
import {
  type Decided,
  type Facts,
  moreThanPresent,
  overflowNotAllowed,
  shelterFull,
  stayEnded,
  stayOf,
  summaryOf,
  tooManyPeople,
} from './shared.ts'

/**
 * What was posted of an arrival was wrong: so many came, or such people. Acts at the arrival's moment. `people` is the
 * number who came in all; of a stay that has ended the difference came and left with the rest. Refused in this order:
 * `stay_not_found`, `overflow_not_allowed`, `stay_ended` (cancelled), `more_than_present`, `too_many_people`,
 * `composition_too_large`, `shelter_full`.
 */
export function decideCorrection(
  facts: Facts,
  { content, caller }: Command<Correction & { stay: string }, unknown>,
  now: Moment,
): Decided {
  const found = stayOf(facts, content.stay, caller)
  if ('refused' in found) return found
  const { stay, shelter } = found
  const overflow = content.overflow === true
  const not_allowed = overflowNotAllowed(overflow, caller)
  if (not_allowed !== undefined) return { refused: not_allowed }
  if (stay.status === 'cancelled') return { refused: stayEnded(stay) }
  const people = content.people ?? stay.people_arrived
  const left_already = stay.people_arrived - stay.people
  if (people < left_already) return { refused: moreThanPresent(people, left_already) }
  const too_many = tooManyPeople(facts, stay, people)
  if (too_many !== undefined) return { refused: too_many }
  const known = facts.places.details(stay.id)
  const composition = content.composition === undefined ? (known?.composition ?? null) : content.composition
  const counted = Object.values(composition ?? {}).reduce<number>((sum, number) => sum + (number ?? 0), 0)
  if (counted > people) {
    const detail = `The composition counts ${counted} people, ${people} came.`
    const errors = [{ pointer: '/composition', code: 'composition_too_large', detail }]
    return { refused: { ...refuse('composition_too_large', detail), errors } }
  }

  const moves = corrected(stay, shelter, people - stay.people_arrived, overflow)
  if (moves === null)
    return { refused: shelterFull(shelter.code, shelter.balance, people - stay.people_arrived) }
  const balance = left(shelter.balance, moves, now.seq)
  const present = stay.status === 'present' ? people - left_already : 0
  const after: StayRow = {
    ...stay,
    people_arrived: people,
    people: present,
    // All who really came have left already: the stay has ended, as nobody knew.
    ...(stay.status === 'present' && present === 0 && lastLeft(facts, stay, now.at)),
    seq: now.seq,
  }
  const details: DetailsRow = { stay: stay.id, composition, needs: content.needs ?? known?.needs ?? null }
  const told = content.composition !== undefined || content.needs !== undefined
  return {
    status: 200,
    answer: { stay: summaryOf(after), balance: shownBalance(balance), seq: now.seq },
    entries: [
      {
        type: 'stay_corrected',
        occurred_at: stay.arrived_at,
        shelter: shelter.id,
        region: shelter.region,
        subject: { type: 'stay', id: stay.id },
        people,
        effects: moves.effects,
        balance: shownBalance(balance),
        data: { reason: content.reason, people_before: stay.people_arrived, told },
      },
    ],
    changes: {
      places: {
        balances: [balance],
        stays: [after],
        ...(told && { details: [details] }),
        ...(content.note !== undefined && {
          notes: [
            { seq: now.seq, shelter: shelter.id, stay: stay.id, destination: null, note: content.note },
          ],
        }),
      },
    },
  }
}

/** What a difference moves now, and when; null where more came than there is room for. */
function corrected(stay: StayRow, shelter: Shelter, difference: number, overflow: boolean) {
  const { balance } = shelter
  if (difference === 0) return { by: delta({}), counted: 0, effects: [] }
  const flow = { flow: 'arrived', stay: stay.id } as const
  if (stay.status !== 'present') {
    // They came and they left: a figure of the past, and nothing of now.
    const came = delta({ occupied: difference })
    const ended = stay.status === 'transferred' ? 'transferred_out' : 'departed'
    const went = effectOn(balance, delta({ occupied: -difference }), stay.departed_at ?? stay.arrived_at, {
      flow: ended,
      stay: stay.id,
    })
    return { by: delta({}), counted: 0, effects: [effectOn(balance, came, stay.arrived_at, flow), went] }
  }
  const coming = takeIn(balance, Math.max(0, difference), overflow)
  if (coming === null) return null
  const { by, counted } = difference > 0 ? { by: coming, counted: 0 } : leave(balance, -difference)
  return { by, counted, effects: [effectOn(balance, by, stay.arrived_at, flow)] }
}

/** How and when the last of those who left did so. */
function lastLeft({ places }: Facts, stay: StayRow, now: Instant): Pick<StayRow, 'status' | 'departed_at'> {
  const outs = places
    .effectsOf(stay.id)
    .filter((effect) => effect.flow === 'departed' || effect.flow === 'transferred_out')
  const last = outs.reduce<Effect | undefined>(
    (latest, effect) => (latest === undefined || effect.at >= latest.at ? effect : latest),
    undefined,
  )
  return {
    status: last?.flow === 'transferred_out' ? 'transferred' : 'departed',
    departed_at: last?.at ?? now,
  }
}
