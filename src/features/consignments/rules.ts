import { withinRemit } from '../../access/remit.ts'
import type { ConsignmentLine, ConsignmentRow } from '../../database/tables/consignments.ts'
import { dayOf } from '../../domain/days.ts'
import type { Instant } from '../../domain/instant.ts'
import { decimalsOf, quantityText, thousandthsOf } from '../../domain/quantities.ts'
import { type Refusal, refuse, refuseAt } from '../../http/problem.ts'
import type { EntryType, Json, NewEntry } from '../../journal/entry.ts'
import type { Caller, Command, Decision, Moment } from '../../journal/ledger.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { occurrence } from '../../ledgers/occurrence.ts'
import type { RecordsFacts } from '../../ledgers/records.ts'
import type { StockFacts } from '../../ledgers/stock/facts.ts'
import { bookMovement, expiryOf, type LotMove, lotOf } from '../../ledgers/stock/moves.ts'
import type {
  Cancellation,
  CheckpointPosted,
  ConsignmentAnswer,
  ConsignmentShown,
  Dispatch,
  NewConsignment,
  Receipt,
  ReceiptAnswer,
} from './schemas.ts'

type Facts = { records: RecordsFacts; stock: StockFacts }
type Decided<Answer> = Decision<Answer, ServiceLedgers>

const shownLines = (lines: readonly ConsignmentLine[]): ConsignmentShown['lines'] =>
  lines.map(({ quantity, received, damaged, lost, decimals: _decimals, ...line }) => ({
    ...line,
    quantity: quantityText(quantity),
    received: quantityText(received),
    damaged: quantityText(damaged),
    lost: quantityText(lost),
  }))

const closed = ({ status }: ConsignmentRow): boolean => status === 'received' || status === 'cancelled'

export const isOverdue = (row: ConsignmentRow, now: Instant): boolean =>
  !closed(row) && row.expected_at !== null && row.expected_at < now

export const shownConsignment = (row: ConsignmentRow, now: Instant): ConsignmentShown => {
  const { note: _note, ...shown } = row
  return {
    ...shown,
    region: row.region as ConsignmentShown['region'],
    overdue: isOverdue(row, now),
    lines: shownLines(row.lines),
  }
}

const summaryOf = (row: ConsignmentRow): ConsignmentAnswer['consignment'] => ({
  id: row.id,
  store: row.store,
  shelter: row.shelter,
  region: row.region as ConsignmentShown['region'],
  status: row.status,
  lines: shownLines(row.lines),
})

/** The entry of a consignment: counts, codes and ids; who sends it, by which road and why stands in its row. */
const entryOf = (
  type: EntryType,
  row: ConsignmentRow,
  occurred_at: Instant,
  data: Record<string, Json> = {},
): NewEntry => ({
  type,
  occurred_at,
  ...(row.shelter !== null && { shelter: row.shelter }),
  region: row.region,
  subject: { type: 'consignment', id: row.id },
  effects: [],
  data: { store: row.store, status: row.status, ...data },
})

/**
 * Cargo is announced. Refused in this order: `store_not_found`, `in_the_future` / `before_2000`, `id_taken`, then line
 * by line `item_not_found`, `too_many_decimals`.
 */
export function decideAnnouncement(
  { records, stock }: Facts,
  { content, fresh }: Command<NewConsignment, { consignment: string }>,
  now: Moment,
): Decided<ConsignmentAnswer> {
  const store = stock.store(content.destination)
  if (store === undefined)
    return {
      refused: refuseAt('store_not_found', '/destination', `No store is called ${content.destination}.`),
    }
  const at = occurrence(content.occurred_at, now)
  if (typeof at !== 'string') return at
  const id = content.id ?? fresh.consignment
  if (records.row('consignments', id) !== undefined)
    return { refused: refuse('id_taken', `The id ${id} names another consignment.`) }
  const lines: ConsignmentLine[] = []
  for (const [index, line] of content.lines.entries()) {
    const item = records.row('items', line.item)
    const pointer = `/lines/${index}`
    if (item === undefined)
      return { refused: refuseAt('item_not_found', `${pointer}/item`, `No item is called ${line.item}.`) }
    const wrong = tooManyDecimals(item, line.quantity, `${pointer}/quantity`)
    if (wrong !== undefined) return { refused: wrong }
    lines.push({
      item: line.item,
      lot: line.lot ?? null,
      expires_on: line.expires_on ?? null,
      quantity: thousandthsOf(line.quantity),
      decimals: item.decimals,
      received: 0,
      damaged: 0,
      lost: 0,
    })
  }
  const row: ConsignmentRow = {
    id,
    reference: content.reference,
    sender: content.sender,
    origin: content.origin,
    corridor: content.corridor ?? null,
    store: store.id,
    shelter: store.shelter,
    region: store.region,
    expected_at: content.expected_at ?? null,
    vehicles: content.vehicles ?? [],
    gross_weight_kg: content.gross_weight_kg ?? null,
    lines,
    status: 'announced',
    checkpoints: [],
    announced_at: at,
    dispatched_at: null,
    received_at: null,
    cancelled_at: null,
    cancellation: null,
    note: content.note ?? null,
  }
  const data = {
    vehicles: row.vehicles.length,
    gross_weight_kg: row.gross_weight_kg,
    expected_at: row.expected_at,
    lines: lines.map(({ item, quantity }) => ({ item, quantity: quantityText(quantity) })),
  }
  return {
    status: 201,
    answer: { consignment: summaryOf(row), seq: now.seq },
    entries: [entryOf('consignment_announced', row, at, data)],
    changes: { records: { consignments: [row] } },
  }
}

