import { and, asc, gt, lte } from 'drizzle-orm'
import type { Database } from '../database/client.ts'
import { journal, journal_head } from '../database/tables/journal.ts'

/** A stored entry: its canonical text, and its place in the chain. */
export type StoredEntry = { seq: number; type: string; entry: string; prev_hash: Buffer; hash: Buffer }

/** Entries after `after` in the order of `seq`, `limit` at most. A reader that goes on from the last one misses none. */
export const readEntries = (
  database: Database,
  after: number,
  limit: number,
  until = Number.MAX_SAFE_INTEGER,
): Promise<StoredEntry[]> =>
  database
    .select({
      seq: journal.seq,
      type: journal.type,
      entry: journal.entry,
      prev_hash: journal.prev_hash,
      hash: journal.hash,
    })
    .from(journal)
    .where(and(gt(journal.seq, after), lte(journal.seq, until)))
    .orderBy(asc(journal.seq))
    .limit(limit)

export async function readHead(database: Database): Promise<{ seq: number; hash: Buffer }> {
  const [head] = await database.select({ seq: journal_head.seq, hash: journal_head.hash }).from(journal_head)
  if (head === undefined) throw new Error('the journal has no head: the database is not migrated')
  return head
}

/**
 * The entry as it is served: the bytes that were hashed, with the chain's two members behind. A reader takes
 * `hash` and `prev_hash` off, makes RFC 8785 of the rest, and has the hashed bytes again.
 */
export const servedEntry = ({ entry, prev_hash, hash }: StoredEntry): string =>
  `${entry.slice(0, -1)},"prev_hash":"${prev_hash.toString('hex')}","hash":"${hash.toString('hex')}"}`

/** What those see who are no auditors, of an entry that concerns only auditors. */
export const veiledEntry = ({ seq, type, prev_hash, hash }: StoredEntry): string =>
  JSON.stringify({ seq, type, prev_hash: prev_hash.toString('hex'), hash: hash.toString('hex') })
