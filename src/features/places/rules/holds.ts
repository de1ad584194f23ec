import { withinRemit } from '../../../access/remit.ts'
import type { HoldRow } from '../../../database/tables/places.ts'
import { delta, free } from '../../../domain/balance.ts'
import { HOLD_MS_MAX } from '../../../domain/holds.ts'
import { later } from '../../../domain/instant.ts'
import { refuse } from '../../../http/problem.ts'
import type { Command, Moment } from '../../../journal/ledger.ts'
import { holdEffects, moved, shownBalance } from '../../../ledgers/places/moves.ts'
import type { HoldAnswer, HoldShown, NewHold } from '../schemas.ts'
import { type Decided, type Facts, shelterFor } from './shared.ts'

/** A hold without its words: the party and where it comes from stay out of answers that are kept. */
export const shownHold = (hold: HoldRow): Omit<HoldShown, 'party' | 'origin'> => ({
  id: hold.id,
  shelter: hold.shelter,
  people: hold.people,
  remaining: hold.remaining,
  status: hold.status,
  expected_at: hold.expected_at,
  expires_at: hold.expires_at,
  placed_at: hold.placed_at,
})

/**
 * Places are kept for a party on its way, from now until `expires_at`. Refused in this order: `shelter_not_found`,
 * `outside_remit`, `hold_too_long`, `id_taken`, `shelter_not_open`, `shelter_full`.
 */
export function decideHold(
  facts: Facts,
  { content, fresh, caller }: Command<NewHold, { hold: string }>,
  now: Moment,
): Decided<HoldAnswer> {
  const found = shelterFor(facts, content.shelter, caller)
  if ('refused' in found) return found
  const { shelter } = found
  if (content.expires_at <= now.at || content.expires_at > later(now.at, HOLD_MS_MAX)) {
    const detail = `It is ${now.at} by the service’s clock; a hold ends after that, and at most 72 hours later.`
    const errors = [{ pointer: '/expires_at', code: 'hold_too_long', detail }]
    return { refused: { ...refuse('hold_too_long', detail), errors } }
  }
  const id = content.id ?? fresh.hold
  if (facts.places.hold(id) !== undefined)
    return { refused: refuse('id_taken', `The id ${id} names another hold.`) }
  if (shelter.status !== 'open') {
    const detail = `${shelter.code} is ${shelter.status}.`
    return { refused: refuse('shelter_not_open', detail, { shelter_status: shelter.status }) }
  }
  const { people } = content
  if (free(shelter.balance) < people) {
    const detail = `${shelter.code} has ${free(shelter.balance)} free places, ${people} were asked for.`
    return { refused: refuse('shelter_full', detail, { free: free(shelter.balance), requested: people }) }
  }
  const balance = moved(shelter.balance, delta({ held: people }), now.seq)
  const hold: HoldRow = {
    id,
    shelter: shelter.id,
    region: shelter.region,
    people,
    remaining: people,
    status: 'live',
    party: content.party,
    origin: content.origin ?? null,
    expected_at: content.expected_at ?? null,
    expires_at: content.expires_at,
    placed_at: now.at,
    seq: now.seq,
  }
  return {
    status: 201,
    answer: { hold: shownHold(hold), balance: shownBalance(balance), seq: now.seq },
    entries: [
      {
        type: 'hold_placed',
        occurred_at: now.at,
        shelter: shelter.id,
        region: shelter.region,
        subject: { type: 'hold', id },
        people,
        effects: holdEffects(balance, hold, people, now.at),
        balance: shownBalance(balance),
        data: { expires_at: hold.expires_at, expected_at: hold.expected_at },
      },
    ],
    changes: { places: { balances: [balance], holds: [hold] } },
  }
}

/** What is left of a hold is given back before its end. Refused: `hold_not_found`, `hold_not_usable`. */
export function decideRelease(
  facts: Facts,
  { content, caller }: Command<{ hold: string }, unknown>,
  now: Moment,
): Decided<HoldAnswer> {
  const hold = facts.places.hold(content.hold)
  const shelter = hold && facts.places.shelter(hold.shelter)
  if (hold === undefined || shelter === undefined || !withinRemit(caller.principal.remit, shelter)) {
    return { refused: refuse('hold_not_found', `No hold ${content.hold} is known to this key.`) }
  }
  if (hold.status !== 'live') {
    return { refused: refuse('hold_not_usable', `The hold is ${hold.status}.`, { hold_status: hold.status }) }
  }
  const released = hold.remaining
  const balance = moved(shelter.balance, delta({ held: -released }), now.seq)
  const after: HoldRow = { ...hold, remaining: 0, status: 'released', seq: now.seq }
  return {
    status: 200,
    answer: { hold: shownHold(after), balance: shownBalance(balance), seq: now.seq },
    entries: [
      {
        type: 'hold_released',
        occurred_at: now.at,
        shelter: shelter.id,
        region: shelter.region,
        subject: { type: 'hold', id: hold.id },
        people: released,
        effects: holdEffects(balance, hold, -released, now.at),
        balance: shownBalance(balance),
        data: {},
      },
    ],
    changes: { places: { balances: [balance], holds: [after] } },
  }
}
