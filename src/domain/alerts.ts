/** The words of what the service warns of. */

export const alert_kinds = [
  'food_low',
  'medicine_low',
  'lot_expiring',
  'shelter_near_full',
  'overflow_used',
  'places_near_exhausted',
  'headcount_differs',
  'hold_expired',
  'consignment_late',
] as const

/** From the least to the worst. */
export const severities = ['notice', 'warning', 'serious', 'critical'] as const

export type AlertKind = (typeof alert_kinds)[number]
export type Severity = (typeof severities)[number]

export const rankOf = (severity: Severity): number => severities.indexOf(severity)
