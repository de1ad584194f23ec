import { createHash, randomBytes } from 'node:crypto'
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { uuidv7 } from 'uuidv7'
import { withinRemit } from '../../src/access/remit.ts'
import type { Database, Transaction } from '../../src/database/client.ts'
import { isDataError } from '../../src/database/errors.ts'
import { commands, journal, journal_head, journal_seals } from '../../src/database/tables/journal.ts'
import {
  household_references,
  place_balances,
  place_effects,
  region_day_sums,
  region_totals,
  type StayRow,
  shelter_day_sums,
  stay_details,
  stays,
} from '../../src/database/tables/places.ts'
import { shelters } from '../../src/database/tables/regions-and-shelters.ts'
import { type Delta, free, shift, takeIn } from '../../src/domain/balance.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { referenceKey } from '../../src/domain/stays.ts'
import { summaryOf } from '../../src/features/placement/rules/shared.ts'
import type { Arrival, StayChanged } from '../../src/features/placement/schemas.ts'
import { refuse } from '../../src/http/problem.ts'
import { momentAfter } from '../../src/journal/append.ts'
import { canonicalText, type Entry, hashOf, sealOf } from '../../src/journal/entry.ts'
import type { Caller, Moment, Outcome } from '../../src/journal/ledger.ts'
import { occurrence } from '../../src/ledgers/occurrence.ts'
import { shownBalance } from '../../src/ledgers/places/moves.ts'

/*
 * The usual way to post an arrival: one drizzle transaction for each, SELECT … FOR UPDATE on the row that counts, a
 * statement for each step. It makes the same checks and leaves the same facts as the service, down to the hash chain,
 * so that `npm run verify` finds nothing wrong with what it wrote. Written to be fast: look-ups and what needs no
 * number of the journal come before the journal's head is locked, no row is locked that need not be, and sums change
 * in place. It leaves out `moved` and `hold`, which the bench does not post.
 */

export async function arriveTheUsualWay(
  database: Database,
  caller: Caller,
  key: string,
  content: Arrival,
): Promise<Outcome<StayChanged>> {
  const attempt = () => database.transaction((tx) => arriveWithin(tx, caller, key, content))
  try {
    return await attempt()
  } catch (error) {
    // Somebody else was faster with this key, id or reference; now it is there to be seen.
    if (isDataError(error)) return attempt()
    throw error
  }
}

async function arriveWithin(
  tx: Transaction,
  caller: Caller,
  key: string,
  content: Arrival,
): Promise<Outcome<StayChanged>> {
  const { principal } = caller
  const fingerprint = createHash('sha256')
    .update(`postArrival ${JSON.stringify(content)}`)
    .digest()
  const [before] = await tx
    .select({ fingerprint: commands.fingerprint, status: commands.status, answer: commands.answer })
    .from(commands)
    .where(and(eq(commands.principal, principal.id), eq(commands.key, key)))
  if (before !== undefined) {
    return before.fingerprint.equals(fingerprint)
      ? { status: before.status, answer: JSON.parse(before.answer), replayed: true }
      : { refused: refuse('idempotency_key_reused', 'This key was used before, with other content.') }
  }

  const [found] = await tx
    .select({
      id: shelters.id,
      code: shelters.code,
      region: shelters.region,
      status: shelters.status,
      closed_at: shelters.closed_at,
      balance: place_balances,
      clock,
    })
    .from(shelters)
    .innerJoin(place_balances, eq(place_balances.shelter, shelters.id))
    .where(
      content.shelter.startsWith('AM-')
        ? eq(shelters.code, content.shelter)
        : eq(shelters.id, content.shelter),
    )
    .for('update', { of: place_balances })
  if (found === undefined) {
    return { refused: refuse('shelter_not_found', `No shelter is called ${content.shelter}.`) }
  }
  if (!withinRemit(principal.remit, found)) {
    return { refused: refuse('outside_remit', `${found.code} is outside what this key may act for.`) }
  }
  const overflow = content.overflow === true
  if (overflow && !principal.overflow) {
    return {
      refused: refuse('overflow_not_allowed', 'This key was issued without the right to post overflow.'),
    }
  }
  const named_at = occurrence(content.occurred_at, { at: found.clock, seq: 0 })
  if (typeof named_at !== 'string') return named_at
  const { reference, people, composition, needs } = content.household
  const known = reference === undefined ? undefined : await readHousehold(tx, reference)
  if (known?.open_stay != null) {
    return { refused: refuse('already_present', 'The household has an open stay.') }
  }
  const open =
    found.status === 'open' ||
    (found.status === 'closed' ? found.closed_at !== null && named_at < found.closed_at : overflow)
  if (!open) return { refused: refuse('shelter_not_open', `${found.code} is ${found.status}.`) }
  const by = takeIn(found.balance, people, overflow)
  if (by === null) {
    return {
      refused: refuse('shelter_full', `${found.code} has ${free(found.balance)} free places.`, {
        free: free(found.balance),
        requested: people,
      }),
    }
  }

  const household = known?.household ?? uuidv7()
  const stay_id = content.id ?? uuidv7()
  if (reference !== undefined && known === undefined) {
    await tx
      .insert(household_references)
      .values({ household, reference, reference_key: referenceKey(reference) })
  }
  if (composition !== undefined || needs !== undefined) {
    await tx
      .insert(stay_details)
      .values({ stay: stay_id, composition: composition ?? null, needs: needs ?? null })
  }

  // From here on everybody else waits, whatever their shelter.
  const { head, now } = await lockHead(tx)
  const at = content.occurred_at === undefined ? now.at : named_at

  const stay: StayRow = {
    id: stay_id,
    shelter: found.id,
    region: found.region,
    household,
    people,
    people_arrived: people,
    status: 'present',
    arrived_at: at,
    departed_at: null,
    transferred_from: null,
    seq: now.seq,
  }
  const balance = { ...found.balance, ...shift(found.balance, by), seq: now.seq }
  const answer: StayChanged = { stay: summaryOf(stay), balance: shownBalance(balance), seq: now.seq }
  const { places, occupied, emergency } = balance
  await tx
    .update(place_balances)
    .set({ places, occupied, emergency, seq: now.seq })
    .where(eq(place_balances.shelter, found.id))
  await tx.insert(stays).values(stay)
  await addEffect(tx, { seq: now.seq, shelter: found.id, region: found.region, at, stay: stay_id, by })

  const salt = randomBytes(16)
  const seal = { salt, actor: principal.id, client: principal.key_id, request_id: caller.request_id }
  const entry: Entry = {
    type: 'household_arrived',
    seq: now.seq,
    recorded_at: now.at,
    sealed: sealOf(seal),
    occurred_at: at,
    shelter: found.id,
    region: found.region,
    subject: { type: 'stay', id: stay_id },
    people,
    effects: [{ shelter: found.id, region: found.region, at, ...by }],
    balance: answer.balance,
    data: {
      ...(reference === undefined && { group: true }),
      ...(by.emergency > 0 && { emergency: by.emergency }),
    },
  }
  const canonical = canonicalText(entry)
  const hash = hashOf(head.hash, canonical)
  await tx.insert(journal).values({
    seq: now.seq,
    type: entry.type,
    recorded_at: now.at,
    shelter: found.id,
    entry: canonical,
    prev_hash: head.hash,
    hash,
  })
  await tx.insert(journal_seals).values({ seq: now.seq, ...seal })
  await tx.insert(commands).values({
    principal: principal.id,
    key,
    operation: 'postArrival',
    fingerprint,
    status: 201,
    answer: JSON.stringify(answer),
    first_seq: now.seq,
    last_seq: now.seq,
    recorded_at: now.at,
  })
  await tx.update(journal_head).set({ seq: now.seq, hash, recorded_at: now.at })
  return { status: 201, answer, replayed: false }
}

