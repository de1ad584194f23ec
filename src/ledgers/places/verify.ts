import { type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../database/client.ts'
import {
  holds,
  place_balances,
  place_effects,
  region_day_sums,
  region_totals,
  shelter_day_sums,
} from '../../database/tables/places.ts'
import { shelters } from '../../database/tables/regions-and-shelters.ts'
import { region_codes } from '../../domain/regions.ts'

const PAGE = 500

const figures = ['places', 'blocked', 'occupied', 'held', 'emergency', 'shelters']
const flows = ['arrived', 'departed', 'transferred_in', 'transferred_out']
const balance_figures = figures.filter((figure) => figure !== 'shelters')

const sums = (names: string[]): SQL => sql.raw(names.map((name) => `sum(${name})::int as ${name}`).join(', '))
const list = (names: string[]): SQL => sql.raw(names.join(', '))
const differ = (names: string[], kept: string): SQL =>
  sql.raw(
    `(${names.map((name) => `coalesce(${kept}.${name}, 0)`).join(', ')}) is distinct from (${names.map((name) => `coalesce(e.${name}, 0)`).join(', ')})`,
  )

const by_day = sql.raw("(at at time zone 'Asia/Yerevan')::date")

/**
 * Recomputes from the effects whatever is kept beside them: balances, the totals of regions, the sums of days. Each
 * statement is one snapshot and short, so that it may run beside a busy service. One sentence a difference.
 */
export async function* placesFaults(database: Database): AsyncGenerator<string> {
  for (const region of region_codes) {
    const totals = await database.execute<{ kept: string; effects: string }>(sql`
      select row_to_json(t)::text as kept, row_to_json(e)::text as effects
      from (select ${list(figures)} from ${region_totals} where region = ${region}) t
      full join (
        select ${sums(balance_figures)},
          (select count(*) from ${shelters} where region = ${region} and status <> 'closed') as shelters
        from ${place_balances} where region = ${region}
      ) e on true
      where ${differ(figures, 't')}`)
    for (const { kept, effects } of totals.rows)
      yield `totals of ${region}: kept ${kept}, by balances ${effects}`

    const days = await database.execute<{ day: string; kept: string; effects: string }>(sql`
      select coalesce(d.day, e.day)::text as day, row_to_json(d)::text as kept, row_to_json(e)::text as effects
      from (select day, ${list([...figures, ...flows])} from ${region_day_sums} where region = ${region}) d
      full join (
        select ${by_day} as day, ${sums([...figures, ...flows])}
        from ${place_effects} where region = ${region} group by 1
      ) e on e.day = d.day
      where ${differ([...figures, ...flows], 'd')}`)
    for (const { day, kept, effects } of days.rows) {
      yield `sums of ${region} on ${day}: kept ${kept}, by effects ${effects}`
    }
  }

  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const page = await database.execute<{ shelter: string }>(
      sql`select shelter from ${place_balances} where shelter > ${after}::uuid order by shelter limit ${PAGE}`,
    )
    const ids = page.rows.map((row) => row.shelter)
    const last = ids.at(-1)
    if (last === undefined) return
    const within = sql`shelter > ${after}::uuid and shelter <= ${last}::uuid`
    const balances = await database.execute<{ shelter: string; kept: string; effects: string }>(sql`
      select b.shelter, row_to_json(b)::text as kept, row_to_json(e)::text as effects
      from (select shelter, ${list(balance_figures)} from ${place_balances} where ${within}) b
      full join (
        select shelter, ${sums(balance_figures)}
        from (
          select shelter, ${list(balance_figures)} from ${place_effects} where ${within} and at <= statement_timestamp()
          union all
          -- Of a hold that is due the effects have ended, and the balance keeps it until the next writer comes by.
          select shelter, 0, 0, 0, remaining, 0 from ${holds}
          where ${within} and status = 'live' and expires_at <= statement_timestamp()
        ) moved
        group by shelter
      ) e on e.shelter = b.shelter
      where ${differ(balance_figures, 'b')}`)
    for (const { shelter, kept, effects } of balances.rows) {
      yield `balance of ${shelter}: kept ${kept}, by effects ${effects}`
    }
    const days = await database.execute<{ shelter: string; day: string; kept: string; effects: string }>(sql`
      select coalesce(d.shelter, e.shelter) as shelter, coalesce(d.day, e.day)::text as day,
        row_to_json(d)::text as kept, row_to_json(e)::text as effects
      from (select shelter, day, ${list([...figures, ...flows])} from ${shelter_day_sums} where ${within}) d
      full join (
        select shelter, ${by_day} as day, ${sums([...figures, ...flows])}
        from ${place_effects} where ${within} group by 1, 2
      ) e on e.shelter = d.shelter and e.day = d.day
      where ${differ([...figures, ...flows], 'd')}`)
    for (const { shelter, day, kept, effects } of days.rows) {
      yield `sums of ${shelter} on ${day}: kept ${kept}, by effects ${effects}`
    }
    after = last
  }
}
