import type { Send } from '../../database/flights.ts'
import {
  addRows,
  insertRows,
  type RowsStatement,
  rowValues,
  type Statement,
  upsertRows,
} from '../../database/sql.ts'
import {
  type BalanceRow,
  blocks,
  type EffectRow,
  headcounts,
  holds,
  household_references,
  place_balances,
  place_effects,
  private_notes,
  region_day_sums,
  region_totals,
  shelter_day_sums,
  stay_details,
  stays,
} from '../../database/tables/places.ts'
import { shelters } from '../../database/tables/regions-and-shelters.ts'
import { delta } from '../../domain/balance.ts'
import { referenceKey } from '../../domain/stays.ts'
import type { Effect, Flow, NewEntry, NumberedEntry } from '../../journal/entry.ts'
import type { Ledger, Moment } from '../../journal/ledger.ts'
import { type PlacesChanges, type PlacesFacts, type PlacesNeeds, placesFacts } from './facts.ts'
import { moved, shownBalance } from './moves.ts'

/*
 * The ledger of places: shelters, their balances, and the stays of households in them. The one writer of all the
 * tables named here. Look-ups under the lock are `unnest … cross join lateral (… limit 1)`: a join against a list
 * gets a plan that reads a whole table while its statistics are young.
 */

/**
 * $1 ids of shelters, $2 codes, $3 ids of stays, $4 reference keys, $5 ids of holds → each shelter that any of them
 * leads to, with its balance and those of its holds whose end has come.
 */
const load_shelters: Statement = {
  name: 'load_shelters',
  text: `with wanted as (
  select id from unnest($1::uuid[]) k (id)
  union
  select s.id
  from unnest($2::text[]) k (code)
  cross join lateral (select id from shelters where code = k.code limit 1) s
  union
  select s.shelter
  from unnest($3::uuid[]) k (id)
  cross join lateral (select shelter from stays where id = k.id limit 1) s
  union
  select s.shelter
  from unnest($4::text[]) k (reference_key)
  cross join lateral (select household from household_references where reference_key = k.reference_key limit 1) h
  cross join lateral (select shelter from stays where household = h.household and status = 'present' offset 0) s
  union
  select h.shelter
  from unnest($5::uuid[]) k (id)
  cross join lateral (select shelter from holds where id = k.id limit 1) h
)
select s.*, b.places, b.blocked, b.occupied, b.held, b.emergency, b.unattributed, b.seq,
  case when b.held > 0 then (
    select array_agg(h.id)
    from holds h
    where h.shelter = s.id and h.status = 'live' and h.expires_at <= clock_timestamp() + interval '1 second'
  ) end as due_holds
from wanted
cross join lateral (select * from shelters where id = wanted.id limit 1) s
cross join lateral (select * from place_balances where shelter = s.id limit 1) b`,
}

const load_stays: Statement = {
  name: 'load_stays',
  text: `select s.*
from unnest($1::uuid[]) k (id)
cross join lateral (select * from stays where id = k.id limit 1) s
union
select s.*
from unnest($2::text[]) k (reference_key)
cross join lateral (select household from household_references where reference_key = k.reference_key limit 1) h
cross join lateral (select * from stays where household = h.household and status = 'present' offset 0) s
union
select s.*
from unnest($3::uuid[]) k (id)
cross join lateral (select * from stays where transferred_from = k.id offset 0) s`,
}

const byId = (table: string): Statement => ({
  name: `load_${table}`,
  text: `select t.*
from unnest($1::uuid[]) k (id)
cross join lateral (select * from ${table} where id = k.id limit 1) t`,
})
const load_holds = byId('holds')
const load_blocks = byId('blocks')
const load_headcounts = byId('headcounts')

const load_details: Statement = {
  name: 'load_details',
  text: `select t.*
from unnest($1::uuid[]) k (id)
cross join lateral (select * from stay_details where stay = k.id limit 1) t`,
}

const load_effects: Statement = {
  name: 'load_effects',
  text: `select e.*
from unnest($1::uuid[]) k (id)
cross join lateral (select * from place_effects where stay = k.id offset 0) e
order by e.seq, e.ordinal`,
}

/** People in a shelter at a moment: those who are there now, less what has happened since. */
const load_occupied_at: Statement = {
  name: 'load_occupied_at',
  text: `select s.id as shelter, k.at, (b.occupied - coalesce((
    select sum(e.occupied) from place_effects e where e.shelter = s.id and e.at > k.at
  ), 0))::int as occupied
from unnest($1::text[], $2::timestamptz[]) k (name, at)
cross join lateral (select id from shelters where code = k.name or id::text = k.name limit 1) s
cross join lateral (select occupied from place_balances where shelter = s.id limit 1) b`,
}

const load_references: Statement = {
  name: 'load_references',
  text: `select h.*
from unnest($1::text[]) k (reference_key)
cross join lateral (select * from household_references where reference_key = k.reference_key limit 1) h`,
}

