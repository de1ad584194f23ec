import { type SQL, sql } from 'drizzle-orm'
import { holds, place_balances } from '../../database/tables/places.ts'

/*
 * Balances as readers must see them: a hold whose end has come keeps nothing, whether or not a writer has met it
 * since. There are never many of those, for a job tidies up.
 */

/** Places of a shelter that its balance still shows as held, though their hold is due. */
export const due_held = sql<number>`(
  select coalesce(sum(remaining), 0)::int from ${holds}
  where ${holds.shelter} = ${place_balances.shelter} and ${holds.status} = 'live' and ${holds.expires_at} <= clock_timestamp()
)`

/** Places held now. The subquery is only asked where something is held at all. */
export const held_now: SQL<number> = sql<number>`case when ${place_balances.held} > 0 then ${place_balances.held} - ${due_held} else 0 end`

/** Places free now. */
export const free_now: SQL<number> = sql<number>`(${place_balances.places} - ${place_balances.blocked} - ${place_balances.occupied} - (${held_now}))`

/** The balance of now, as columns of a select. */
export const balance_now = {
  shelter: place_balances.shelter,
  places: place_balances.places,
  blocked: place_balances.blocked,
  occupied: place_balances.occupied,
  held: sql<number>`${held_now}`.as('held_now'),
  emergency: place_balances.emergency,
  seq: place_balances.seq,
}
