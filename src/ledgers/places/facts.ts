import type {
  BalanceRow,
  BlockRow,
  DetailsRow,
  HeadcountRow,
  HoldRow,
  NoteRow,
  ReferenceRow,
  StayRow,
} from '../../database/tables/places.ts'
import type { ShelterRow } from '../../database/tables/regions-and-shelters.ts'
import { type Balance, type Delta, EMPTY, shift } from '../../domain/balance.ts'
import type { Instant } from '../../domain/instant.ts'
import { referenceKey } from '../../domain/stays.ts'
import type { Effect } from '../../journal/entry.ts'

/** What one command must see. */
export type PlacesNeeds = {
  /** by id or code */
  shelters?: string[]
  /** by id; their shelters come along */
  stays?: string[]
  /** as they are written on the card; the household's open stays and their shelters come along */
  references?: string[]
  /** stays by id whose households' references must be known */
  households_of?: string[]
  /** by id; their shelters come along */
  holds?: string[]
  blocks?: string[]
  headcounts?: string[]
  /** stays of which every effect must be known, and the stays that continue them */
  whole_stays?: string[]
  /** moments of the past at which the people in a shelter must be known; shelters by id or code */
  occupied_at?: { shelter: string; at: Instant }[]
}

/** New rows, whole: a row that stands already is replaced. */
export type PlacesChanges = {
  shelters?: ShelterRow[]
  balances?: BalanceRow[]
  stays?: StayRow[]
  references?: ReferenceRow[]
  details?: DetailsRow[]
  notes?: NoteRow[]
  holds?: HoldRow[]
  blocks?: BlockRow[]
  headcounts?: HeadcountRow[]
}

export type Shelter = ShelterRow & { balance: BalanceRow }

/** The rows that a batch of commands needs, as they stand after the commands decided so far. */
export type PlacesFacts = {
  /** by id or code */
  shelter(name: string): Shelter | undefined
  stay(id: string): StayRow | undefined
  household(reference: string): ReferenceRow | undefined
  /** whether a household has a reference; false where nobody asked for it */
  hasReference(household: string): boolean
  /** newest first */
  openStays(household: string): StayRow[]
  hold(id: string): HoldRow | undefined
  block(id: string): BlockRow | undefined
  headcount(id: string): HeadcountRow | undefined
  /** all effects that a stay has had so far, in the order of their entries */
  effectsOf(stay: string): Effect[]
  /** whether a later stay goes on from this one */
  isContinued(stay: string): boolean
  details(stay: string): DetailsRow | undefined
  /** people in a shelter at a moment of the past, as known now; undefined where nobody asked for it */
  occupiedAt(shelter: string, at: Instant): number | undefined
  /** live holds whose end has come */
  dueHolds(now: Instant): HoldRow[]
  /** what the balances and the number of shelters that are not closed have moved by, region by region */
  totals(): RegionDelta[]
  apply(changes: PlacesChanges): void
  /** Shows later commands the effects of the entries decided so far. */
  note(effects: Effect[]): void
}

export type RegionDelta = Delta & { region: string; shelters: number }

type LoadedShelter = ShelterRow & Balance & { unattributed: number; seq: number }

export type PlacesRows = {
  /** each with its balance */
  shelters: LoadedShelter[]
  stays: StayRow[]
  references: ReferenceRow[]
  holds: HoldRow[]
  blocks: BlockRow[]
  headcounts: HeadcountRow[]
  effects: Effect[]
  details: DetailsRow[]
  /** people in the shelter at the moment, as known before this batch */
  occupied_at: { shelter: string; at: Instant; occupied: number }[]
}

