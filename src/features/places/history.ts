import type { Database } from '../../database/client.ts'
import { free } from '../../domain/balance.ts'
import type { Step } from '../../domain/duration.ts'
import { type Instant, later } from '../../domain/instant.ts'
import {
  type HistoryScope,
  history_sums,
  readSumsBetween,
  readSumsByDay,
  type Sums,
} from './history-store.ts'
import type { HistoryPoint } from './schemas.ts'

const DAY_MS = 24 * 3_600_000

const plus = (one: Sums, other: Sums): Sums =>
  Object.fromEntries(history_sums.map((name) => [name, one[name] + other[name]])) as Sums

/**
 * A series for plots: what there was at each point, and who came and went since the point before it (for the first,
 * in the step before it). All in one snapshot, as known now.
 */
export async function readHistory(
  database: Database,
  scope: HistoryScope,
  points: Instant[],
  step: Step,
): Promise<HistoryPoint[]> {
  const [first] = points
  if (first === undefined) return []
  const before = later(first, -step.ms)
  const totals = await database.transaction(
    async (tx) => {
      if (step.ms >= DAY_MS) return readSumsByDay(tx as unknown as Database, scope, [before, ...points])
      const [start] = await readSumsByDay(tx as unknown as Database, scope, [before])
      const between = await readSumsBetween(tx as unknown as Database, scope, before, points, step.ms)
      let total = start
      return [start, ...between.map((sums) => (total = total === undefined ? sums : plus(total, sums)))]
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
  return points.flatMap((at, index) => {
    const now = totals[index + 1]
    const then = totals[index]
    return now === undefined || then === undefined ? [] : [pointOf(at, then, now)]
  })
}

const pointOf = (at: Instant, then: Sums, now: Sums): HistoryPoint => ({
  at,
  places: now.places,
  blocked: now.blocked,
  emergency: now.emergency,
  occupied: now.occupied,
  held: now.held,
  free: free(now),
  arrived: now.arrived - then.arrived,
  departed: now.departed - then.departed,
  transferred_in: now.transferred_in - then.transferred_in,
  transferred_out: now.transferred_out - then.transferred_out,
})