const tooManyDecimals = (
  { decimals }: { decimals: number },
  quantity: string,
  pointer: string,
): Refusal | undefined =>
  decimalsOf(quantity) <= decimals
    ? undefined
    : refuseAt('too_many_decimals', pointer, `This item is counted with ${decimals} decimals.`)

/** An open consignment: `consignment_not_found`, `consignment_closed`, `in_the_future` / `before_2000`. */
function openOne(
  { records }: Facts,
  content: { consignment: string; occurred_at?: Instant | undefined },
  now: Moment,
): { refused: Refusal } | { row: ConsignmentRow; at: Instant } {
  const row = records.row('consignments', content.consignment)
  if (row === undefined) return { refused: notFound(content.consignment) }
  if (closed(row)) return { refused: refuse('consignment_closed', `It is ${row.status}.`) }
  const at = occurrence(content.occurred_at, now)
  return typeof at === 'string' ? { row, at } : at
}

export const notFound = (id: string): Refusal =>
  refuse('consignment_not_found', `No consignment ${id} is known to this key.`)

const changed = (row: ConsignmentRow, entry: NewEntry, now: Moment): Decided<ConsignmentAnswer> => ({
  status: 200,
  answer: { consignment: summaryOf(row), seq: now.seq },
  entries: [entry],
  changes: { records: { consignments: [row] } },
})

/** Refused as every open consignment. On its way already: the first departure stands. */
export function decideDispatch(
  facts: Facts,
  { content }: Command<Dispatch, unknown>,
  now: Moment,
): Decided<ConsignmentAnswer> {
  const found = openOne(facts, content, now)
  if ('refused' in found) return found
  const { row: before, at } = found
  const row: ConsignmentRow = {
    ...before,
    status: before.status === 'announced' ? 'dispatched' : before.status,
    dispatched_at: before.dispatched_at ?? at,
  }
  return changed(row, entryOf('consignment_dispatched', row, at), now)
}

/** Refused as every open consignment. A checkpoint that holds it makes it held, one that clears it lets it go on. */
export function decideCheckpoint(
  facts: Facts,
  { content }: Command<CheckpointPosted, unknown>,
  now: Moment,
): Decided<ConsignmentAnswer> {
  const found = openOne(facts, content, now)
  if ('refused' in found) return found
  const { row: before, at } = found
  const { name, status, note } = content
  const row: ConsignmentRow = {
    ...before,
    status: before.status === 'partly_received' ? before.status : status === 'held' ? 'held' : 'dispatched',
    dispatched_at: before.dispatched_at ?? at,
    checkpoints: [
      ...before.checkpoints,
      { name, status, ...(note !== undefined && { note }), occurred_at: at },
    ],
  }
  return changed(row, entryOf('consignment_at_checkpoint', row, at, { checkpoint: status }), now)
}

/**
 * Cargo arrives: what is usable goes into the store in the same commit. Refused in this order:
 * `consignment_not_found`, `outside_remit`, `consignment_closed`, `in_the_future` / `before_2000`, then line by line
 * `line_not_found`, `too_many_decimals`, `more_than_announced`, `lot_expired`.
 */
