import { sql } from 'drizzle-orm'
import { bigint, boolean, check, index, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'

/*
 * Written by the journal's writer alone. A trigger refuses UPDATE, DELETE and TRUNCATE on `journal`
 * (migrations/0001): no entry is ever changed, not even by us.
 */

/** Where the journal ends. Its one row is the lock that makes commit order, seq order and hash order the same. */
export const journal_head = pgTable(
  'journal_head',
  {
    only: boolean('only').primaryKey().default(true),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    hash: bytea('hash').notNull(),
    recorded_at: instant('recorded_at').notNull(),
  },
  (table) => [check('there_is_one_head', sql`${table.only}`)],
)

export const journal = pgTable(
  'journal',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey(),
    type: text('type').notNull(),
    recorded_at: instant('recorded_at').notNull(),
    shelter: uuid('shelter'),
    /** RFC 8785 canonical JSON of the entry without `hash` and `prev_hash`: the bytes hashed are the bytes served */
    entry: text('entry').notNull(),
    prev_hash: bytea('prev_hash').notNull(),
    hash: bytea('hash').notNull(),
  },
  (table) => [index('journal_by_recorded_at').on(table.recorded_at)],
)

/** Who made an entry, for auditors: the entry bears only `sealed`, the salted hash of this. Erasable by row. */
export const journal_seals = pgTable('journal_seals', {
  seq: bigint('seq', { mode: 'number' }).primaryKey(),
  salt: bytea('salt').notNull(),
  actor: text('actor').notNull(),
  client: text('client').notNull(),
  request_id: text('request_id').notNull(),
})

/** What was asked and what was answered, so that a post repeated happens once and answers the same. */
export const commands = pgTable(
  'commands',
  {
    principal: uuid('principal').notNull(),
    key: text('key').notNull(),
    operation: text('operation').notNull(),
    /** SHA-256 of operation and content: the same key with other content is a mistake worth telling */
    fingerprint: bytea('fingerprint').notNull(),
    status: smallint('status').notNull(),
    /** the plain answer as JSON text, without personal data */
    answer: text('answer').notNull(),
    first_seq: bigint('first_seq', { mode: 'number' }).notNull(),
    last_seq: bigint('last_seq', { mode: 'number' }).notNull(),
    recorded_at: instant('recorded_at').notNull(),
  },
  (table) => [primaryKey({ name: 'commands_pkey', columns: [table.principal, table.key] })],
)