export function placesFacts(rows: PlacesRows): PlacesFacts {
  const shelters = new Map<string, ShelterRow>()
  const balances = new Map<string, BalanceRow>()
  const stays = new Map<string, StayRow>()
  const references = new Map<string, ReferenceRow>()
  const referenced = new Set<string>()
  const holds = new Map<string, HoldRow>()
  const blocks = new Map<string, BlockRow>()
  const headcounts = new Map<string, HeadcountRow>()
  const details = new Map<string, DetailsRow>()
  const stays_of = new Map<string, Set<string>>()
  const continued_by = new Map<string, Set<string>>()
  const effects = [...rows.effects]
  const noted: Effect[] = []
  const totals = new Map<string, RegionDelta>()

  const setOf = (map: Map<string, Set<string>>, key: string): Set<string> => {
    const known = map.get(key) ?? new Set<string>()
    map.set(key, known)
    return known
  }

  function addToTotals(region: string, by: Delta, counted: number): void {
    const sum = totals.get(region) ?? { region, ...EMPTY, shelters: 0 }
    totals.set(region, { ...sum, ...shift(sum, by), shelters: sum.shelters + counted })
  }

  /** What a row that replaces another moves the totals by. */
  function count(row: BalanceRow): void {
    addToTotals(row.region, shift(row, negative(balances.get(row.shelter) ?? EMPTY)), 0)
  }
  function countShelter(row: ShelterRow): void {
    const before = shelters.get(row.id)
    const counted = (shelter: ShelterRow | undefined) =>
      shelter === undefined || shelter.status === 'closed' ? 0 : 1
    if (counted(row) !== counted(before)) addToTotals(row.region, EMPTY, counted(row) - counted(before))
  }

  function apply(changes: PlacesChanges): void {
    for (const row of changes.shelters ?? []) {
      shelters.set(row.id, row)
      shelters.set(row.code, row)
    }
    for (const row of changes.balances ?? []) balances.set(row.shelter, row)
    for (const row of changes.references ?? []) {
      references.set(row.reference_key, row)
      referenced.add(row.household)
    }
    for (const row of changes.holds ?? []) holds.set(row.id, row)
    for (const row of changes.blocks ?? []) blocks.set(row.id, row)
    for (const row of changes.headcounts ?? []) headcounts.set(row.id, row)
    for (const row of changes.details ?? []) details.set(row.stay, row)
    for (const row of changes.stays ?? []) {
      stays.set(row.id, row)
      setOf(stays_of, row.household).add(row.id)
      if (row.transferred_from !== null) setOf(continued_by, row.transferred_from).add(row.id)
    }
  }
  apply({ ...rows, balances: rows.shelters.map(balanceRow) })

  return {
    shelter(name) {
      const row = shelters.get(name)
      const balance = row && balances.get(row.id)
      return row && balance && { ...row, balance }
    },
    stay: (id) => stays.get(id),
    household: (reference) => references.get(referenceKey(reference)),
    hasReference: (household) => referenced.has(household),
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
    hold: (id) => holds.get(id),
    block: (id) => blocks.get(id),
    headcount: (id) => headcounts.get(id),
    effectsOf: (stay) => [...effects, ...noted].filter((effect) => effect.stay === stay),
    isContinued: (stay) =>
      [...(continued_by.get(stay) ?? [])].some((later) => stays.get(later)?.status !== 'cancelled'),
    details: (stay) => details.get(stay),
    occupiedAt(shelter, at) {
      const before = rows.occupied_at.find((row) => row.shelter === shelter && row.at === at)
      if (before === undefined) return undefined
      return noted.reduce(
        (sum, effect) => (effect.shelter === shelter && effect.at <= at ? sum + effect.occupied : sum),
        before.occupied,
      )
    },
    dueHolds: (now) => [...holds.values()].filter((hold) => hold.status === 'live' && hold.expires_at <= now),
    totals: () => [...totals.values()],
    apply(changes) {
      // One after another: a household that moves from two stays of one shelter changes its balance twice.
      for (const row of changes.balances ?? []) {
        count(row)
        balances.set(row.shelter, row)
      }
      for (const row of changes.shelters ?? []) countShelter(row)
      apply(changes)
    },
    note: (more) => void noted.push(...more),
  }
}

const negative = (by: Delta): Delta => ({
  places: -by.places,
  blocked: -by.blocked,
  occupied: -by.occupied,
  held: -by.held,
  emergency: -by.emergency,
})

const balanceRow = ({ id, region, ...row }: LoadedShelter): BalanceRow => ({
  shelter: id,
  region,
  places: row.places,
  blocked: row.blocked,
  occupied: row.occupied,
  held: row.held,
  emergency: row.emergency,
  unattributed: row.unattributed,
  seq: row.seq,
})
