import type { Send } from '../../database/flights.ts'
import { insertRows, type RowsStatement, rowValues, type Statement, upsertRows } from '../../database/sql.ts'
import {
  type MovementRow,
  type StockEffectRow,
  type StockRow,
  stock,
  stock_effects,
  stock_movements,
} from '../../database/tables/supplies.ts'
import type { NewEntry, NumberedEntry } from '../../journal/entry.ts'
import type { Ledger } from '../../journal/ledger.ts'
import {
  lotKey,
  type StockChanges,
  type StockFacts,
  type StockNeeds,
  type Store,
  stockFacts,
} from './facts.ts'
import { effectsOf } from './moves.ts'

/*
 * The ledger of stock: which lot of what lies in which store, and what moved. The one writer of all the tables named
 * here. Look-ups under the lock are lateral, as in the ledger of places.
 */

const store_columns = 'id, code, name, region, latitude, longitude'

/** $1 ids, $2 codes → shelters' stores and warehouses. */
const load_stores: Statement = {
  name: 'load_stores',
  text: `select s.*
from unnest($1::uuid[]) k (id)
cross join lateral (
  select ${store_columns}, id as shelter from shelters where id = k.id
  union all
  select ${store_columns}, null from warehouses where id = k.id
  limit 1
) s
union all
select s.*
from unnest($2::text[]) k (code)
cross join lateral (
  select ${store_columns}, id as shelter from shelters where code = k.code
  union all
  select ${store_columns}, null from warehouses where code = k.code
  limit 1
) s`,
}

/** The id of the store that is meant by an id or a code. */
const store_named = `cross join lateral (
  select coalesce(
    k.id,
    (select id from shelters where code = k.code),
    (select id from warehouses where code = k.code)
  ) as store
) s`

/** $1 ids of stores or null, $2 codes or null, $3 items → their lots. */
const load_stock: Statement = {
  name: 'load_stock',
  text: `select t.*
from unnest($1::uuid[], $2::text[], $3::text[]) k (id, code, item)
${store_named}
cross join lateral (select * from stock where store = s.store and item = k.item offset 0) t`,
}

/** The same, with moments in $4 → what has moved after them. */
const load_moved_since: Statement = {
  name: 'load_moved_since',
  text: `select e.*
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) k (id, code, item, at)
${store_named}
cross join lateral (
  select * from stock_effects where store = s.store and item = k.item and at > k.at offset 0
) e`,
}

/** $1 consignments → the stores that they go to. */
const load_destinations: Statement = {
  name: 'load_destinations',
  text: `select s.*
from unnest($1::uuid[]) k (id)
cross join lateral (select store from consignments where id = k.id limit 1) c
cross join lateral (
  select ${store_columns}, id as shelter from shelters where id = c.store
  union all
  select ${store_columns}, null from warehouses where id = c.store
  limit 1
) s`,
}

/** $1 consignments → the lots that their stores have of what they bring. */
const load_cargo: Statement = {
  name: 'load_cargo',
  text: `select distinct t.*
from unnest($1::uuid[]) k (id)
cross join lateral (select store, lines from consignments where id = k.id limit 1) c
cross join lateral jsonb_to_recordset(c.lines) l (item text)
cross join lateral (select * from stock where store = c.store and item = l.item offset 0) t`,
}

const load_movements: Statement = {
  name: 'load_movements',
  text: `select m.*
from unnest($1::uuid[]) k (id)
cross join lateral (select * from stock_movements where id = k.id limit 1) m`,
}

const upsert_stock = upsertRows(stock, 'store', 'item', 'expires_on', 'lot')
const upsert_movements = upsertRows(stock_movements, 'id')
const insert_effects = insertRows(stock_effects)

const is_id = /^[0-9a-f]{8}-[0-9a-f]{4}-/

type Wanted = { store: string; item: string; since?: string | undefined }

const keysOf = (wanted: readonly Wanted[]) => [
  wanted.map(({ store }) => (is_id.test(store) ? store : null)),
  wanted.map(({ store }) => (is_id.test(store) ? null : store)),
  wanted.map(({ item }) => item),
]

