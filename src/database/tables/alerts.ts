import { sql } from 'drizzle-orm'
import { index, jsonb, pgTable, smallint, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { AlertKind } from '../../domain/alerts.ts'
import { instant } from './columns.ts'

/**
 * What the service warns of: opened and closed by the facts, beside the journal and not in it. Written by the alerts
 * feature alone, which may be late and is never needed: whoever reads has them worked out anew.
 */
export const alerts = pgTable(
  'alerts',
  {
    id: uuid('id').primaryKey(),
    kind: text('kind').$type<AlertKind>().notNull(),
    /** what it is about, in one word: the same cause is one alert, however often it is found */
    cause: text('cause').notNull(),
    /** the place in domain/alerts.ts, from the least to the worst */
    rank: smallint('rank').notNull(),
    shelter: uuid('shelter'),
    region: text('region'),
    /** figures and codes that say how it stands */
    about: jsonb('about').$type<Record<string, string | number | null>>().notNull(),
    since: instant('since').notNull(),
    closed_at: instant('closed_at'),
  },
  (table) => [
    uniqueIndex('one_open_alert_for_one_cause').on(table.cause).where(sql`${table.closed_at} is null`),
    index('alerts_by_rank').on(table.rank, table.since, table.id),
  ],
)

/** Who has seen it. A row of its own, so that people and the service never write the same one. */
export const alert_acknowledgements = pgTable('alert_acknowledgements', {
  alert: uuid('alert').primaryKey(),
  acknowledged_at: instant('acknowledged_at').notNull(),
})

export type AlertRow = typeof alerts.$inferSelect
export type AcknowledgementRow = typeof alert_acknowledgements.$inferSelect
