import type { Send } from '../../database/flights.ts'
import { addRows, insertRows, type Statement, upsertRows } from '../../database/sql.ts'
import {
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
import { referenceKey } from '../../domain/stays.ts'
import type { Effect, Entry, Flow } from '../../journal/entry.ts'
import type { Ledger } from '../../journal/ledger.ts'
import { type PlacesChanges, type PlacesFacts, type PlacesNeeds, placesFacts } from './facts.ts'

/*
 * The ledger of places: shelters, their balances, and the stays of households in them. The one writer of all the
 * tables named here. Look-ups under the lock are `unnest … cross join lateral (… limit 1)`: a join against a list
 * gets a plan that reads a whole table while its statistics are young.
 */

/** $1 ids of shelters, $2 codes, $3 ids of stays, $4 reference keys → each shelter that any of them leads to. */
const wanted_shelters = `with wanted as (
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
)`

const load_shelters: Statement = {
  name: 'load_shelters',
  text: `${wanted_shelters}
select s.*, b.places, b.blocked, b.occupied, b.held, b.emergency, b.seq
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
cross join lateral (select * from stays where household = h.household and status = 'present' offset 0) s`,
}

const load_references: Statement = {
  name: 'load_references',
  text: `select h.*
from unnest($1::text[]) k (reference_key)
cross join lateral (select * from household_references where reference_key = k.reference_key limit 1) h`,
}

const upsert_shelters = upsertRows(shelters, 'id')
const upsert_balances = upsertRows(place_balances, 'shelter')
const upsert_stays = upsertRows(stays, 'id')
const upsert_references = upsertRows(household_references, 'household')
const upsert_details = upsertRows(stay_details, 'stay')
const insert_notes = insertRows(private_notes)
const insert_effects = insertRows(place_effects)
const add_region_totals = addRows(region_totals, { rows_of: place_effects, keys: { region: 'region' } })
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

async function load(send: Send, needs: PlacesNeeds[]): Promise<PlacesFacts> {
  const names = new Set(needs.flatMap((need) => need.shelters ?? []))
  const stay_ids = [...new Set(needs.flatMap((need) => need.stays ?? []))]
  const reference_keys = [...new Set(needs.flatMap((need) => need.references ?? []).map(referenceKey))]
  const ids = [...names].filter((name) => is_id.test(name))
  const codes = [...names].filter((name) => !is_id.test(name))
  if (names.size + stay_ids.length + reference_keys.length === 0) {
    return placesFacts({ shelters: [], stays: [], references: [] })
  }
  const [shelter_rows, stay_rows, reference_rows] = await Promise.all([
    send(load_shelters, [ids, codes, stay_ids, reference_keys]),
    stay_ids.length + reference_keys.length > 0 ? send(load_stays, [stay_ids, reference_keys]) : undefined,
    reference_keys.length > 0 ? send(load_references, [reference_keys]) : undefined,
  ])
  return placesFacts({
    shelters: shelter_rows.rows,
    stays: stay_rows?.rows ?? [],
    references: reference_rows?.rows ?? [],
  })
}

/** The last row for each key: within one commit a row may change more than once. */
function latest<Name extends keyof PlacesChanges>(
  changes: PlacesChanges[],
  name: Name,
  keyOf: (row: NonNullable<PlacesChanges[Name]>[number]) => string | number,
): unknown[] {
  const by_key = new Map<string | number, unknown>()
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

export const effectRows = (entry: Pick<Entry, 'seq' | 'effects'>) =>
  entry.effects.map((effect, ordinal) => ({
    seq: entry.seq,
    ordinal,
    shelter: effect.shelter,
    region: effect.region,
    at: effect.at,
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

function write(send: Send, changes: PlacesChanges[], entries: Entry[]): Promise<unknown>[] {
  const sent: Promise<unknown>[] = []
  const sendRows = (statement: Statement, rows: unknown[]): void => {
    if (rows.length > 0) sent.push(send(statement, [JSON.stringify(rows)]))
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
  const effects = entries.flatMap(effectRows)
  sendRows(insert_effects, effects)
  sendRows(add_region_totals, effects)
  sendRows(add_region_days, effects)
  sendRows(add_shelter_days, effects)
  return sent
}

export const places_ledger: Ledger<PlacesNeeds, PlacesFacts, PlacesChanges> = {
  load,
  apply: (facts, changes) => facts.apply(changes),
  write,
}
