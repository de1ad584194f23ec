import { withinRemit } from '../../access/remit.ts'
import type { ReferenceRow, StayRow } from '../../database/tables/places.ts'
import { free, letGo, takeIn } from '../../domain/balance.ts'
import type { Instant } from '../../domain/instant.ts'
import { referenceKey } from '../../domain/stays.ts'
import { refuse } from '../../http/problem.ts'
import type { NewEntry } from '../../journal/entry.ts'
import type { Caller, Command, Decision, Moment } from '../../journal/ledger.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import type { PlacesChanges, PlacesFacts, Shelter } from '../../ledgers/places/facts.ts'
import { effectOn, moved, shownBalance } from '../../ledgers/places/moves.ts'
import { occurrence } from '../../ledgers/places/occurrence.ts'
import type { Arrival, Departure, StayChanged, StaySummary } from './schemas.ts'

/*
 * What happens when people arrive and leave, as values: facts in, a decision out. Where several refusals are true,
 * the first in the order of the checks is given.
 */

type Facts = { places: PlacesFacts }
type Decided = Decision<StayChanged, ServiceLedgers>

export const summaryOf = (stay: StayRow): StaySummary => ({
  id: stay.id,
  shelter: stay.shelter,
  household: stay.household,
  people: stay.people,
  status: stay.status,
  arrived_at: stay.arrived_at,
  departed_at: stay.departed_at,
})

/** Takes `people` out of a stay; one that nobody is left in has ended. */
export const leaveStay = (
  stay: StayRow,
  people: number,
  ended: 'departed' | 'transferred',
  at: Instant,
  seq: number,
): StayRow =>
  stay.people === people
    ? { ...stay, people: 0, status: ended, departed_at: at, seq }
    : { ...stay, people: stay.people - people, seq }

export type ArrivalFresh = { stay: string; household: string }

