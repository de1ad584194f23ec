import type { MovementRow, StockEffectRow, StockRow } from '../../database/tables/supplies.ts'
import type { Position } from '../../domain/geography.ts'
import type { Instant } from '../../domain/instant.ts'

/** Where stock lies: the store of a shelter, which has its id and code, or a warehouse. */
export type Store = { [Name in keyof Position]: number | null } & {
  id: string
  code: string | null
  name: string
  region: string
  /** the shelter that it belongs to; null for a warehouse */
  shelter: string | null
}

/** What one command must see. Stores by id or code, items by code. */
export type StockNeeds = {
  stores?: string[]
  /** all lots of an item in a store; with `since`, also what has moved after that moment */
  stock?: { store: string; item: string; since?: Instant | undefined }[]
  /** consignments by id: their stores, and the lots there of what they bring */
  cargo?: string[]
  /** movements by id */
  movements?: string[]
  /** movements that may be taken back: with the lots that they moved, and what has moved since */
  reversals?: string[]
}

/** New rows, whole: a row that stands already is replaced. */
export type StockChanges = {
  stock?: StockRow[]
  movements?: MovementRow[]
  /** warehouses that are new; their rows are records */
  opened?: Store[]
}

/** What moved in a lot at a moment. */
export type StockEffect = Omit<StockEffectRow, 'seq' | 'ordinal'>

/** The rows that a batch of commands needs, as they stand after the commands decided so far. */
export type StockFacts = {
  /** by id or code */
  store(name: string): Store | undefined
  /** the lots of an item in a store, those that expire first first */
  lots(store: string, item: string): StockRow[]
  /** the least that a lot has had from a moment on, now included: so much may be taken out at that moment */
  leastSince(row: StockRow, at: Instant): { usable: number; quarantined: number }
  movement(id: string): MovementRow | undefined
  apply(changes: StockChanges): void
  /** Shows later commands what the entries decided so far have moved. */
  note(effects: StockEffect[]): void
}

export type StockRows = {
  stores: Store[]
  stock: StockRow[]
  effects: StockEffect[]
  movements: MovementRow[]
}

type LotKey = Pick<StockRow, 'store' | 'item' | 'lot' | 'expires_on'>

/** The name of a lot in a store. */
export const lotKey = ({ store, item, lot, expires_on }: LotKey): string =>
  `${store} ${item} ${expires_on} ${lot}`

export function stockFacts(rows: StockRows): StockFacts {
  const stores = new Map<string, Store>()
  const lots = new Map<string, Map<string, StockRow>>()
  const movements = new Map<string, MovementRow>()
  const effects = new Map<string, StockEffect[]>()

  function apply(changes: StockChanges): void {
    for (const store of changes.opened ?? []) {
      stores.set(store.id, store)
      if (store.code !== null) stores.set(store.code, store)
    }
    for (const row of changes.stock ?? []) {
      const name = `${row.store} ${row.item}`
      const known = lots.get(name) ?? new Map<string, StockRow>()
      lots.set(name, known.set(lotKey(row), row))
    }
    for (const row of changes.movements ?? []) movements.set(row.id, row)
  }
  function note(more: StockEffect[]): void {
    for (const effect of more) {
      const known = effects.get(lotKey(effect)) ?? []
      known.push(effect)
      effects.set(lotKey(effect), known)
    }
  }
  apply({ ...rows, opened: rows.stores })
  note(rows.effects)

  return {
    store: (name) => stores.get(name),
    lots: (store, item) =>
      [...(lots.get(`${store} ${item}`)?.values() ?? [])].sort((one, other) =>
        one.expires_on === other.expires_on
          ? one.lot < other.lot
            ? -1
            : 1
          : one.expires_on < other.expires_on
            ? -1
            : 1,
      ),
    leastSince(row, at) {
      const since = (effects.get(lotKey(row)) ?? []).filter((effect) => effect.at > at)
      const by_moment = [...Map.groupBy(since, (effect) => effect.at)].sort(([one], [other]) =>
        one < other ? -1 : 1,
      )
      const moved = { usable: 0, quarantined: 0 }
      for (const effect of since) {
        moved.usable += effect.usable
        moved.quarantined += effect.quarantined
      }
      const then = { usable: row.usable - moved.usable, quarantined: row.quarantined - moved.quarantined }
      const least = { ...then }
      for (const [, together] of by_moment) {
        for (const effect of together) {
          then.usable += effect.usable
          then.quarantined += effect.quarantined
        }
        least.usable = Math.min(least.usable, then.usable)
        least.quarantined = Math.min(least.quarantined, then.quarantined)
      }
      return least
    },
    movement: (id) => movements.get(id),
    apply,
    note,
  }
}