/** The lots that movements have moved, with the moment from which on they would be taken back. */
const wantedBy = (movements: readonly MovementRow[]): Wanted[] =>
  movements.flatMap(({ store, to_store, lines, occurred_at }) =>
    lines.flatMap(({ item }) =>
      [store, ...(to_store === null ? [] : [to_store])].map((name) => ({
        store: name,
        item,
        since: occurred_at,
      })),
    ),
  )

/** One look for each lot of each moment, however many commands ask for it. */
const once = (wanted: readonly Wanted[]): Wanted[] => [
  ...new Map(wanted.map((one) => [`${one.store} ${one.item} ${one.since ?? ''}`, one])).values(),
]

async function load(send: Send, needs: StockNeeds[]): Promise<StockFacts> {
  const names = [...new Set(needs.flatMap((need) => need.stores ?? []))]
  const reversals = [...new Set(needs.flatMap((need) => need.reversals ?? []))]
  const movement_ids = [...new Set([...needs.flatMap((need) => need.movements ?? []), ...reversals])]
  const cargo = [...new Set(needs.flatMap((need) => need.cargo ?? []))]
  const wanted = once(needs.flatMap((need) => need.stock ?? []))

  const rowsOf = async <Row>(statement: Statement, keys: unknown[][]): Promise<Row[]> =>
    keys.some((list) => list.length > 0) ? (await send(statement, keys)).rows : []
  const stockOf = (lots: readonly Wanted[]) =>
    rowsOf<StockRow>(load_stock, keysOf(once(lots.map(({ store, item }) => ({ store, item })))))
  const movedSince = (lots: readonly Wanted[]) => {
    const late = lots.filter(({ since }) => since !== undefined)
    return rowsOf<StockEffectRow>(load_moved_since, [...keysOf(late), late.map(({ since }) => since)])
  }

  const [stores, lots, effects, movements, destinations, cargo_lots] = await Promise.all([
    rowsOf<Store>(load_stores, [
      names.filter((name) => is_id.test(name)),
      names.filter((name) => !is_id.test(name)),
    ]),
    stockOf(wanted),
    movedSince(wanted),
    rowsOf<MovementRow>(load_movements, [movement_ids]),
    rowsOf<Store>(load_destinations, [cargo]),
    rowsOf<StockRow>(load_cargo, [cargo]),
  ])
  // Rare: only where something is taken back. Worth a second trip.
  const taken_back = once(wantedBy(movements.filter(({ id }) => reversals.includes(id))))
  const [more_lots, more_effects, more_stores] = await Promise.all([
    stockOf(taken_back),
    movedSince(taken_back),
    rowsOf<Store>(load_stores, [[...new Set(taken_back.map(({ store }) => store))], []]),
  ])
  const moved = [...effects, ...more_effects]
  return stockFacts({
    stores: [...stores, ...destinations, ...more_stores],
    stock: [...lots, ...cargo_lots, ...more_lots],
    // Commands that look from different moments meet the same rows.
    effects: [...new Map(moved.map((effect) => [`${effect.seq} ${effect.ordinal}`, effect])).values()],
    movements,
  })
}

/** The last row for each key: within one commit a row may change more than once. */
const latest = <Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] => [
  ...new Map(rows.map((row) => [keyOf(row), row])).values(),
]

function write(
  send: Send,
  _facts: StockFacts,
  changes: StockChanges[],
  entries: NumberedEntry[],
): Promise<unknown>[] {
  const lots = latest(
    changes.flatMap((change) => change.stock ?? []),
    lotKey,
  )
  const movements = latest(
    changes.flatMap((change) => change.movements ?? []),
    (row) => row.id,
  )
  const effects = entries.flatMap((entry) =>
    effectsOf(entry).map((effect, ordinal) => ({ seq: entry.seq, ordinal, ...effect })),
  )
  const sendRows = (statement: RowsStatement, rows: readonly object[]) =>
    rows.length === 0 ? [] : [send(statement, rowValues(statement, rows))]
  return [
    ...sendRows(upsert_stock, lots),
    ...sendRows(upsert_movements, movements),
    ...sendRows(insert_effects, effects),
  ]
}

export const stock_ledger: Ledger<StockNeeds, StockFacts, StockChanges> = {
  load,
  apply(facts, changes, entries: NewEntry[]) {
    facts.apply(changes)
    facts.note(entries.flatMap(effectsOf))
  },
  write,
}
