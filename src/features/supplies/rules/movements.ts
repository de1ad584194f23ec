import type { MovementRow, StockRow } from '../../../database/tables/supplies.ts'
import { dayOf } from '../../../domain/days.ts'
import type { Instant } from '../../../domain/instant.ts'
import { decimalsOf, quantityText, type Thousandths, thousandthsOf } from '../../../domain/quantities.ts'
import type { MovementKind } from '../../../domain/supplies.ts'
import { type Refusal, refuse, refuseAt } from '../../../http/problem.ts'
import type { Command, Moment } from '../../../journal/ledger.ts'
import { occurrence } from '../../../ledgers/occurrence.ts'
import { lotKey, type StockFacts, type Store } from '../../../ledgers/stock/facts.ts'
import {
  afterMoves,
  bookMovement,
  bookReversal,
  expiryOf,
  isExpired,
  type LotMove,
  lotOf,
  type Part,
  shownExpiry,
  shownLot,
  takeOut,
} from '../../../ledgers/stock/moves.ts'
import type { MovementAnswer, MovementLine, MovementShown, NewMovement } from '../schemas.ts'
import { type Decided, type Facts, storeFor } from './shared.ts'

export const shownMovement = (row: MovementRow): MovementShown => ({
  id: row.id,
  kind: row.kind,
  store: row.store,
  to_store: row.to_store,
  lines: row.lines.map(({ part: _part, ...line }) => ({ ...line, quantity: quantityText(line.quantity) })),
  reason: row.reason,
  consignment: row.consignment,
  occurred_at: row.occurred_at,
  recorded_at: row.recorded_at,
  reversed_at: row.reversed_at,
})

/**
 * Stock moves: all lines, or none. Refused in this order: `store_not_found`, `outside_remit`, `in_the_future` /
 * `before_2000`, `id_taken`, then line by line `item_not_found`, `too_many_decimals`, `lot_expired`,
 * `lot_not_found`, `insufficient_stock`.
 */
export function decideMovement(
  facts: Facts,
  { content, fresh, caller }: Command<NewMovement, { movement: string }>,
  now: Moment,
): Decided<MovementAnswer> {
  const found = storeFor(facts, content.store, caller)
  if ('refused' in found) return found
  const { store } = found
  const to_store = content.to_store === undefined ? undefined : facts.stock.store(content.to_store)
  if (content.to_store !== undefined && to_store === undefined)
    return { refused: refuseAt('store_not_found', '/to_store', `No store is called ${content.to_store}.`) }
  if (to_store?.id === store.id)
    return { refused: refuseAt('same_store', '/to_store', 'It lies in that store already.') }
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  const id = content.id ?? fresh.movement
  if (facts.stock.movement(id) !== undefined)
    return { refused: refuse('id_taken', `The id ${id} names another movement.`) }

  const moves: LotMove[] = []
  const lines: MovementRow['lines'] = []
  for (const [index, line] of content.lines.entries()) {
    const item = facts.records.row('items', line.item)
    const pointer = `/lines/${index}`
    if (item === undefined)
      return { refused: refuseAt('item_not_found', `${pointer}/item`, `No item is called ${line.item}.`) }
    if (decimalsOf(line.quantity) > item.decimals) {
      const detail = `${item.code} is counted with ${item.decimals} decimals, in ${item.unit}.`
      return { refused: refuseAt('too_many_decimals', `${pointer}/quantity`, detail) }
    }
    // What the lines before this one took is no longer there for it.
    const moved = moveLine(facts.stock, moves, {
      kind: content.kind,
      store,
      to_store,
      line,
      pointer,
      index,
      at,
    })
    if ('refused' in moved) return moved
    moves.push(...moved.moves)
    lines.push(...moved.lines)
  }
  const booked = bookMovement(
    facts.stock,
    { id, kind: content.kind, store, to_store, reason: content.reason, note: content.note, at, moves, lines },
    now,
  )
  return {
    status: 201,
    answer: { movement: shownMovement(booked.row), seq: now.seq },
    entries: [booked.entry],
    changes: { stock: { stock: booked.stock, movements: [booked.row] } },
  }
}

type LineAsked = {
  kind: MovementKind
  store: Store
  to_store: Store | undefined
  line: MovementLine
  pointer: string
  index: number
  at: Instant
}
type LineMoved = { refused: Refusal } | { moves: LotMove[]; lines: MovementRow['lines'] }

function moveLine(facts: StockFacts, before: readonly LotMove[], asked: LineAsked): LineMoved {
  const { kind, store, line, pointer, at } = asked
  const quantity = thousandthsOf(line.quantity)
  const comes_in = kind === 'receipt' || (kind === 'adjustment' && quantity > 0)
  if (comes_in) {
    const expires_on = expiryOf(line.expires_on)
    if (kind === 'receipt' && expires_on < dayOf(at)) {
      const detail = `It expired on ${expires_on}; what has expired is not taken in.`
      return { refused: refuseAt('lot_expired', `${pointer}/expires_on`, detail) }
    }
    const move = { store: store.id, item: line.item, lot: lotOf(line.lot), expires_on }
    const shown = {
      item: line.item,
      lot: line.lot ?? null,
      expires_on: shownExpiry(expires_on),
      quantity,
      part: 'usable' as const,
    }
    return { moves: [{ ...move, usable: quantity, quarantined: 0 }], lines: [shown] }
  }
  return takeLine(facts, before, asked, Math.abs(quantity))
}

