import { withinRemit } from '../../../access/remit.ts'
import type { BalanceRow, HoldRow, StayRow } from '../../../database/tables/places.ts'
import { free, takeIn } from '../../../domain/balance.ts'
import type { Instant } from '../../../domain/instant.ts'
import { GROUP_MAX, HOUSEHOLD_MAX } from '../../../domain/stays.ts'
import { type Refusal, refuse } from '../../../http/problem.ts'
import type { Flow, Json, NewEntry } from '../../../journal/entry.ts'
import type { Caller, Decision, Moment } from '../../../journal/ledger.ts'
import type { ServiceLedgers } from '../../../ledgers/index.ts'
import type { PlacesFacts, Shelter } from '../../../ledgers/places/facts.ts'
import { effectOn, leave, left, moved, shownBalance, useHold } from '../../../ledgers/places/moves.ts'
import type { StayChanged, StaySummary } from '../schemas.ts'

/*
 * What the rules of placement have in common. Each rule documents the order of its refusals; where several are true,
 * the first is given.
 */

export type Facts = { places: PlacesFacts }
export type Decided<Answer = StayChanged> = Decision<Answer, ServiceLedgers>

export const summaryOf = (stay: StayRow): StaySummary => ({
  id: stay.id,
  shelter: stay.shelter,
  household: stay.household,
  people: stay.people,
  status: stay.status,
  arrived_at: stay.arrived_at,
  departed_at: stay.departed_at,
})

/** A stay and its shelter, inside the remit; a stay outside of it is not found. */
export function stayOf(
  { places }: Facts,
  id: string,
  caller: Caller,
): { refused: Refusal } | { stay: StayRow; shelter: Shelter } {
  const stay = places.stay(id)
  const shelter = stay && places.shelter(stay.shelter)
  return stay === undefined || shelter === undefined || !withinRemit(caller.principal.remit, shelter)
    ? { refused: refuse('stay_not_found', `No stay ${id} is known to this key.`) }
    : { stay, shelter }
}

export const stayEnded = (stay: StayRow): Refusal =>
  refuse('stay_ended', `This stay has ended (${stay.status}).`, { stay_status: stay.status })

export const beforeArrival = (stay: StayRow): Refusal =>
  refuse('before_arrival', `They arrived at ${stay.arrived_at}.`, { arrived_at: stay.arrived_at })

export const moreThanPresent = (present: number, requested: number): Refusal =>
  refuse('more_than_present', `${present} people of this stay are present, ${requested} were asked for.`, {
    present,
    requested,
  })

export const shelterFull = (code: string, balance: BalanceRow, requested: number): Refusal =>
  refuse('shelter_full', `${code} has ${free(balance)} free places, ${requested} were asked for.`, {
    free: free(balance),
    requested,
  })

/** A household with a reference has at most so many people, a group without one more. */
export function tooManyPeople({ places }: Facts, stay: StayRow, people: number): Refusal | undefined {
  const most = places.hasReference(stay.household) ? HOUSEHOLD_MAX : GROUP_MAX
  return people > most
    ? refuse('too_many_people', `This stay may be of ${most} people, not of ${people}.`, { most })
    : undefined
}

export const overflowNotAllowed = (overflow: boolean, caller: Caller): Refusal | undefined =>
  overflow && !caller.principal.overflow
    ? refuse('overflow_not_allowed', 'This key was issued without the right to post overflow.')
    : undefined

/** `paused` and `planned` take people by overflow; `closed` only those who came before it closed. */
export function refusedAsNotOpen(shelter: Shelter, at: Instant, overflow: boolean): Refusal | undefined {
  if (shelter.status === 'open') return undefined
  const came_before = shelter.closed_at !== null && at < shelter.closed_at
  if (shelter.status === 'closed' ? came_before : overflow) return undefined
  return refuse('shelter_not_open', `${shelter.code} is ${shelter.status}.`, {
    shelter_status: shelter.status,
  })
}

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

/** People leave a stay: the entry, and the rows that follow. */
export function goOut(
  stay: StayRow,
  balance: BalanceRow,
  people: number,
  at: Instant,
  now: Moment,
  how: { type: 'household_departed' | 'household_transferred_out'; data?: Record<string, Json> },
): { entry: NewEntry; balance: BalanceRow; stay: StayRow } {
  const transferred = how.type === 'household_transferred_out'
  const gone = leave(balance, people)
  const after = left(balance, gone, now.seq)
  const rest = leaveStay(stay, people, transferred ? 'transferred' : 'departed', at, now.seq)
  return {
    balance: after,
    stay: rest,
    entry: {
      type: how.type,
      occurred_at: at,
      shelter: balance.shelter,
      region: balance.region,
      subject: { type: 'stay', id: stay.id },
      people,
      effects: [
        effectOn(balance, gone.by, at, { flow: transferred ? 'transferred_out' : 'departed', stay: stay.id }),
      ],
      balance: shownBalance(after),
      data: {
        ...how.data,
        ...(rest.status === 'present' && { remaining: rest.people }),
        ...(gone.by.emergency < 0 && { emergency: gone.by.emergency }),
        ...(gone.counted > 0 && { counted_as_gone: gone.counted }),
      },
    },
  }
}

export type ComingIn = { type: NewEntry['type']; flow: Flow; people: number; data?: Record<string, Json> }

/**
 * People come into a shelter: out of a hold first, if there is one, then into free places, then by overflow. `parts`
 * are the entries that say how they came (some moved, some new). Refused: `hold_not_usable`, `shelter_full`.
 */
export function goIn(
  shelter: Shelter,
  balance_before: BalanceRow,
  parts: ComingIn[],
  to: { stay: string; at: Instant; hold: HoldRow | undefined; with_hold: boolean; overflow: boolean },
  now: Moment,
): { refused: Refusal } | { entries: NewEntry[]; balance: BalanceRow; holds: HoldRow[] } {
  const people = parts.reduce((sum, part) => sum + part.people, 0)
  const entries: NewEntry[] = []
  const holds: HoldRow[] = []
  let balance = balance_before
  if (to.with_hold) {
    const used = useHold(to.hold, balance, people, now, to.stay)
    if ('refused' in used) return used
    balance = used.balance
    holds.push(used.hold)
    entries.push(used.entry)
  }
  if (takeIn(balance, people, to.overflow) === null) {
    return { refused: shelterFull(shelter.code, balance_before, people) }
  }
  for (const { type, flow, people: coming, data } of parts) {
    const by = takeIn(balance, coming, to.overflow)
    if (by === null) throw new Error('the parts of a household need more places than the whole')
    balance = moved(balance, by, now.seq + entries.length)
    entries.push({
      type,
      occurred_at: to.at,
      shelter: shelter.id,
      region: shelter.region,
      subject: { type: 'stay', id: to.stay },
      people: coming,
      effects: [effectOn(balance, by, to.at, { flow, stay: to.stay })],
      balance: shownBalance(balance),
      data: { ...data, ...(by.emergency > 0 && { emergency: by.emergency }) },
    })
  }
  return { entries, balance, holds }
}
