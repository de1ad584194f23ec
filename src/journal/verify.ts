import { and, asc, gt, inArray, lte, sql } from 'drizzle-orm'
import type { Database } from '../database/client.ts'
import { journal, journal_seals } from '../database/tables/journal.ts'
import { place_effects } from '../database/tables/places.ts'
import { hashOf, NO_HASH, sealOf } from './entry.ts'
import { readEntries } from './read.ts'

const PAGE = 2_000

/** What an entry's text says, as far as it is checked. */
type Told = { seq: number; recorded_at: string; sealed: string; effects: Record<string, unknown>[] }

const effect_members = [
  'shelter',
  'region',
  'at',
  'places',
  'blocked',
  'occupied',
  'held',
  'emergency',
] as const

/**
 * Walks the journal up to entry `until`, in short reads: numbers without a gap, each hash over the one before it,
 * recorded moments that never fall, seals that open (where their row is still there), and effect rows that say what
 * the entries say. Yields one sentence for each thing that is wrong.
 */
export async function* journalFaults(
  database: Database,
  until: number,
  on_progress: (seq: number) => void = () => undefined,
): AsyncGenerator<string> {
  let seq = 0
  let hash: Buffer = NO_HASH
  let recorded_at = ''
  while (seq < until) {
    const entries = await readEntries(database, seq, PAGE, until)
    if (entries.length === 0) {
      yield `entries ${seq + 1} to ${until} are missing`
      return
    }
    const last = entries.at(-1)?.seq ?? seq
    const seals = await database
      .select()
      .from(journal_seals)
      .where(
        inArray(
          journal_seals.seq,
          entries.map((entry) => entry.seq),
        ),
      )
    const seal_of = new Map(seals.map((seal) => [seal.seq, seal]))
    const rows = await database
      .select()
      .from(place_effects)
      .where(and(gt(place_effects.seq, seq), lte(place_effects.seq, last)))
      .orderBy(asc(place_effects.seq), asc(place_effects.ordinal))
    const effects_of = Map.groupBy(rows, (row) => row.seq)

    for (const entry of entries) {
      if (entry.seq !== seq + 1) yield `entry ${seq + 1} is missing before ${entry.seq}`
      if (!entry.prev_hash.equals(hash))
        yield `entry ${entry.seq} does not follow the hash of the entry before it`
      if (!hashOf(entry.prev_hash, entry.entry).equals(entry.hash))
        yield `entry ${entry.seq} does not have its hash`
      const told = JSON.parse(entry.entry) as Told
      if (told.seq !== entry.seq) yield `entry ${entry.seq} says that it is ${told.seq}`
      if (told.recorded_at < recorded_at) yield `entry ${entry.seq} was recorded before the one before it`
      const seal = seal_of.get(entry.seq)
      if (seal !== undefined && sealOf(seal) !== told.sealed)
        yield `entry ${entry.seq} is not sealed by what stands beside it`
      const kept = effects_of.get(entry.seq) ?? []
      const same =
        kept.length === told.effects.length &&
        told.effects.every((effect, index) =>
          effect_members.every((member) => effect[member] === kept[index]?.[member]),
        )
      if (!same) yield `the effects kept of entry ${entry.seq} are not those it names`
      ;({ seq, hash } = entry)
      recorded_at = told.recorded_at
    }
    on_progress(seq)
  }
}

/** The last entry there is, by the journal itself and not by its head. */
export async function lastSeq(database: Database): Promise<number> {
  const [last] = await database
    .select({ seq: journal.seq })
    .from(journal)
    .orderBy(sql`${journal.seq} desc`)
    .limit(1)
  return last?.seq ?? 0
}
