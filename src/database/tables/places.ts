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
import type { BlockReason, CountMethod, HoldStatus } from '../../domain/holds.ts'
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
    /** people whom a headcount showed to have left untold, and whose stays are still open: booked as gone already */
    unattributed: integer('unattributed').notNull().default(0),
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
    /** the stay that it came from, so that a cancellation finds what to take back */
    stay: uuid('stay'),
    /** the hold whose places it gives or takes */
    hold: uuid('hold'),
    ...figures,
    ...flows,
  },
  (table) => [
    index('place_effects_by_stay').on(table.stay).where(sql`${table.stay} is not null`),
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
    index('stays_by_origin').on(table.transferred_from).where(sql`${table.transferred_from} is not null`),
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

/** Places kept for a party on its way. `remaining` counts in `place_balances.held` while the hold is live. */
export const holds = pgTable(
  'holds',
  {
    id: uuid('id').primaryKey(),
    shelter: uuid('shelter').notNull(),
    region: text('region').notNull(),
    people: integer('people').notNull(),
    remaining: integer('remaining').notNull(),
    status: text('status').$type<HoldStatus>().notNull(),
    /** who is on the road, in words; erasable */
    party: text('party').notNull(),
    origin: text('origin'),
    expected_at: instant('expected_at'),
    expires_at: instant('expires_at').notNull(),
    placed_at: instant('placed_at').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
  },
  (table) => [
    index('live_holds_by_end').on(table.expires_at).where(sql`${table.status} = 'live'`),
    index('live_holds_by_shelter').on(table.shelter).where(sql`${table.status} = 'live'`),
    check('a_hold_keeps_no_more_than_it_did', sql`${table.remaining} between 0 and ${table.people}`),
  ],
)

/** Places out of service. `until` is a forecast: nothing is lifted by itself. */
export const blocks = pgTable(
  'blocks',
  {
    id: uuid('id').primaryKey(),
    shelter: uuid('shelter').notNull(),
    region: text('region').notNull(),
    places: integer('places').notNull(),
    reason: text('reason').$type<BlockReason>().notNull(),
    note: text('note'),
    until: instant('until'),
    blocked_at: instant('blocked_at').notNull(),
    lifted_at: instant('lifted_at'),
    seq: bigint('seq', { mode: 'number' }).notNull(),
  },
  (table) => [index('blocks_by_shelter').on(table.shelter)],
)

/** What was counted on the spot, beside what the ledger said of that moment. */
export const headcounts = pgTable(
  'headcounts',
  {
    id: uuid('id').primaryKey(),
    shelter: uuid('shelter').notNull(),
    region: text('region').notNull(),
    people: integer('people').notNull(),
    /** people in the ledger at `counted_at`, as known when it was posted */
    occupied: integer('occupied').notNull(),
    method: text('method').$type<CountMethod>().notNull(),
    counted_at: instant('counted_at').notNull(),
    recorded_at: instant('recorded_at').notNull(),
    settled_at: instant('settled_at'),
    seq: bigint('seq', { mode: 'number' }).notNull(),
  },
  (table) => [index('headcounts_by_shelter').on(table.shelter, table.counted_at)],
)

export type HoldRow = typeof holds.$inferSelect
export type BlockRow = typeof blocks.$inferSelect
export type HeadcountRow = typeof headcounts.$inferSelect
export type BalanceRow = typeof place_balances.$inferSelect
export type EffectRow = typeof place_effects.$inferSelect
export type StayRow = typeof stays.$inferSelect
export type ReferenceRow = typeof household_references.$inferSelect
export type DetailsRow = typeof stay_details.$inferSelect
export type NoteRow = typeof private_notes.$inferSelect
