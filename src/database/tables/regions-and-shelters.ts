import { boolean, doublePrecision, index, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type { ShelterFacts, ShelterKind, ShelterStatus } from '../../domain/shelters.ts'
import { instant } from './columns.ts'

/** The 11 regions of ISO 3166-2:AM. Written at every start from domain/regions.ts, read by partners' own SQL. */
export const regions = pgTable('regions', {
  code: text('code').primaryKey(),
  name_hy: text('name_hy').notNull(),
  name_ru: text('name_ru').notNull(),
  name_en: text('name_en').notNull(),
  latitude: doublePrecision('latitude').notNull(),
  longitude: doublePrecision('longitude').notNull(),
  west: doublePrecision('west').notNull(),
  south: doublePrecision('south').notNull(),
  east: doublePrecision('east').notNull(),
  north: doublePrecision('north').notNull(),
})

/**
 * What a shelter is; changes rarely. How full it is stands in `place_balances`, so that people arriving never
 * touch this row. Written by the places ledger alone.
 */
export const shelters = pgTable(
  'shelters',
  {
    id: uuid('id').primaryKey(),
    code: text('code').notNull().unique('one_shelter_per_code'),
    name: text('name').notNull(),
    kind: text('kind').$type<ShelterKind>().notNull(),
    region: text('region').notNull(),
    latitude: doublePrecision('latitude').notNull(),
    longitude: doublePrecision('longitude').notNull(),
    status: text('status').$type<ShelterStatus>().notNull(),
    community: text('community'),
    address: text('address'),
    location_accuracy: text('location_accuracy').$type<'exact' | 'street' | 'settlement' | 'region'>(),
    facts: jsonb('facts').$type<ShelterFacts>().notNull(),
    operator: text('operator'),
    operator_kind: text('operator_kind').$type<'state' | 'municipal' | 'ngo' | 'private'>(),
    contact: text('contact'),
    available_until: instant('available_until'),
    public_listing: boolean('public_listing').notNull(),
    /** when it was closed, while it is: people who came before the closing may still be posted */
    closed_at: instant('closed_at'),
    /** counts changes of this row; the part of the ETag that a PATCH must know */
    version: integer('version').notNull(),
    created_at: instant('created_at').notNull(),
    updated_at: instant('updated_at').notNull(),
  },
  (table) => [index('shelters_by_region').on(table.region, table.code)],
)

export type ShelterRow = typeof shelters.$inferSelect
