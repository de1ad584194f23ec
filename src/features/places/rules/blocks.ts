import type { BlockRow } from '../../../database/tables/places.ts'
import { delta, free } from '../../../domain/balance.ts'
import { refuse } from '../../../http/problem.ts'
import type { Command, Moment } from '../../../journal/ledger.ts'
import { occurrence } from '../../../ledgers/occurrence.ts'
import { effectOn, moved, shownBalance } from '../../../ledgers/places/moves.ts'
import type { BlockAnswer, BlockShown, NewBlock } from '../schemas.ts'
import { type Decided, type Facts, placesInUse, shelterFor } from './shared.ts'

/** A block as it is shown; past `until` it is overdue, for nothing is lifted by itself. */
export const shownBlock = (block: BlockRow, now: string): BlockShown => ({
  id: block.id,
  shelter: block.shelter,
  places: block.places,
  reason: block.reason,
  until: block.until,
  overdue: block.lifted_at === null && block.until !== null && block.until < now,
  blocked_at: block.blocked_at,
  lifted_at: block.lifted_at,
})

/**
 * Places go out of service. Refused in this order: `shelter_not_found`, `outside_remit`, `in_the_future` /
 * `before_2000`, `id_taken`, `places_in_use`.
 */
export function decideBlock(
  facts: Facts,
  { content, fresh, caller }: Command<NewBlock & { shelter: string }, { block: string }>,
  now: Moment,
): Decided<BlockAnswer> {
  const found = shelterFor(facts, content.shelter, caller)
  if ('refused' in found) return found
  const { shelter } = found
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  const id = content.id ?? fresh.block
  if (facts.places.block(id) !== undefined)
    return { refused: refuse('id_taken', `The id ${id} names another block.`) }
  if (free(shelter.balance) < content.places) return { refused: placesInUse(shelter, content.places) }
  const by = delta({ blocked: content.places })
  const balance = moved(shelter.balance, by, now.seq)
  const block: BlockRow = {
    id,
    shelter: shelter.id,
    region: shelter.region,
    places: content.places,
    reason: content.reason,
    note: content.note ?? null,
    until: content.until ?? null,
    blocked_at: at,
    lifted_at: null,
    seq: now.seq,
  }
  return {
    status: 201,
    answer: { block: shownBlock(block, now.at), balance: shownBalance(balance), seq: now.seq },
    entries: [
      {
        type: 'places_blocked',
        occurred_at: at,
        shelter: shelter.id,
        region: shelter.region,
        subject: { type: 'block', id },
        effects: [effectOn(balance, by, at)],
        balance: shownBalance(balance),
        data: { reason: content.reason, places: content.places, until: block.until },
      },
    ],
    changes: { places: { balances: [balance], blocks: [block] } },
  }
}

/**
 * Places come back into service. Refused in this order: `shelter_not_found`, `outside_remit`, `block_not_found`,
 * `block_lifted`.
 */
export function decideLift(
  facts: Facts,
  { content, caller }: Command<{ shelter: string; block: string }, unknown>,
  now: Moment,
): Decided<BlockAnswer> {
  const found = shelterFor(facts, content.shelter, caller)
  if ('refused' in found) return found
  const { shelter } = found
  const block = facts.places.block(content.block)
  if (block === undefined || block.shelter !== shelter.id) {
    return { refused: refuse('block_not_found', `${shelter.code} has no block ${content.block}.`) }
  }
  if (block.lifted_at !== null)
    return { refused: refuse('block_lifted', `It was lifted at ${block.lifted_at}.`) }
  const by = delta({ blocked: -block.places })
  const balance = moved(shelter.balance, by, now.seq)
  const after: BlockRow = { ...block, lifted_at: now.at, seq: now.seq }
  return {
    status: 200,
    answer: { block: shownBlock(after, now.at), balance: shownBalance(balance), seq: now.seq },
    entries: [
      {
        type: 'block_lifted',
        occurred_at: now.at,
        shelter: shelter.id,
        region: shelter.region,
        subject: { type: 'block', id: block.id },
        effects: [effectOn(balance, by, now.at)],
        balance: shownBalance(balance),
        data: { places: block.places },
      },
    ],
    changes: { places: { balances: [balance], blocks: [after] } },
  }
}