export function decideReceipt(
  facts: Facts,
  { content, fresh, caller }: Command<Receipt, { movement: string }>,
  now: Moment,
): Decided<ReceiptAnswer> {
  const outside = outsideRemit(facts, content.consignment, caller)
  if (outside !== undefined) return { refused: outside }
  const found = openOne(facts, content, now)
  if ('refused' in found) return found
  const { row: before, at } = found
  const store = facts.stock.store(before.store)
  if (store === undefined) throw new Error('the store of a consignment was not loaded')
  const lines = before.lines.map((line) => ({ ...line }))
  const moves: LotMove[] = []
  const moved: Parameters<typeof bookMovement>[1]['lines'] = []
  for (const [index, came] of content.lines.entries()) {
    const pointer = `/lines/${index}`
    const line = lines[came.line]
    if (line === undefined) {
      const detail = `The consignment has ${lines.length} lines, the first is 0.`
      return { refused: refuseAt('line_not_found', `${pointer}/line`, detail) }
    }
    for (const member of ['received', 'damaged'] as const) {
      const wrong = tooManyDecimals(line, came[member] ?? '0', `${pointer}/${member}`)
      if (wrong !== undefined) return { refused: wrong }
    }
    const received = thousandthsOf(came.received)
    const damaged = thousandthsOf(came.damaged ?? '0')
    line.received += received
    line.damaged += damaged
    if (line.received + line.damaged > line.quantity) {
      const detail = `${quantityText(line.quantity)} of ${line.item} were announced. Post what came beyond it as a receipt of stock.`
      return { refused: refuseAt('more_than_announced', `${pointer}/received`, detail) }
    }
    if (received === 0) continue
    const lot = came.lot ?? line.lot
    const expires_on = came.expires_on ?? line.expires_on
    if (expiryOf(expires_on) < dayOf(at)) {
      const detail = `It expired on ${expires_on}; what has expired is not taken in. Post it as damaged.`
      return { refused: refuseAt('lot_expired', `${pointer}/expires_on`, detail) }
    }
    const key = { store: store.id, item: line.item, lot: lotOf(lot), expires_on: expiryOf(expires_on) }
    moves.push({ ...key, usable: received, quarantined: 0 })
    moved.push({ item: line.item, lot, expires_on, quantity: received, part: 'usable' })
  }
  const all_there = lines.every((line) => line.received + line.damaged === line.quantity)
  const done = content.partial !== true || all_there
  const row: ConsignmentRow = {
    ...before,
    lines: done
      ? lines.map((line) => ({ ...line, lost: line.quantity - line.received - line.damaged }))
      : lines,
    status: done ? 'received' : 'partly_received',
    dispatched_at: before.dispatched_at ?? at,
    received_at: at,
  }
  const entry = entryOf('consignment_received', row, at, {
    lines: shownLines(row.lines).map(({ item, received, damaged, lost }) => ({
      item,
      received,
      damaged,
      lost,
    })),
  })
  if (moves.length === 0) {
    return {
      status: 200,
      answer: { consignment: summaryOf(row), movement: null, seq: now.seq },
      entries: [entry],
      changes: { records: { consignments: [row] } },
    }
  }
  const receipt = {
    id: fresh.movement,
    kind: 'receipt' as const,
    store,
    consignment: row.id,
    at,
    moves,
    lines: moved,
  }
  const booked = bookMovement(facts.stock, receipt, now, now.seq + 1)
  return {
    status: 200,
    answer: { consignment: summaryOf(row), movement: fresh.movement, seq: now.seq },
    entries: [entry, booked.entry],
    changes: {
      records: { consignments: [row] },
      stock: { stock: booked.stock, movements: [booked.row] },
    },
  }
}

function outsideRemit({ records }: Facts, id: string, caller: Caller): Refusal | undefined {
  const row = records.row('consignments', id)
  if (row === undefined) return notFound(id)
  return withinRemit(caller.principal.remit, { id: row.store, region: row.region })
    ? undefined
    : refuse('outside_remit', 'Its destination is outside what this key may act for.')
}

/** Refused as every open consignment. What came in part stays booked; the rest counts as lost. */
export function decideCancellation(
  facts: Facts,
  { content }: Command<Cancellation, unknown>,
  now: Moment,
): Decided<ConsignmentAnswer> {
  const found = openOne(facts, content, now)
  if ('refused' in found) return found
  const { row: before } = found
  const row: ConsignmentRow = {
    ...before,
    status: 'cancelled',
    cancelled_at: now.at,
    cancellation: content.reason,
    note: content.note ?? before.note,
    lines: before.lines.map((line) => ({ ...line, lost: line.quantity - line.received - line.damaged })),
  }
  return changed(row, entryOf('consignment_cancelled', row, now.at, { reason: content.reason }), now)
}