/** Which parts of which lots a kind of movement may take, in the order in which it takes them. */
function partsFor(kind: MovementKind, row: StockRow, at: Instant, named: boolean): Part[] {
  switch (kind) {
    case 'issue':
      return isExpired(row, at) ? [] : ['usable']
    case 'transfer':
      // What has expired may be brought to where it is disposed of, if that is what was meant.
      return isExpired(row, at) && !named ? [] : ['usable']
    case 'quarantine':
    case 'adjustment':
      return ['usable']
    case 'release':
      return ['quarantined']
    case 'disposal':
      return ['quarantined', 'usable']
    case 'receipt':
      return []
  }
}

function takeLine(
  facts: StockFacts,
  before: readonly LotMove[],
  { kind, store, to_store, line, pointer, index, at }: LineAsked,
  quantity: Thousandths,
): LineMoved {
  const named = line.lot !== undefined || line.expires_on !== undefined
  const after_lines = new Map(afterMoves(facts, before, 0).map((row) => [lotKey(row), row]))
  const lots = facts
    .lots(store.id, line.item)
    .filter(
      (row) =>
        (line.lot === undefined || row.lot === line.lot) &&
        (line.expires_on === undefined || row.expires_on === line.expires_on),
    )
  if (named && lots.length === 0) {
    const detail = `${store.name} has never had this lot of ${line.item}.`
    return { refused: refuseAt('lot_not_found', `${pointer}/lot`, detail) }
  }
  const open = lots.flatMap((row) => {
    const now = after_lines.get(lotKey(row)) ?? row
    return partsFor(kind, row, at, named).map((part) => ({ row: now, part }))
  })
  const result = takeOut(facts, open, quantity, at)
  if ('available' in result) {
    const available = quantityText(result.available)
    const requested = quantityText(quantity)
    const detail = `Line ${index + 1}: ${requested} of ${line.item} were asked for, ${available} may be taken from ${store.name}.`
    return {
      refused: refuseAt('insufficient_stock', `${pointer}/quantity`, detail, {
        line: index,
        item: line.item,
        requested,
        available,
      }),
    }
  }
  const moves = result.taken.flatMap(({ row, part, quantity: taken }): LotMove[] => {
    const lot = { item: row.item, lot: row.lot, expires_on: row.expires_on }
    const out = { ...lot, store: store.id, usable: 0, quarantined: 0, [part]: -taken }
    if (kind === 'transfer' && to_store !== undefined)
      return [out, { ...lot, store: to_store.id, usable: taken, quarantined: 0 }]
    if (kind === 'quarantine') return [{ ...out, quarantined: taken }]
    if (kind === 'release') return [{ ...out, usable: taken }]
    return [out]
  })
  const sign = kind === 'adjustment' ? -1 : 1
  const lines = result.taken.map(({ row, part, quantity: taken }) => ({
    item: row.item,
    lot: shownLot(row.lot),
    expires_on: shownExpiry(row.expires_on),
    quantity: sign * taken,
    part,
  }))
  return { moves, lines }
}

/** What a line moved, the other way round. */
function reversed(
  { kind, store, to_store }: MovementRow,
  { item, lot, expires_on, quantity, part }: MovementRow['lines'][number],
): LotMove[] {
  const key = { item, lot: lotOf(lot), expires_on: expiryOf(expires_on) }
  const at = (where: string, usable: number, quarantined = 0): LotMove => ({
    ...key,
    store: where,
    usable,
    quarantined,
  })
  switch (kind) {
    case 'receipt':
    case 'adjustment':
      return [at(store, -quantity)]
    case 'issue':
    case 'disposal':
      return [part === 'usable' ? at(store, quantity) : at(store, 0, quantity)]
    case 'transfer':
      return [at(store, quantity), at(to_store ?? store, -quantity)]
    case 'quarantine':
      return [at(store, quantity, -quantity)]
    case 'release':
      return [at(store, -quantity, quantity)]
  }
}

/**
 * A movement is taken back, at its own moment. What it brought in must still be there, at every moment since. Refused
 * in this order: `movement_not_found`, `outside_remit`, `movement_reversed`, `insufficient_stock`.
 */
export function decideReversal(
  facts: Facts,
  { content, caller }: Command<{ movement: string }, unknown>,
  now: Moment,
): Decided<MovementAnswer> {
  const movement = facts.stock.movement(content.movement)
  if (movement === undefined)
    return { refused: refuse('movement_not_found', `No movement ${content.movement} is known.`) }
  const found = storeFor(facts, movement.store, caller)
  if ('refused' in found) return found
  if (movement.reversed_at !== null)
    return { refused: refuse('movement_reversed', `It was taken back at ${movement.reversed_at}.`) }
  const moves = movement.lines.flatMap((line) => reversed(movement, line))
  for (const row of afterMoves(facts.stock, moves, now.seq)) {
    const before = facts.stock
      .lots(row.store, row.item)
      .find(({ lot, expires_on }) => lot === row.lot && expires_on === row.expires_on)
    const least = before && facts.stock.leastSince(before, movement.occurred_at)
    for (const part of ['usable', 'quarantined'] as const) {
      const taken = (before?.[part] ?? 0) - row[part]
      if (taken <= Math.max(0, least?.[part] ?? 0)) continue
      const requested = quantityText(taken)
      const available = quantityText(Math.max(0, least?.[part] ?? 0))
      const detail = `Of ${row.item}, ${requested} would have to be there still, ${available} are.`
      return { refused: refuse('insufficient_stock', detail, { item: row.item, requested, available }) }
    }
  }
  const booked = bookReversal(facts.stock, movement, moves, found.store, now)
  return {
    status: 200,
    answer: { movement: shownMovement(booked.row), seq: now.seq },
    entries: [booked.entry],
    changes: { stock: { stock: booked.stock, movements: [booked.row] } },
  }
}
