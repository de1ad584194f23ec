import type { BalanceRow, HoldRow } from '../../database/tables/places.ts'
import { type Balance, type Delta, delta, free, letGo, shift } from '../../domain/balance.ts'
import type { Instant } from '../../domain/instant.ts'
import { type Refusal, refuse } from '../../http/problem.ts'
import type { Effect, Flow, NewEntry, ShownBalance } from '../../journal/entry.ts'
import type { Moment } from '../../journal/ledger.ts'

/*
 * The moves that every change of places is made of, as values. Nothing else computes a balance.
 */

/** A balance as it is shown: with the places that are free. */
export const shownBalance = (balance: Balance): ShownBalance => ({
  places: balance.places,
  blocked: balance.blocked,
  occupied: balance.occupied,
  held: balance.held,
  emergency: balance.emergency,
  free: free(balance),
})

/** The balance row after a delta, made so by entry `seq`. */
export const moved = (row: BalanceRow, by: Delta, seq: number): BalanceRow => ({
  ...row,
  ...shift(row, by),
  seq,
})

/** The effect of a delta on a shelter at a moment. */
export const effectOn = (
  row: { shelter: string; region: string },
  by: Delta,
  at: Instant,
  from: { flow?: Flow; stay?: string; hold?: string } = {},
): Effect => ({ shelter: row.shelter, region: row.region, at, ...by, ...from })

/**
 * People leave. Those whom a headcount showed to be gone already are not taken from the balance a second time:
 * `counted` is how many of them are.
 */
export function leave(balance: BalanceRow, people: number): { by: Delta; counted: number } {
  const counted = Math.min(balance.unattributed, Math.max(0, people - balance.occupied))
  return { by: letGo(balance, people - counted), counted }
}

/** The balance row after people have left. */
export const left = (row: BalanceRow, gone: { by: Delta; counted: number }, seq: number): BalanceRow => ({
  ...moved(row, gone.by, seq),
  unattributed: row.unattributed - gone.counted,
})

/**
 * Takes up to `people` places out of a hold, now. What is left of it stays held; its end takes back what it gave.
 * Refused: `hold_not_usable`, which says how it stands.
 */
export function useHold(
  hold: HoldRow | undefined,
  balance: BalanceRow,
  people: number,
  now: Moment,
  stay: string,
): { refused: Refusal } | { balance: BalanceRow; hold: HoldRow; entry: NewEntry } {
  if (hold === undefined || hold.status !== 'live' || hold.shelter !== balance.shelter) {
    const hold_status =
      hold === undefined ? 'unknown' : hold.shelter !== balance.shelter ? 'of_another_shelter' : hold.status
    return {
      refused: refuse('hold_not_usable', `The hold is ${hold_status.replaceAll('_', ' ')}.`, { hold_status }),
    }
  }
  const used = Math.min(people, hold.remaining)
  const after = moved(balance, delta({ held: -used }), now.seq)
  const remaining = hold.remaining - used
  return {
    balance: after,
    hold: { ...hold, remaining, status: remaining === 0 ? 'used' : 'live', seq: now.seq },
    entry: {
      type: 'hold_used',
      occurred_at: now.at,
      shelter: balance.shelter,
      region: balance.region,
      subject: { type: 'hold', id: hold.id },
      people: used,
      effects: holdEffects(balance, hold, -used, now.at, stay),
      balance: shownBalance(after),
      data: { stay, remaining },
    },
  }
}

/** Places held from now until the hold ends; negative where they are given out of it. No worker needs to be alive. */
export const holdEffects = (
  row: { shelter: string; region: string },
  hold: { id: string; expires_at: Instant },
  people: number,
  at: Instant,
  stay?: string,
): Effect[] => [
  effectOn(row, delta({ held: people }), at, { hold: hold.id, stay }),
  effectOn(row, delta({ held: -people }), hold.expires_at, { hold: hold.id, stay }),
]