const load_references_of: Statement = {
  name: 'load_references_of',
  text: `select h.*
from unnest($1::uuid[]) k (id)
cross join lateral (select household from stays where id = k.id limit 1) s
cross join lateral (select * from household_references where household = s.household limit 1) h`,
}

const upsert_shelters = upsertRows(shelters, 'id')
const upsert_balances = upsertRows(place_balances, 'shelter')
const upsert_stays = upsertRows(stays, 'id')
const upsert_references = upsertRows(household_references, 'household')
const upsert_details = upsertRows(stay_details, 'stay')
const upsert_holds = upsertRows(holds, 'id')
const upsert_blocks = upsertRows(blocks, 'id')
const upsert_headcounts = upsertRows(headcounts, 'id')
const insert_notes = insertRows(private_notes)
const insert_effects = insertRows(place_effects)
const add_region_totals = addRows(region_totals, { rows_of: region_totals, keys: { region: 'region' } })
const by_day = "(at at time zone 'Asia/Yerevan')::date"
const add_region_days = addRows(region_day_sums, {
  rows_of: place_effects,
  keys: { region: 'region', day: by_day },
})
const add_shelter_days = addRows(shelter_day_sums, {
  rows_of: place_effects,
  keys: { shelter: 'shelter', day: by_day },
})

const is_id = /^[0-9a-f]{8}-/

const all = <Value>(needs: PlacesNeeds[], of: (need: PlacesNeeds) => Value[] | undefined): Value[] => [
  ...new Set(needs.flatMap((need) => of(need) ?? [])),
]

async function load(send: Send, needs: PlacesNeeds[]): Promise<PlacesFacts> {
  const names = all(needs, (need) => need.shelters)
  const whole_stays = all(needs, (need) => need.whole_stays)
  const stay_ids = all(needs, (need) => [...(need.stays ?? []), ...(need.whole_stays ?? [])])
  const reference_keys = [...new Set(all(needs, (need) => need.references).map(referenceKey))]
  const households_of = all(needs, (need) => need.households_of)
  const hold_ids = all(needs, (need) => need.holds)
  const block_ids = all(needs, (need) => need.blocks)
  const headcount_ids = all(needs, (need) => need.headcounts)
  const occupied_at = all(needs, (need) => need.occupied_at)
  const ids = names.filter((name) => is_id.test(name))
  const codes = names.filter((name) => !is_id.test(name))

  /** Sends the statement if there is anything to look for. */
  const rowsOf = async (statement: Statement, keys: unknown[][]) =>
    keys.some((list) => list.length > 0) ? (await send(statement, keys)).rows : []

  const [shelters, stay_rows, references, references_of, holds, blocks, counts, effects, details, occupied] =
    await Promise.all([
      rowsOf(load_shelters, [ids, codes, stay_ids, reference_keys, hold_ids]),
      rowsOf(load_stays, [stay_ids, reference_keys, whole_stays]),
      rowsOf(load_references, [reference_keys]),
      rowsOf(load_references_of, [households_of]),
      rowsOf(load_holds, [hold_ids]),
      rowsOf(load_blocks, [block_ids]),
      rowsOf(load_headcounts, [headcount_ids]),
      rowsOf(load_effects, [whole_stays]),
      rowsOf(load_details, [stay_ids]),
      rowsOf(load_occupied_at, [occupied_at.map(({ shelter }) => shelter), occupied_at.map(({ at }) => at)]),
    ])
  // Rare: only where places are held, and then only once for each hold. Worth a second trip, not a wait for all.
  const due_ids = shelters.flatMap((shelter) => shelter.due_holds ?? [])
  const due = await rowsOf(load_holds, [due_ids])
  // A cancellation gives places back to the holds that they came from.
  const given_back = await rowsOf(load_holds, [[...new Set(effects.flatMap((effect) => effect.hold ?? []))]])
  return placesFacts({
    shelters,
    stays: stay_rows,
    references: [...references, ...references_of],
    holds: [...holds, ...due, ...given_back],
    blocks,
    headcounts: counts,
    effects: effects.map(asEffect),
    details,
    occupied_at: occupied,
  })
}

/** An effect as it was before it became a row. */
const asEffect = (row: EffectRow): Effect => ({
  shelter: row.shelter,
  region: row.region,
  at: row.at,
  places: row.places,
  blocked: row.blocked,
  occupied: row.occupied,
  held: row.held,
  emergency: row.emergency,
  flow: flows.find((flow) => row[flow] !== 0),
  stay: row.stay ?? undefined,
  hold: row.hold ?? undefined,
})

const flows = ['arrived', 'departed', 'transferred_in', 'transferred_out'] as const satisfies Flow[]

