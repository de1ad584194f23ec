import { date, doublePrecision, index, integer, pgTable, smallint, text, uuid } from 'drizzle-orm/pg-core'
import type { HealthServiceKind } from '../../domain/services.ts'
import { instant } from './columns.ts'

/** Somebody who brings portions to a shelter, day by day. */
export const meal_services = pgTable(
  'meal_services',
  {
    id: uuid('id').primaryKey(),
    shelter: uuid('shelter').notNull(),
    region: text('region').notNull(),
    provider: text('provider').notNull(),
    /** portions in all, not for each person */
    meals_per_day: integer('meals_per_day').notNull(),
    starts_on: date('starts_on').notNull(),
    /** the last day; open where there is none */
    ends_on: date('ends_on'),
    created_at: instant('created_at').notNull(),
  },
  (table) => [index('meal_services_by_shelter').on(table.shelter)],
)

/** Where medicine can be had: in a shelter, or at a position of its own. */
export const health_services = pgTable('health_services', {
  id: uuid('id').primaryKey(),
  kind: text('kind').$type<HealthServiceKind>().notNull(),
  shelter: uuid('shelter'),
  provider: text('provider').notNull(),
  latitude: doublePrecision('latitude').notNull(),
  longitude: doublePrecision('longitude').notNull(),
  /** 1 for Monday to 7 for Sunday; nothing where it is there every day */
  weekdays: smallint('weekdays').array(),
  starts_on: date('starts_on').notNull(),
  ends_on: date('ends_on'),
  created_at: instant('created_at').notNull(),
})

export type MealServiceRow = typeof meal_services.$inferSelect
export type HealthServiceRow = typeof health_services.$inferSelect
