import { withinRemit } from '../../../access/remit.ts'
import type { StayRow } from '../../../database/tables/places.ts'
import { referenceKey } from '../../../domain/stays.ts'
import { type Refusal, refuse } from '../../../http/problem.ts'
import type { NewEntry } from '../../../journal/entry.ts'
import type { Caller, Command, Moment } from '../../../journal/ledger.ts'
import { occurrence } from '../../../ledgers/occurrence.ts'
import type { PlacesChanges, PlacesFacts } from '../../../ledgers/places/facts.ts'
import { shownBalance } from '../../../ledgers/places/moves.ts'
import type { Arrival } from '../schemas.ts'
import {
  type ComingIn,
  type Decided,
  type Facts,
  goIn,
  goOut,
  overflowNotAllowed,
  refusedAsNotOpen,
  summaryOf,
} from './shared.ts'

export type ArrivalFresh = { stay: string; household: string }

/**
 * An arrival. Refused in this order: `shelter_not_found`, `outside_remit`, `overflow_not_allowed`,
 * `in_the_future` / `before_2000`, `id_taken`, `already_present`, `before_arrival`, `shelter_not_open`,
 * `hold_not_usable`, `shelter_full`.
 */
export function decideArrival(
  { places }: Facts,
  { content, fresh, caller }: Command<Arrival, ArrivalFresh>,
  now: Moment,
): Decided {
  const shelter = places.shelter(content.shelter)
  if (shelter === undefined)
    return { refused: refuse('shelter_not_found', `No shelter is called ${content.shelter}.`) }
  if (!withinRemit(caller.principal.remit, shelter)) {
    return { refused: refuse('outside_remit', `${shelter.code} is outside what this key may act for.`) }
  }
  const overflow = content.overflow === true
  const not_allowed = overflowNotAllowed(overflow, caller)
  if (not_allowed !== undefined) return { refused: not_allowed }
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  const id = content.id ?? fresh.stay
  if (places.stay(id) !== undefined)
    return { refused: refuse('id_taken', `The id ${id} names another stay.`) }

  const { reference, people, composition, needs } = content.household
  const known = reference === undefined ? undefined : places.household(reference)
  const open = known === undefined ? [] : places.openStays(known.household)
  const elsewhere = open.filter((stay) => stay.shelter !== shelter.id)
  const in_the_way = content.moved === true ? open.find((stay) => stay.shelter === shelter.id) : open[0]
  if (in_the_way !== undefined) return { refused: alreadyPresent(places, in_the_way, caller) }
  if (elsewhere.some((stay) => at < stay.arrived_at)) {
    return {
      refused: refuse(
        'before_arrival',
        'They cannot have moved on before they arrived at the shelter they left.',
      ),
    }
  }
  const not_open = refusedAsNotOpen(shelter, at, overflow)
  if (not_open !== undefined) return { refused: not_open }

  // Those who were elsewhere leave there, the newest stay first; who is not found there is a new arrival.
  const entries: NewEntry[] = []
  const changes: Required<Pick<PlacesChanges, 'balances' | 'stays'>> & PlacesChanges = {
    balances: [],
    stays: [],
  }
  const later = (): Moment => ({ ...now, seq: now.seq + entries.length })
  let to_move = people
  for (const stay of elsewhere) {
    const source = places.shelter(stay.shelter)
    const leaving = Math.min(to_move, stay.people)
    if (source === undefined || leaving === 0) continue
    to_move -= leaving
    // Two open stays of a household may be in one shelter: the second starts from what the first left.
    const before = changes.balances.findLast((row) => row.shelter === source.id) ?? source.balance
    const how = { type: 'household_transferred_out', data: { to_shelter: shelter.id, to_stay: id } } as const
    const gone = goOut(stay, before, leaving, at, later(), how)
    changes.balances.push(gone.balance)
    changes.stays.push(gone.stay)
    entries.push(gone.entry)
  }

  const moved_people = people - to_move
  const parts: ComingIn[] = []
  const group = reference === undefined && { group: true }
  if (moved_people > 0) {
    const from_stays = elsewhere.map((stay) => stay.id)
    parts.push({
      type: 'household_transferred_in',
      flow: 'transferred_in',
      people: moved_people,
      data: { from_stays },
    })
  }
  if (to_move > 0)
    parts.push({ type: 'household_arrived', flow: 'arrived', people: to_move, data: { ...group } })
  const hold = content.hold === undefined ? undefined : places.hold(content.hold)
  const to = { stay: id, at, hold, with_hold: content.hold !== undefined, overflow }
  const come = goIn(shelter, shelter.balance, parts, to, later())
  if ('refused' in come) return come

  const { balance } = come
  const stay: StayRow = {
    id,
    shelter: shelter.id,
    region: shelter.region,
    household: known?.household ?? fresh.household,
    people,
    people_arrived: people,
    status: 'present',
    arrived_at: at,
    departed_at: null,
    transferred_from: moved_people > 0 ? (elsewhere[0]?.id ?? null) : null,
    seq: balance.seq,
  }
  return {
    status: 201,
    answer: { stay: summaryOf(stay), balance: shownBalance(balance), seq: balance.seq },
    entries: [...entries, ...come.entries],
    changes: {
      places: {
        ...changes,
        balances: [...changes.balances, balance],
        stays: [...changes.stays, stay],
        holds: come.holds,
        ...(reference !== undefined &&
          known === undefined && {
            references: [{ household: stay.household, reference, reference_key: referenceKey(reference) }],
          }),
        ...((composition ?? needs) !== undefined && {
          details: [{ stay: id, composition: composition ?? null, needs: needs ?? null }],
        }),
      },
    },
  }
}

/** Where the household is, is told only to those who may see that stay. */
function alreadyPresent(places: PlacesFacts, stay: StayRow, caller: Caller): Refusal {
  const visible = withinRemit(caller.principal.remit, { id: stay.shelter, region: stay.region })
  const where = visible ? places.shelter(stay.shelter) : undefined
  return refuse(
    'already_present',
    where === undefined
      ? 'The household has an open stay. If they have moved, post the arrival with "moved": true.'
      : `The household has an open stay in ${where.code}. If they have moved, post the arrival with "moved": true.`,
    where && { shelter: where.code, stay: stay.id },
  )
}
