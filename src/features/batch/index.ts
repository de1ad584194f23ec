import type { App } from '../../http/server.ts'
import type { Operation } from '../../journal/operation.ts'
import { batchRoutes } from './routes.ts'

/**
 * A phone's whole offline queue, or a country's, in one call. What it can carry out is handed to it.
 *
 * Invariants: an item does and answers what the single call would have, under its own key in the same space; items
 * take effect in their order, so a later one may name a stay by the id that an earlier one chose; none harms another.
 */
export function batch(app: App, options: { operations: Operation[]; drain_signal: AbortSignal }): void {
  const operations = new Map(options.operations.map((operation) => [operation.id, operation]))
  batchRoutes(app, { operations, drain_signal: options.drain_signal })
}
