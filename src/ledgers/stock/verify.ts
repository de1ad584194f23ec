import { sql } from 'drizzle-orm'
import type { Database } from '../../database/client.ts'
import { journal } from '../../database/tables/journal.ts'
import { stock, stock_effects } from '../../database/tables/supplies.ts'

const STORES_A_PAGE = 200
const ENTRIES_A_PAGE = 5_000

/**
 * Recomputes stock from its effects, and the effects from the journal up to entry `until`. Each statement is one
 * snapshot and short, so that it may run beside a busy service. One sentence a difference.
 */
export async function* stockFaults(database: Database, until: number): AsyncGenerator<string> {
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const page = await database.execute<{ store: string }>(sql`
      select distinct store from ${stock_effects} where store > ${after}::uuid order by store limit ${STORES_A_PAGE}`)
    const last = page.rows.at(-1)?.store
    if (last === undefined) break
    const within = sql`store > ${after}::uuid and store <= ${last}::uuid`
    const lots = await database.execute<{ store: string; item: string; kept: string; effects: string }>(sql`
      select store, item, row_to_json(s)::text as kept, row_to_json(e)::text as effects
      from (select store, item, lot, expires_on, usable, quarantined from ${stock} where ${within}) s
      full join (
        select store, item, lot, expires_on, sum(usable)::bigint as usable, sum(quarantined)::bigint as quarantined
        from ${stock_effects} where ${within}
        group by store, item, lot, expires_on
      ) e using (store, item, lot, expires_on)
      where (s.usable, s.quarantined) is distinct from (e.usable, e.quarantined)`)
    for (const { store, item, kept, effects } of lots.rows)
      yield `stock of ${item} in ${store}: kept ${kept}, by effects ${effects}`
    after = last
  }
  for (let from = 1; from <= until; from += ENTRIES_A_PAGE) {
    const within = sql`seq between ${from} and ${Math.min(until, from + ENTRIES_A_PAGE - 1)}`
    const entries = await database.execute<{ seq: string }>(sql`
      select coalesce(e.seq, j.seq) as seq
      from (
        select seq, count(*) as lots, sum(usable) as usable, sum(quarantined) as quarantined
        from ${stock_effects} where ${within} group by seq
      ) e
      full join (
        select seq, count(*) as lots, sum((m ->> 'usable')::numeric * 1000) as usable,
          sum((m ->> 'quarantined')::numeric * 1000) as quarantined
        from ${journal}
        cross join lateral json_array_elements(entry::json -> 'data' -> 'stock') m
        where ${within} and type like 'stock%'
        group by seq
      ) j on j.seq = e.seq
      where (e.lots, e.usable, e.quarantined) is distinct from (j.lots, j.usable, j.quarantined)`)
    for (const { seq } of entries.rows) yield `the stock moved by entry ${seq} is not what it names`
  }
}
