/** The words of a stay: one household in one shelter, from arrival to departure. No names, anywhere. */

export const stay_statuses = ['present', 'departed', 'transferred', 'cancelled'] as const
export const destinations = [
  'own_accommodation',
  'relatives',
  'other_country',
  'hospital',
  'deceased',
  'unknown',
] as const

export const composition_groups = [
  'f_0_4',
  'f_5_17',
  'f_18_59',
  'f_60_plus',
  'm_0_4',
  'm_5_17',
  'm_18_59',
  'm_60_plus',
] as const

/** Contract, *Conventions*: people in a household, and in a group without a reference. */
export const HOUSEHOLD_MAX = 50
export const GROUP_MAX = 2_000

export type StayStatus = (typeof stay_statuses)[number]
export type Destination = (typeof destinations)[number]
export type Composition = Partial<Record<(typeof composition_groups)[number], number>>
export type HouseholdNeed = { need: string; people: number }

/** References are compared without case, spaces and hyphens (any dash that a phone's keyboard offers). */
export const referenceKey = (reference: string): string =>
  reference
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s\p{Pd}\u2212]/gu, '')

export const addition_reasons = ['joined', 'born', 'returned'] as const
export const correction_reasons = ['miscounted', 'typing_error', 'other'] as const
export const cancellation_reasons = [
  'posted_twice',
  'wrong_shelter',
  'never_arrived',
  'typing_error',
  'other',
] as const
