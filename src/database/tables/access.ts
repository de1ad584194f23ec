import { sql } from 'drizzle-orm'
import { boolean, check, index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'

/** Who may call. Rows are disabled, not deleted: the journal's seals point to them. */
export const principals = pgTable(
  'principals',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    kind: text('kind').$type<'person' | 'device' | 'partner_system'>().notNull(),
    /** a name of access/scopes.ts; one that is unknown there opens nothing */
    role: text('role').notNull(),
    regions: text('regions').array().notNull().default([]),
    shelters: uuid('shelters').array().notNull().default([]),
    /** may post people into a full shelter */
    overflow: boolean('overflow').notNull(),
    created_at: instant('created_at').notNull(),
    disabled_at: instant('disabled_at'),
  },
  (table) => [
    check('known_kind_of_principal', sql`${table.kind} in ('person', 'device', 'partner_system')`),
    check(
      'known_role',
      sql`${table.role} in ('national_coordinator', 'regional_coordinator', 'shelter_staff', 'logistics', 'partner', 'auditor', 'admin')`,
    ),
  ],
)

/** Of the secret only the SHA-256. */
export const api_keys = pgTable(
  'api_keys',
  {
    id: text('id').primaryKey(),
    principal: uuid('principal')
      .notNull()
      .references(() => principals.id),
    secret_hash: bytea('secret_hash').notNull(),
    label: text('label'),
    created_at: instant('created_at').notNull(),
    expires_at: instant('expires_at'),
    revoked_at: instant('revoked_at'),
  },
  (table) => [
    index('api_keys_by_principal').on(table.principal),
    check('a_secret_hash_is_32_bytes', sql`octet_length(${table.secret_hash}) = 32`),
  ],
)

export type PrincipalRow = typeof principals.$inferSelect
export type ApiKeyRow = typeof api_keys.$inferSelect
