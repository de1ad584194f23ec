import type { BalanceRow } from '../../database/tables/places.ts'
import { type Balance, type Delta, free, shift } from '../../domain/balance.ts'
import type { Instant } from '../../domain/instant.ts'
import type { Effect, Flow, ShownBalance } from '../../journal/entry.ts'

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
export const effectOn = (row: BalanceRow, by: Delta, at: Instant, flow?: Flow): Effect => ({
  shelter: row.shelter,
  region: row.region,
  at,
  ...by,
  ...(flow && { flow }),
})
