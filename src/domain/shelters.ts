/** The words of the register: what a shelter can be, and what is known about it. */

export const shelter_kinds = [
  'hotel',
  'guest_house',
  'school',
  'kindergarten',
  'gym',
  'dormitory',
  'sanatorium',
  'public_building',
  'empty_house',
  'host_family_pool',
  'tents',
  'transit_centre',
  'other',
] as const

/** `planned` and `paused` take nobody but by overflow; `closed` takes nobody who came after the closing. */
export const shelter_statuses = ['planned', 'open', 'paused', 'closed'] as const

export const operator_kinds = ['state', 'municipal', 'ngo', 'private'] as const

/** How well a position is known: the building, the street, the settlement, or no better than the region. */
export const location_accuracies = ['exact', 'street', 'settlement', 'region'] as const

/** What staff and families ask about a building. Unknown, no and zero are three different answers. */
export const shelter_facts = [
  'step_free',
  'heated',
  'kitchen',
  'medical_room',
  'infant_corner',
  'pets',
] as const
export const fact_answers = ['yes', 'no', 'unknown'] as const

export const places_reasons = ['opened', 'expanded', 'reduced', 'correction'] as const

/** The largest building that the register takes, in places (contract, *Conventions*). */
export const PLACES_MAX = 20_000

export type ShelterKind = (typeof shelter_kinds)[number]
export type ShelterStatus = (typeof shelter_statuses)[number]
export type FactAnswer = (typeof fact_answers)[number]
export type PlacesReason = (typeof places_reasons)[number]
export type ShelterFacts = Partial<Record<(typeof shelter_facts)[number], FactAnswer>>
