import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import type { ItemCategory, MovementKind, Names, StockReason, Storage } from '../../domain/supplies.ts'
import { instant } from './columns.ts'

/*
 * Items, needs and warehouses are plain records. Stock is written by the stock ledger alone, under the journal's lock.
 * All quantities are whole thousandths of the item's unit: 12500 is "12.5" (domain/quantities.ts).
 */

export const items = pgTable('items', {
  code: text('code').primaryKey(),
  names: jsonb('names').$type<Names>().notNull(),
  category: text('category').$type<ItemCategory>().notNull(),
  /** kg, l, piece, tablet, iu …: what a quantity of 1 is */
  unit: text('unit').notNull(),
  /** how many decimals a quantity may have */
  decimals: smallint('decimals').notNull(),
  /** energy in one unit; nothing where nobody eats it */
  kcal_per_unit: integer('kcal_per_unit'),
  atc_code: text('atc_code'),
  storage: text('storage').$type<Storage>().notNull(),
  controlled: boolean('controlled').notNull(),
  version: integer('version').notNull(),
  created_at: instant('created_at').notNull(),
  updated_at: instant('updated_at').notNull(),
})

/** What a household may need. `daily` is what one person takes in a day, of `item`. */
export const needs = pgTable('needs', {
  code: text('code').primaryKey(),
  names: jsonb('names').$type<Names>().notNull(),
  item: text('item'),
  daily: bigint('daily', { mode: 'number' }),
  source: text('source'),
  updated_at: instant('updated_at').notNull(),
})

/** Stores that are no shelter. A shelter has one store, and it has the shelter's id and code. */
export const warehouses = pgTable('warehouses', {
  id: uuid('id').primaryKey(),
  code: text('code').unique('one_warehouse_per_code'),
  name: text('name').notNull(),
  region: text('region').notNull(),
  latitude: doublePrecision('latitude'),
  longitude: doublePrecision('longitude'),
  created_at: instant('created_at').notNull(),
})

/** Stands for "never expires" and "no batch number" where a key may not be null. */
export const NEVER = '9999-12-31'
export const NO_LOT = ''

const lot = {
  store: uuid('store').notNull(),
  item: text('item').notNull(),
  /** the batch number; empty where there is none */
  lot: text('lot').notNull(),
  /** the last day on which it may be used; 9999-12-31 where it does not expire */
  expires_on: date('expires_on').notNull(),
  usable: bigint('usable', { mode: 'number' }).notNull(),
  quarantined: bigint('quarantined', { mode: 'number' }).notNull(),
}

/** How much of a lot lies in a store now; the hot row. The check is the last wall: `decide` has refused long before. */
export const stock = pgTable(
  'stock',
  { ...lot, seq: bigint('seq', { mode: 'number' }).notNull() },
  (table) => [
    primaryKey({ name: 'stock_pkey', columns: [table.store, table.item, table.expires_on, table.lot] }),
    check('stock_is_never_negative', sql`${table.usable} >= 0 and ${table.quarantined} >= 0`),
  ],
)

/** What moved, one row for each lot and store, each with its own moment: the stock of any moment is a sum over them. */
export const stock_effects = pgTable(
  'stock_effects',
  {
    seq: bigint('seq', { mode: 'number' }).notNull(),
    /** its place among the entry's effects, from 0 */
    ordinal: integer('ordinal').notNull(),
    at: instant('at').notNull(),
    ...lot,
  },
  (table) => [
    primaryKey({ name: 'stock_effects_pkey', columns: [table.seq, table.ordinal] }),
    index('stock_effects_by_store').on(table.store, table.item, table.at),
  ],
)

/** What was moved of which lot: what was asked, or what first-expired-first-out chose. */
export type MovedLine = {
  item: string
  /** null where it has no batch number */
  lot: string | null
  /** null where it does not expire */
  expires_on: string | null
  /** thousandths */
  quantity: number
  /** from which part of the lot it was taken, so that it goes back there */
  part: 'usable' | 'quarantined'
}

export const stock_movements = pgTable(
  'stock_movements',
  {
    id: uuid('id').primaryKey(),
    kind: text('kind').$type<MovementKind>().notNull(),
    store: uuid('store').notNull(),
    to_store: uuid('to_store'),
    region: text('region').notNull(),
    lines: jsonb('lines').$type<MovedLine[]>().notNull(),
    reason: text('reason').$type<StockReason>(),
    note: text('note'),
    consignment: uuid('consignment'),
    occurred_at: instant('occurred_at').notNull(),
    recorded_at: instant('recorded_at').notNull(),
    /** when it was taken back */
    reversed_at: instant('reversed_at'),
    seq: bigint('seq', { mode: 'number' }).notNull(),
  },
  (table) => [
    index('stock_movements_by_store').on(table.store, table.id),
    index('stock_movements_by_target').on(table.to_store, table.id).where(sql`${table.to_store} is not null`),
    index('stock_movements_by_consignment')
      .on(table.consignment)
      .where(sql`${table.consignment} is not null`),
  ],
)

export type ItemRow = typeof items.$inferSelect
export type NeedRow = typeof needs.$inferSelect
export type WarehouseRow = typeof warehouses.$inferSelect
export type StockRow = typeof stock.$inferSelect
export type StockEffectRow = typeof stock_effects.$inferSelect
export type MovementRow = typeof stock_movements.$inferSelect
