import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  date,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import type { Composition, Destination, HouseholdNeed, StayStatus } from '../../domain/stays.ts'
import { instant } from './columns.ts'

/*
 * Written by the places ledger alone, under the journal's lock. There are no foreign keys on these rows: the one
 * writer has read what it refers to in the same transaction, and a key check per arrival would lock the shelter's
 * row that everybody needs.
 */

/** How full a shelter is now; the hot row. The checks are the last wall: `decide` has refused long before. */
export const place_balances = pgTable(
  'place_balances',
  {
    shelter: uuid('shelter').primaryKey(),
    region: text('region').notNull(),
    places: integer('places').notNull(),
    blocked: integer('blocked').notNull(),
    occupied: integer('occupied').notNull(),
    held: integer('held').notNull(),
    emergency: integer('emergency').notNull(),
    /** the journal entry that made it so */
    seq: bigint('seq', { mode: 'number' }).notNull(),
  },
  (table) => [
    check(
      'never_more_people_than_places',
      sql`${table.occupied} + ${table.held} + ${table.blocked} <= ${table.places}`,
    ),
    check(
      'nothing_below_zero',
      sql`${table.places} >= 0 and ${table.blocked} >= 0 and ${table.occupied} >= 0 and ${table.held} >= 0`,
    ),
    check('emergency_places_are_places', sql`${table.emergency} between 0 and ${table.places}`),
  ],
)

const figures = {
  places: integer('places').notNull(),
  blocked: integer('blocked').notNull(),
  occupied: integer('occupied').notNull(),
  held: integer('held').notNull(),
  emergency: integer('emergency').notNull(),
  /** shelters that are not closed */
  shelters: integer('shelters').notNull(),
}

const flows = {
  arrived: integer('arrived').notNull(),
  departed: integer('departed').notNull(),
  transferred_in: integer('transferred_in').notNull(),
  transferred_out: integer('transferred_out').notNull(),
}

/** The sums of all balances of a region, kept by the writer: a national figure reads eleven rows, however many shelters. */
export const region_totals = pgTable('region_totals', {
  region: text('region').primaryKey(),
  ...figures,
})

/**
 * The effects of the journal's entries, one row each. Every figure of the past is a sum over them: `at <= as_of`
 * of entries recorded by `known_at`.
 */
export const place_effects = pgTable(
  'place_effects',
  {
    seq: bigint('seq', { mode: 'number' }).notNull(),
    /** its place in the entry's `effects`, from 0 */
    ordinal: integer('ordinal').notNull(),
    shelter: uuid('shelter').notNull(),
    region: text('region').notNull(),
    at: instant('at').notNull(),
    ...figures,
    ...flows,
  },
  (table) => [
    primaryKey({ name: 'place_effects_pkey', columns: [table.seq, table.ordinal] }),
    index('place_effects_by_moment').on(table.at),
    index('place_effects_by_shelter').on(table.shelter, table.at),
  ],
)

/** Sums of effects by day (Asia/Yerevan) and region; with the tail of one day they give any past figure. */
export const region_day_sums = pgTable(
  'region_day_sums',
  { region: text('region').notNull(), day: date('day').notNull(), ...figures, ...flows },
  (table) => [primaryKey({ name: 'region_day_sums_pkey', columns: [table.region, table.day] })],
)

/** The same by shelter. */
export const shelter_day_sums = pgTable(
  'shelter_day_sums',
  { shelter: uuid('shelter').notNull(), day: date('day').notNull(), ...figures, ...flows },
  (table) => [primaryKey({ name: 'shelter_day_sums_pkey', columns: [table.shelter, table.day] })],
)

/** One household in one shelter, from arrival to departure: counts and codes, no personal data. */
export const stays = pgTable(
  'stays',
  {
    id: uuid('id').primaryKey(),
    shelter: uuid('shelter').notNull(),
    region: text('region').notNull(),
    household: uuid('household').notNull(),
    /** present now; 0 once it has ended */
    people: integer('people').notNull(),
    /** all who came in this stay */
    people_arrived: integer('people_arrived').notNull(),
    status: text('status').$type<StayStatus>().notNull(),
    arrived_at: instant('arrived_at').notNull(),
    departed_at: instant('departed_at'),
    /** the stay that this one continues, after a transfer */
    transferred_from: uuid('transferred_from'),
    /** the journal entry that made it so */
    seq: bigint('seq', { mode: 'number' }).notNull(),
  },
  (table) => [
    index('stays_by_shelter').on(table.shelter, table.id),
    index('stays_by_household').on(table.household),
    check('a_stay_has_no_fewer_than_nobody', sql`${table.people} between 0 and ${table.people_arrived}`),
  ],
)

/** The number on a registration card. Erasable: nothing else names it. */
export const household_references = pgTable('household_references', {
  household: uuid('household').primaryKey(),
  reference: text('reference').notNull(),
  /** without case, spaces and hyphens */
  reference_key: text('reference_key').notNull().unique('one_household_per_reference'),
})

/** Who is in a household, as far as staff were told, and what they need. Erasable. */
export const stay_details = pgTable('stay_details', {
  stay: uuid('stay').primaryKey(),
  composition: jsonb('composition').$type<Composition>(),
  needs: jsonb('needs').$type<HouseholdNeed[]>(),
})

/** Free text and destinations that belong to one journal entry, and must not stand in it. Erasable. */
export const private_notes = pgTable(
  'private_notes',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey(),
    shelter: uuid('shelter'),
    stay: uuid('stay'),
    destination: text('destination').$type<Destination>(),
    note: text('note'),
  },
  (table) => [index('private_notes_by_stay').on(table.stay)],
)

export type BalanceRow = typeof place_balances.$inferSelect
export type EffectRow = typeof place_effects.$inferSelect
export type StayRow = typeof stays.$inferSelect
export type ReferenceRow = typeof household_references.$inferSelect
export type DetailsRow = typeof stay_details.$inferSelect
export type NoteRow = typeof private_notes.$inferSelect
