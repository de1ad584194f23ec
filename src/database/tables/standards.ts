import { doublePrecision, pgTable, text } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** Thresholds that were changed; what is not here has the default of domain/standards.ts. */
export const standards = pgTable('standards', {
  code: text('code').primaryKey(),
  value: doublePrecision('value').notNull(),
  source: text('source').notNull(),
  updated_at: instant('updated_at').notNull(),
})

export type StandardRow = typeof standards.$inferSelect
