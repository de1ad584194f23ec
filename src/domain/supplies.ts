/** The words of supplies: items, what people need of them, and what can happen to stock. */

export const item_categories = ['food', 'medicine', 'hygiene', 'household'] as const
export const storages = ['ambient', 'cool_2_8', 'frozen'] as const
export const movement_kinds = [
  'receipt',
  'issue',
  'transfer',
  'adjustment',
  'disposal',
  'quarantine',
  'release',
] as const
export const stock_statuses = ['usable', 'quarantined', 'expired'] as const
export const stock_reasons = ['count', 'damage', 'expired', 'theft', 'typing_error', 'other'] as const

/** Lines in one movement or consignment. */
export const LINES_MAX = 200

export type ItemCategory = (typeof item_categories)[number]
export type Storage = (typeof storages)[number]
export type MovementKind = (typeof movement_kinds)[number]
export type StockStatus = (typeof stock_statuses)[number]
export type StockReason = (typeof stock_reasons)[number]

/** In Armenian, Russian and English. */
export type Names = { hy: string; ru: string; en: string }
