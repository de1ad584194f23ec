import type { BalanceRow, HoldRow } from '../../../database/tables/places.ts'
import { type Delta, delta, EMPTY, free, shift } from '../../../domain/balance.ts'
import { refuse } from '../../../http/problem.ts'
import type { Effect } from '../../../journal/entry.ts'
import type { Command, Moment } from '../../../journal/ledger.ts'
import type { PlacesFacts } from '../../../ledgers/places/facts.ts'
import { holdEffects, moved, shownBalance } from '../../../ledgers/places/moves.ts'
import type { Cancellation } from '../schemas.ts'
import { type Decided, type Facts, stayEnded, stayOf, summaryOf } from './shared.ts'

/**
 * A stay was never so: all its effects are taken back, each at its own moment. Places that it had from a hold go back
 * to it while the hold is live; the emergency places that it made go, as many as are still there. Refused in this
 * order: `stay_not_found`, `stay_ended` (cancelled already), `stay_continued`.
 */
export function decideCancellation(
  facts: Facts,
  { content, caller }: Command<Cancellation & { stay: string }, unknown>,
  now: Moment,
): Decided {
  const found = stayOf(facts, content.stay, caller)
  if ('refused' in found) return found
  const { stay, shelter } = found
  const { places } = facts
  if (stay.status === 'cancelled') return { refused: stayEnded(stay) }
  if (places.isContinued(stay.id)) {
    return {
      refused: refuse('stay_continued', 'They went on to another shelter. Cancel the later stay first.'),
    }
  }

  const own = places.effectsOf(stay.id).filter((effect) => effect.hold === undefined)
  const back = takenBack(own, stay.people, shelter.balance)
  const without_holds = moved(shelter.balance, back.by, now.seq)
  const given = givenBack(places, stay.id, without_holds, now)
  const balance: BalanceRow = {
    ...moved(without_holds, delta({ held: given.people }), now.seq),
    unattributed: shelter.balance.unattributed - back.counted,
  }
  const after = {
    ...stay,
    people: 0,
    status: 'cancelled' as const,
    departed_at: stay.departed_at ?? now.at,
    seq: now.seq,
  }
  return {
    status: 200,
    answer: { stay: summaryOf(after), balance: shownBalance(balance), seq: now.seq },
    entries: [
      {
        type: 'stay_cancelled',
        occurred_at: stay.arrived_at,
        shelter: shelter.id,
        region: shelter.region,
        subject: { type: 'stay', id: stay.id },
        people: stay.people_arrived,
        effects: [...back.effects, ...given.effects],
        balance: shownBalance(balance),
        data: { reason: content.reason, ...(given.people > 0 && { back_to_holds: given.people }) },
      },
    ],
    changes: {
      places: {
        balances: [balance],
        stays: [after],
        holds: given.holds,
        ...(content.note !== undefined && {
          notes: [
            { seq: now.seq, shelter: shelter.id, stay: stay.id, destination: null, note: content.note },
          ],
        }),
      },
    },
  }
}

const negated = (effect: Effect): Effect => ({
  ...effect,
  places: -effect.places,
  blocked: -effect.blocked,
  occupied: -effect.occupied,
  held: -effect.held,
  emergency: -effect.emergency,
})

const sumOf = (effects: Effect[]): Delta => effects.reduce<Delta>((sum, effect) => shift(sum, effect), EMPTY)

/**
 * The effects negated, so that as many leave as are present: those whom a headcount had booked as gone when they left
 * or were corrected away are in no balance any more. Emergency places that it made may be gone meanwhile (others left), or the ordinary places may
 * be taken: what cannot be taken back now stays where it was made, at the first moment.
 */
function takenBack(
  own: Effect[],
  present: number,
  balance: BalanceRow,
): { by: Delta; effects: Effect[]; counted: number } {
  const effects = own.map(negated)
  const by = sumOf(effects)
  // People of it whom a headcount has booked as gone are not taken out a second time.
  const counted = Math.min(balance.unattributed, Math.max(0, present - balance.occupied))
  const occupied = counted - present
  const after_people = { ...balance, occupied: balance.occupied + occupied }
  const wanted = Math.max(0, -by.emergency)
  const takeable = Math.max(0, Math.min(wanted, balance.emergency, free(after_people)))
  // It let go of emergency places that others had made: those do not come back for nobody.
  const emergency = by.emergency > 0 ? 0 : -takeable
  const places = by.places - by.emergency + emergency
  const difference = {
    occupied: occupied - by.occupied,
    emergency: emergency - by.emergency,
    places: places - by.places,
  }
  const [first, ...rest] = effects
  return {
    by: { ...by, occupied, emergency, places },
    counted,
    effects:
      first === undefined
        ? []
        : [
            {
              ...first,
              occupied: first.occupied + difference.occupied,
              emergency: first.emergency + difference.emergency,
              places: first.places + difference.places,
            },
            ...rest,
          ],
  }
}

/** Places go back to the holds that they came from, while those are live and as far as they are free. */
function givenBack(places: PlacesFacts, stay: string, balance: BalanceRow, now: Moment) {
  const used = new Map<string, number>()
  for (const { hold, held, at } of places.effectsOf(stay)) {
    const row = hold === undefined ? undefined : places.hold(hold)
    // Of the two effects of each use the one at the end of the hold is the other's mirror.
    if (row !== undefined && at !== row.expires_at) used.set(row.id, (used.get(row.id) ?? 0) - held)
  }
  let room = free(balance)
  const holds: HoldRow[] = []
  const effects: Effect[] = []
  for (const [id, people] of used) {
    const hold = places.hold(id)
    const usable =
      hold !== undefined && (hold.status === 'live' || hold.status === 'used') && hold.expires_at > now.at
    const back = usable ? Math.min(people, room) : 0
    if (hold === undefined || back <= 0) continue
    room -= back
    holds.push({ ...hold, remaining: hold.remaining + back, status: 'live', seq: now.seq })
    effects.push(...holdEffects(balance, hold, back, now.at))
  }
  return { people: holds.length === 0 ? 0 : free(balance) - room, holds, effects }
}
