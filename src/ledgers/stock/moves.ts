import { type MovementRow, NEVER, NO_LOT, type StockRow } from '../../database/tables/supplies.ts'
import { dayOf } from '../../domain/days.ts'
import type { Instant } from '../../domain/instant.ts'
import { quantityText, type Thousandths, thousandthsOf } from '../../domain/quantities.ts'
import type { MovementKind, StockReason } from '../../domain/supplies.ts'
import type { EntryType, Json, NewEntry } from '../../journal/entry.ts'
import type { Moment } from '../../journal/ledger.ts'
import { lotKey, type StockEffect, type StockFacts, type Store } from './facts.ts'

/*
 * The moves that every change of stock is made of, as values. Nothing else computes a lot's quantity.
 */

/** What moves in one lot: thousandths, signed. */
export type LotMove = Pick<StockRow, 'store' | 'item' | 'lot' | 'expires_on' | 'usable' | 'quarantined'>

export const lotOf = (lot: string | null | undefined): string => lot ?? NO_LOT
export const expiryOf = (expires_on: string | null | undefined): string => expires_on ?? NEVER
export const shownLot = (lot: string): string | null => (lot === NO_LOT ? null : lot)
export const shownExpiry = (expires_on: string): string | null => (expires_on === NEVER ? null : expires_on)

/** Usable through its `expires_on`, in Asia/Yerevan; expired the day after. */
export const isExpired = (row: Pick<StockRow, 'expires_on'>, at: Instant): boolean =>
  row.expires_on < dayOf(at)

/** Which part of a lot a movement takes from. */
export type Part = 'usable' | 'quarantined'

/**
 * Takes a quantity out of lots in their order, first-expired-first-out, each no deeper than the least it has had from
 * the moment on. Gives what is taken of which lot, or how much there would be.
 */
export function takeOut(
  facts: StockFacts,
  lots: readonly { row: StockRow; part: Part }[],
  quantity: Thousandths,
  at: Instant,
): { taken: { row: StockRow; part: Part; quantity: Thousandths }[] } | { available: Thousandths } {
  const taken: { row: StockRow; part: Part; quantity: Thousandths }[] = []
  let open = quantity
  for (const { row, part } of lots) {
    const there = Math.max(0, facts.leastSince(row, at)[part])
    const used = Math.min(open, there)
    if (used > 0) taken.push({ row, part, quantity: used })
    open -= used
    if (open === 0) return { taken }
  }
  return { available: quantity - open }
}

/** The lots' rows after moves, made so by entry `seq`. A lot that was not there before begins at nothing. */
export function afterMoves(facts: StockFacts, moves: readonly LotMove[], seq: number): StockRow[] {
  const rows = new Map<string, StockRow>()
  for (const move of moves) {
    const key = lotKey(move)
    const before =
      rows.get(key) ??
      facts.lots(move.store, move.item).find((row) => lotKey(row) === key) ??
      ({ ...move, usable: 0, quarantined: 0, seq } satisfies StockRow)
    rows.set(key, {
      ...before,
      usable: before.usable + move.usable,
      quarantined: before.quarantined + move.quarantined,
      seq,
    })
  }
  return [...rows.values()]
}

const entry_types: Record<MovementKind, EntryType> = {
  receipt: 'stock_received',
  issue: 'stock_issued',
  transfer: 'stock_moved',
  adjustment: 'stock_adjusted',
  disposal: 'stock_disposed',
  quarantine: 'stock_quarantined',
  release: 'stock_released',
}

/** Moves as an entry bears them: quantities as text, so that the journal reads as the wire does. */
const movesData = (moves: readonly LotMove[]): Json =>
  moves.map(({ store, item, lot, expires_on, usable, quarantined }) => ({
    store,
    item,
    lot: shownLot(lot),
    expires_on: shownExpiry(expires_on),
    usable: quantityText(usable),
    quarantined: quantityText(quarantined),
  }))

/** What an entry moved in which lots; nothing for entries that are not about stock. */
export function effectsOf(entry: Pick<NewEntry, 'occurred_at' | 'data'>): StockEffect[] {
  // The boundary to an entry's data, which `entryOf` wrote.
  const moves = (entry.data.stock ?? []) as {
    store: string
    item: string
    lot: string | null
    expires_on: string | null
    usable: string
    quarantined: string
  }[]
  return moves.map((move) => ({
    store: move.store,
    item: move.item,
    lot: lotOf(move.lot),
    expires_on: expiryOf(move.expires_on),
    at: entry.occurred_at,
    usable: thousandthsOf(move.usable),
    quarantined: thousandthsOf(move.quarantined),
  }))
}

export type NewMovement = {
  id: string
  kind: MovementKind
  store: Store
  to_store?: Store | undefined
  reason?: StockReason | undefined
  note?: string | undefined
  consignment?: string | undefined
  at: Instant
  moves: LotMove[]
  /** the lots and quantities that people moved, as the movement shows them */
  lines: MovementRow['lines']
}

/** A movement as it is booked: its row, the lots after it, and the entry `seq` that says so. */
export function bookMovement(facts: StockFacts, movement: NewMovement, now: Moment, seq = now.seq) {
  const { id, kind, store, to_store, at, moves } = movement
  const row: MovementRow = {
    id,
    kind,
    store: store.id,
    to_store: to_store?.id ?? null,
    region: store.region,
    lines: movement.lines,
    reason: movement.reason ?? null,
    note: movement.note ?? null,
    consignment: movement.consignment ?? null,
    occurred_at: at,
    recorded_at: now.at,
    reversed_at: null,
    seq,
  }
  const entry: NewEntry = {
    type: entry_types[kind],
    occurred_at: at,
    ...(store.shelter !== null && { shelter: store.shelter }),
    region: store.region,
    subject: { type: 'movement', id },
    effects: [],
    data: {
      store: store.id,
      ...(to_store && { to_store: to_store.id }),
      ...(row.reason !== null && { reason: row.reason }),
      ...(row.consignment !== null && { consignment: row.consignment }),
      stock: movesData(moves),
    },
  }
  return { row, entry, stock: afterMoves(facts, moves, seq) }
}

/** The movement taken back: everything that it moved, the other way round, at its own moment. */
export function bookReversal(
  facts: StockFacts,
  movement: MovementRow,
  moves: readonly LotMove[],
  store: Store,
  now: Moment,
) {
  const row: MovementRow = { ...movement, reversed_at: now.at, seq: now.seq }
  const entry: NewEntry = {
    type: 'stock_reversed',
    occurred_at: movement.occurred_at,
    ...(store.shelter !== null && { shelter: store.shelter }),
    region: store.region,
    subject: { type: 'movement', id: movement.id },
    effects: [],
    data: { kind: movement.kind, store: movement.store, stock: movesData(moves) },
  }
  return { row, entry, stock: afterMoves(facts, moves, now.seq) }
}