/** Gives back the places of holds whose end has come. Their effects were written when they were placed. */
function settle(
  facts: PlacesFacts,
  now: Moment,
): { changes: PlacesChanges; entries: NewEntry[] } | undefined {
  const due = facts.dueHolds(now.at)
  if (due.length === 0) return undefined
  const entries: NewEntry[] = []
  const balances = new Map<string, BalanceRow>()
  for (const hold of due) {
    const before = balances.get(hold.shelter) ?? facts.shelter(hold.shelter)?.balance
    if (before === undefined) continue
    const balance = moved(before, delta({ held: -hold.remaining }), now.seq + entries.length)
    balances.set(hold.shelter, balance)
    entries.push({
      type: 'hold_expired',
      occurred_at: hold.expires_at,
      shelter: hold.shelter,
      region: hold.region,
      subject: { type: 'hold', id: hold.id },
      people: hold.remaining,
      effects: [],
      balance: shownBalance(balance),
      data: {},
    })
  }
  return {
    changes: {
      balances: [...balances.values()],
      holds: due.map((hold) => ({ ...hold, remaining: 0, status: 'expired' })),
    },
    entries,
  }
}

/** The last row for each key: within one commit a row may change more than once. */
function latest<Name extends keyof PlacesChanges>(
  changes: PlacesChanges[],
  name: Name,
  keyOf: (row: NonNullable<PlacesChanges[Name]>[number]) => string | number,
): object[] {
  const by_key = new Map<string | number, object>()
  for (const change of changes) {
    for (const row of change[name] ?? []) by_key.set(keyOf(row), row)
  }
  return [...by_key.values()]
}

/** How many people an effect counts into a stream: in for arrivals, out for departures. */
const flowOf = (effect: Effect, flow: Flow): number => {
  if (effect.flow !== flow) return 0
  return flow === 'arrived' || flow === 'transferred_in' ? effect.occupied : -effect.occupied
}

type EffectOut = ReturnType<typeof effectRows>[number]

export const effectRows = (entry: Pick<NumberedEntry, 'seq' | 'effects'>) =>
  entry.effects.map((effect, ordinal) => ({
    seq: entry.seq,
    ordinal,
    shelter: effect.shelter,
    region: effect.region,
    at: effect.at,
    stay: effect.stay ?? null,
    hold: effect.hold ?? null,
    places: effect.places,
    blocked: effect.blocked,
    occupied: effect.occupied,
    held: effect.held,
    emergency: effect.emergency,
    shelters: effect.shelters ?? 0,
    arrived: flowOf(effect, 'arrived'),
    departed: flowOf(effect, 'departed'),
    transferred_in: flowOf(effect, 'transferred_in'),
    transferred_out: flowOf(effect, 'transferred_out'),
  }))

const summed_figures = [
  'places',
  'blocked',
  'occupied',
  'held',
  'emergency',
  'shelters',
  'arrived',
  'departed',
  'transferred_in',
  'transferred_out',
] as const

/**
 * Effects summed by key and hour before the database sums them by day: the zone's offset was always whole hours. A
 * batch falls into a few hours, so that a few rows travel where hundreds did; 10 % of a commit of 256.
 */
function byHour(effects: readonly EffectOut[], keyOf: (row: EffectOut) => string): EffectOut[] {
  const sums = new Map<string, EffectOut>()
  for (const effect of effects) {
    const key = `${keyOf(effect)} ${effect.at.slice(0, 13)}`
    const sum = sums.get(key)
    if (sum === undefined) sums.set(key, { ...effect })
    else for (const figure of summed_figures) sum[figure] += effect[figure]
  }
  return [...sums.values()]
}

function write(
  send: Send,
  facts: PlacesFacts,
  changes: PlacesChanges[],
  entries: NumberedEntry[],
): Promise<unknown>[] {
  const sent: Promise<unknown>[] = []
  const sendRows = (statement: RowsStatement, rows: readonly object[]): void => {
    if (rows.length > 0) sent.push(send(statement, rowValues(statement, rows)))
  }
  sendRows(
    upsert_shelters,
    latest(changes, 'shelters', (row) => row.id),
  )
  sendRows(
    upsert_balances,
    latest(changes, 'balances', (row) => row.shelter),
  )
  sendRows(
    upsert_references,
    latest(changes, 'references', (row) => row.household),
  )
  sendRows(
    upsert_stays,
    latest(changes, 'stays', (row) => row.id),
  )
  sendRows(
    upsert_details,
    latest(changes, 'details', (row) => row.stay),
  )
  sendRows(
    insert_notes,
    latest(changes, 'notes', (row) => row.seq),
  )
  sendRows(
    upsert_holds,
    latest(changes, 'holds', (row) => row.id),
  )
  sendRows(
    upsert_blocks,
    latest(changes, 'blocks', (row) => row.id),
  )
  sendRows(
    upsert_headcounts,
    latest(changes, 'headcounts', (row) => row.id),
  )
  const effects = entries.flatMap(effectRows)
  sendRows(insert_effects, effects)
  sendRows(add_region_totals, facts.totals())
  sendRows(
    add_region_days,
    byHour(effects, (effect) => effect.region),
  )
  sendRows(
    add_shelter_days,
    byHour(effects, (effect) => effect.shelter),
  )
  return sent
}

export const places_ledger: Ledger<PlacesNeeds, PlacesFacts, PlacesChanges> = {
  load,
  apply(facts, changes, entries) {
    facts.apply(changes)
    facts.note(entries.flatMap((entry) => entry.effects))
  },
  settle,
  write,
}