/**
 * An arrival. Refused in this order: `shelter_not_found`, `outside_remit`, `overflow_not_allowed`,
 * `in_the_future` / `before_2000`, `id_taken`, `already_present`, `before_arrival`, `shelter_not_open`,
 * `shelter_full`.
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
  if (overflow && !caller.principal.overflow) {
    return {
      refused: refuse('overflow_not_allowed', 'This key was issued without the right to post overflow.'),
    }
  }
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  const id = content.id ?? fresh.stay
  if (places.stay(id) !== undefined)
    return { refused: refuse('id_taken', `The id ${id} names another stay.`) }

  const { reference, people } = content.household
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

  const closed = refusedAsNotOpen(shelter, at, overflow)
  if (closed !== undefined) return { refused: closed }
  const taken = takeIn(shelter.balance, people, overflow)
  if (taken === null) {
    return {
      refused: refuse(
        'shelter_full',
        `${shelter.code} has ${free(shelter.balance)} free places, ${people} were asked for.`,
        {
          free: free(shelter.balance),
          requested: people,
        },
      ),
    }
  }

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
    transferred_from: elsewhere[0]?.id ?? null,
    seq: now.seq,
  }
  const entries: NewEntry[] = []
  const changes: Required<Pick<PlacesChanges, 'balances' | 'stays'>> & PlacesChanges = {
    balances: [],
    stays: [],
  }
  const next_seq = () => now.seq + entries.length

  // Those who were elsewhere leave there, the newest stay first; who is not found there is a new arrival.
  let to_move = people
  for (const left of elsewhere) {
    const source = places.shelter(left.shelter)
    const leaving = Math.min(to_move, left.people)
    if (source === undefined || leaving === 0) continue
    to_move -= leaving
    const gone = letGo(source.balance, leaving)
    const balance = moved(source.balance, gone, next_seq())
    changes.balances.push(balance)
    changes.stays.push(leaveStay(left, leaving, 'transferred', at, next_seq()))
    entries.push({
      type: 'household_transferred_out',
      occurred_at: at,
      shelter: source.id,
      region: source.region,
      subject: { type: 'stay', id: left.id },
      people: leaving,
      effects: [effectOn(source.balance, gone, at, 'transferred_out')],
      balance: shownBalance(balance),
      data: { to_shelter: shelter.id, to_stay: id },
    })
  }

  let balance = shelter.balance
  const comeIn = (type: 'household_arrived' | 'household_transferred_in', coming: number): void => {
    const by = takeIn(balance, coming, overflow)
    if (by === null) throw new Error('the parts of a household need more places than the whole')
    const effect = effectOn(balance, by, at, type === 'household_arrived' ? 'arrived' : 'transferred_in')
    balance = moved(balance, by, next_seq())
    entries.push({
      type,
      occurred_at: at,
      shelter: shelter.id,
      region: shelter.region,
      subject: { type: 'stay', id },
      people: coming,
      effects: [effect],
      balance: shownBalance(balance),
      data: {
        ...(reference === undefined && { group: true }),
        ...(by.emergency > 0 && { emergency: by.emergency }),
        ...(type === 'household_transferred_in' && { from_stays: elsewhere.map((left) => left.id) }),
      },
    })
  }
  if (to_move < people) comeIn('household_transferred_in', people - to_move)
  if (to_move > 0) comeIn('household_arrived', to_move)
  stay.seq = balance.seq
  changes.balances.push(balance)
  changes.stays.push(stay)
  if (reference !== undefined && known === undefined) {
    const row: ReferenceRow = { household: stay.household, reference, reference_key: referenceKey(reference) }
    changes.references = [row]
  }
  const { composition, needs } = content.household
  if (composition !== undefined || needs !== undefined) {
    changes.details = [{ stay: id, composition: composition ?? null, needs: needs ?? null }]
  }
  return {
    status: 201,
    answer: { stay: summaryOf(stay), balance: shownBalance(balance), seq: balance.seq },
    entries,
    changes: { places: changes },
  }
}

/** Where the household is, is told only to those who may see that stay. */
function alreadyPresent(places: PlacesFacts, stay: StayRow, caller: Caller) {
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

/** `paused` and `planned` take people by overflow; `closed` only those who came before it closed. */
function refusedAsNotOpen(shelter: Shelter, at: Instant, overflow: boolean) {
  if (shelter.status === 'open') return undefined
  if (shelter.status === 'closed' ? shelter.closed_at !== null && at < shelter.closed_at : overflow)
    return undefined
  return refuse('shelter_not_open', `${shelter.code} is ${shelter.status}.`, {
    shelter_status: shelter.status,
  })
}

/**
 * A departure, whole or in part. Refused in this order: `stay_not_found`, `in_the_future` / `before_2000`,
 * `stay_ended`, `before_arrival`, `more_than_present`.
 */
export function decideDeparture(
  { places }: Facts,
  { content, caller }: Command<Departure & { stay: string }, unknown>,
  now: Moment,
): Decided {
  const stay = places.stay(content.stay)
  const shelter = stay && places.shelter(stay.shelter)
  if (stay === undefined || shelter === undefined || !withinRemit(caller.principal.remit, shelter)) {
    return { refused: refuse('stay_not_found', `No stay ${content.stay} is known to this key.`) }
  }
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  if (stay.status !== 'present') {
    return {
      refused: refuse('stay_ended', `This stay has ended (${stay.status}).`, { stay_status: stay.status }),
    }
  }
  if (at < stay.arrived_at) {
    return {
      refused: refuse('before_arrival', `They arrived at ${stay.arrived_at}.`, {
        arrived_at: stay.arrived_at,
      }),
    }
  }
  const people = content.people ?? stay.people
  if (people > stay.people) {
    return {
      refused: refuse(
        'more_than_present',
        `${stay.people} people of this stay are present, ${people} were to leave.`,
        {
          present: stay.people,
          requested: people,
        },
      ),
    }
  }
  const gone = letGo(shelter.balance, people)
  const balance = moved(shelter.balance, gone, now.seq)
  const after = leaveStay(stay, people, 'departed', at, now.seq)
  return {
    status: 200,
    answer: { stay: summaryOf(after), balance: shownBalance(balance), seq: now.seq },
    entries: [
      {
        type: 'household_departed',
        occurred_at: at,
        shelter: shelter.id,
        region: shelter.region,
        subject: { type: 'stay', id: stay.id },
        people,
        effects: [effectOn(shelter.balance, gone, at, 'departed')],
        balance: shownBalance(balance),
        data: {
          ...(after.status === 'present' && { remaining: after.people }),
          ...(gone.emergency < 0 && { emergency: gone.emergency }),
        },
      },
    ],
    changes: {
      places: {
        balances: [balance],
        stays: [after],
        notes: [
          { seq: now.seq, shelter: shelter.id, stay: stay.id, destination: content.destination, note: null },
        ],
      },
    },
  }
}
