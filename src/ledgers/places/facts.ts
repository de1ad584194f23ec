import type { BalanceRow, DetailsRow, NoteRow, ReferenceRow, StayRow } from '../../database/tables/places.ts'
import type { ShelterRow } from '../../database/tables/regions-and-shelters.ts'
import type { Balance } from '../../domain/balance.ts'
import { referenceKey } from '../../domain/stays.ts'

/** What one command must see. */
export type PlacesNeeds = {
  /** by id or code */
  shelters?: string[]
  /** by id; their shelters come along */
  stays?: string[]
  /** as they are written on the card; the household's open stays and their shelters come along */
  references?: string[]
}

/** New rows, whole: a row that stands already is replaced. */
export type PlacesChanges = {
  shelters?: ShelterRow[]
  balances?: BalanceRow[]
  stays?: StayRow[]
  references?: ReferenceRow[]
  details?: DetailsRow[]
  notes?: NoteRow[]
}

export type Shelter = ShelterRow & { balance: BalanceRow }

/** The rows that a batch of commands needs, as they stand after the commands decided so far. */
export type PlacesFacts = {
  /** by id or code */
  shelter(name: string): Shelter | undefined
  stay(id: string): StayRow | undefined
  household(reference: string): ReferenceRow | undefined
  /** newest first */
  openStays(household: string): StayRow[]
  apply(changes: PlacesChanges): void
}

export function placesFacts(rows: {
  /** each with its balance */
  shelters: (ShelterRow & Balance & { seq: number })[]
  stays: StayRow[]
  references: ReferenceRow[]
}): PlacesFacts {
  const shelters = new Map<string, ShelterRow>()
  const balances = new Map<string, BalanceRow>()
  const stays = new Map<string, StayRow>()
  const references = new Map<string, ReferenceRow>()
  const stays_of = new Map<string, Set<string>>()

  function apply(changes: PlacesChanges): void {
    for (const row of changes.shelters ?? []) {
      shelters.set(row.id, row)
      shelters.set(row.code, row)
    }
    for (const row of changes.balances ?? []) balances.set(row.shelter, row)
    for (const row of changes.references ?? []) references.set(row.reference_key, row)
    for (const row of changes.stays ?? []) {
      stays.set(row.id, row)
      const of_household = stays_of.get(row.household)
      if (of_household === undefined) stays_of.set(row.household, new Set([row.id]))
      else of_household.add(row.id)
    }
  }
  apply({
    ...rows,
    balances: rows.shelters.map(({ id, ...row }) => balanceRow(id, row.region, row, row.seq)),
  })

  return {
    shelter(name) {
      const row = shelters.get(name)
      const balance = row && balances.get(row.id)
      return row && balance && { ...row, balance }
    },
    stay: (id) => stays.get(id),
    household: (reference) => references.get(referenceKey(reference)),
    openStays(household) {
      const open: StayRow[] = []
      for (const id of stays_of.get(household) ?? []) {
        const stay = stays.get(id)
        if (stay?.status === 'present') open.push(stay)
      }
      return open.sort((a, b) =>
        a.arrived_at === b.arrived_at ? b.seq - a.seq : a.arrived_at < b.arrived_at ? 1 : -1,
      )
    },
    apply,
  }
}

const balanceRow = (shelter: string, region: string, balance: Balance, seq: number): BalanceRow => ({
  shelter,
  region,
  places: balance.places,
  blocked: balance.blocked,
  occupied: balance.occupied,
  held: balance.held,
  emergency: balance.emergency,
  seq,
})