const clock = sql<Instant>`date_trunc('milliseconds', clock_timestamp())`.mapWith(journal_head.recorded_at)

async function readHousehold(tx: Transaction, reference: string) {
  const [known] = await tx
    .select({ household: household_references.household, open_stay: stays.id })
    .from(household_references)
    .leftJoin(stays, and(eq(stays.household, household_references.household), eq(stays.status, 'present')))
    .where(eq(household_references.reference_key, referenceKey(reference)))
    .limit(1)
  return known
}

/** The row is read again once it is ours, so one statement locks and reads; the clock comes after the wait too. */
async function lockHead(tx: Transaction): Promise<{ head: { hash: Buffer }; now: Moment }> {
  const [head] = await tx
    .select({
      seq: journal_head.seq,
      hash: journal_head.hash,
      recorded_at: journal_head.recorded_at,
      clock,
    })
    .from(journal_head)
    .for('update')
  if (head === undefined) throw new Error('the journal has no head')
  return { head, now: momentAfter(head, head.clock) }
}

/** The effect itself, and the sums that it belongs to. */
async function addEffect(
  tx: Transaction,
  effect: { seq: number; shelter: string; region: string; at: Instant; stay: string; by: Delta },
): Promise<void> {
  const { seq, shelter, region, at, stay, by } = effect
  const figures = { ...by, shelters: 0 }
  const flows = { arrived: by.occupied, departed: 0, transferred_in: 0, transferred_out: 0 }
  await tx.insert(place_effects).values({ seq, ordinal: 0, shelter, region, at, stay, ...figures, ...flows })
  await tx.update(region_totals).set(raised(region_totals, by)).where(eq(region_totals.region, region))
  const day = sql`(${at}::timestamptz at time zone 'Asia/Yerevan')::date`
  await tx
    .insert(region_day_sums)
    .values({ region, day, ...figures, ...flows })
    .onConflictDoUpdate({
      target: [region_day_sums.region, region_day_sums.day],
      set: { ...raised(region_day_sums, by), arrived: plus(region_day_sums.arrived, by.occupied) },
    })
  await tx
    .insert(shelter_day_sums)
    .values({ shelter, day, ...figures, ...flows })
    .onConflictDoUpdate({
      target: [shelter_day_sums.shelter, shelter_day_sums.day],
      set: { ...raised(shelter_day_sums, by), arrived: plus(shelter_day_sums.arrived, by.occupied) },
    })
}

const plus = (column: PgColumn, more: number): SQL => sql`${column} + ${more}`

/** An arrival moves these three figures and no others. */
const raised = (table: PgTable & Record<'places' | 'occupied' | 'emergency', PgColumn>, by: Delta) => ({
  places: plus(table.places, by.places),
  occupied: plus(table.occupied, by.occupied),
  emergency: plus(table.emergency, by.emergency),
})
