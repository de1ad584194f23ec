import { type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../database/client.ts'
import { instantFromText } from '../../database/tables/columns.ts'
import { journal, journal_head } from '../../database/tables/journal.ts'
import { holds, place_balances, stay_details, stays } from '../../database/tables/places.ts'
import { shelters } from '../../database/tables/regions-and-shelters.ts'
import { type HealthServiceRow, health_services, meal_services } from '../../database/tables/services.ts'
import { standards } from '../../database/tables/standards.ts'
import { items, needs, stock, stock_effects } from '../../database/tables/supplies.ts'
import type { Instant } from '../../domain/instant.ts'

/** How far the journal has come, and the database's clock. */
export async function readNow(database: Database): Promise<{ seq: number; clock: Instant }> {
  const result = await database.execute<{ seq: string; clock: string }>(
    sql`select seq, date_trunc('milliseconds', clock_timestamp()) as clock from ${journal_head}`,
  )
  const [row] = result.rows
  if (row === undefined) throw new Error('the journal has no head')
  return { seq: Number(row.seq), clock: instantFromText(row.clock) }
}

type ShelterRead = {
  id: string
  code: string
  name: string
  region: string
  latitude: number
  longitude: number
  occupied: number
}
type HoldRead = { shelter: string; people: number; expected_at: Instant | null; expires_at: Instant }
type MealRead = { shelter: string; portions: number; starts_on: string; ends_on: string | null }
/** `item` is null where energy of food is summed: thousandths × kcal. Otherwise thousandths of the item. */
type LotRead = { store: string; item: string | null; expires_on: string; amount: number }
type NeedRead = { shelter: string; need: string; people: number }

export type FactsRead = {
  seq: number
  /** the shelters that were looked at, those that are closed or gone among them; null for all */
  changed: string[] | null
  shelters: ShelterRead[]
  holds: HoldRead[]
  meals: MealRead[]
  lots: LotRead[]
  needs_present: NeedRead[]
  needs: { code: string; item: string | null; daily: number | null }[]
  items: { code: string; unit: string }[]
  standards: { code: string; value: number }[]
  health_services: Pick<
    HealthServiceRow,
    'id' | 'kind' | 'provider' | 'latitude' | 'longitude' | 'weekdays' | 'starts_on' | 'ends_on'
  >[]
}

/** Entries after which more than single shelters has changed: what food is worth, what a need takes. */
export const catalogue_types = ['item_added', 'item_changed', 'need_set']

const list = (rows: SQL): SQL => sql`(select coalesce(json_agg(x), '[]') from (${rows}) x)`
const moment = (column: SQL): SQL =>
  sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/**
 * Everything that access to food and medicine follows from, in one statement and so in one snapshot: of all shelters,
 * or of those that an entry after `since` concerns. `null` where the catalogue has changed since, which concerns all.
 */
export async function readFacts(database: Database, since: number | undefined): Promise<FactsRead | null> {
  const some = since !== undefined
  const changed = some
    ? sql`
      select shelter as id from ${journal} where seq > ${since} and shelter is not null
      union
      select store from ${stock_effects} where seq > ${since}`
    : sql`select null::uuid as id where false`
  const among = (column: SQL): SQL => (some ? sql`${column} in (select id from changed)` : sql`true`)
  const result = await database.execute<{ facts: FactsRead; everything: boolean }>(sql`
    with changed as materialized (${changed})
    select
      ${
        some
          ? sql`exists (select 1 from ${journal} where seq > ${since} and type in (${sql.join(
              catalogue_types.map((type) => sql`${type}`),
              sql`, `,
            )}))`
          : sql`false`
      } as everything,
      json_build_object(
        'seq', (select seq from ${journal_head}),
        'changed', ${some ? sql`(select coalesce(json_agg(id), '[]') from changed)` : sql`null::json`},
        'shelters', ${list(sql`
          select s.id, s.code, s.name, s.region, s.latitude, s.longitude, b.occupied
          from ${shelters} s join ${place_balances} b on b.shelter = s.id
          where s.status <> 'closed' and ${among(sql`s.id`)}`)},
        'holds', ${list(sql`
          select shelter, remaining as people, ${moment(sql`expected_at`)} as expected_at, ${moment(sql`expires_at`)} as expires_at
          from ${holds} where status = 'live' and ${among(sql`shelter`)}`)},
        'meals', ${list(sql`
          select shelter, meals_per_day as portions, starts_on::text, ends_on::text
          from ${meal_services}
          where (ends_on is null or ends_on >= current_date - 1) and ${among(sql`shelter`)}`)},
        'lots', ${list(sql`
          select s.store, case when i.category = 'food' then null else s.item end as item, s.expires_on::text,
            sum(s.usable * case when i.category = 'food' then i.kcal_per_unit else 1 end) as amount
          from ${stock} s join ${items} i on i.code = s.item
          where s.usable > 0 and ${among(sql`s.store`)}
            and (i.category = 'food' and i.kcal_per_unit > 0 or i.code in (select item from ${needs}))
          group by 1, 2, 3`)},
        'needs_present', ${list(sql`
          select s.shelter, n.need, sum(least(n.people, s.people)) as people
          from ${stays} s
          join ${stay_details} d on d.stay = s.id
          cross join lateral jsonb_to_recordset(d.needs) as n (need text, people int)
          where s.status = 'present' and d.needs is not null and jsonb_typeof(d.needs) = 'array' and ${among(sql`s.shelter`)}
          group by 1, 2`)},
        'needs', ${list(sql`select code, item, daily from ${needs} order by code`)},
        'items', ${list(sql`select code, unit from ${items} where code in (select item from ${needs})`)},
        'standards', ${list(sql`select code, value from ${standards}`)},
        'health_services', ${list(sql`
          select id, kind, provider, latitude, longitude, weekdays, starts_on::text, ends_on::text
          from ${health_services} where ends_on is null or ends_on >= current_date - 1`)}
      ) as facts`)
  const [row] = result.rows
  if (row === undefined) throw new Error('the database says nothing')
  return row.everything ? null : row.facts
}
