/** The words of what stands between people and places: holds for parties on the road, blocks of places, counts. */

export const hold_statuses = ['live', 'used', 'released', 'expired'] as const
export const block_reasons = [
  'refurbishment',
  'damage',
  'no_heating',
  'no_water',
  'outbreak',
  'staff_shortage',
  'pest_control',
  'protection',
  'other',
] as const
export const count_methods = ['headcount', 'register', 'estimate'] as const

/** How far ahead a hold may end, in milliseconds (contract, *Arrivals and stays*). */
export const HOLD_MS_MAX = 72 * 3_600_000

export type HoldStatus = (typeof hold_statuses)[number]
export type BlockReason = (typeof block_reasons)[number]
export type CountMethod = (typeof count_methods)[number]
