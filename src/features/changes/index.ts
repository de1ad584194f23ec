import type { Database } from '../../database/client.ts'
import type { App } from '../../http/server.ts'
import { changesRoutes } from './routes.ts'

/**
 * The journal, for whoever follows it: the first way to integrate.
 *
 * Invariants: `seq` is 1, 2, 3 … without a gap, in commit order. An entry looks the same to everybody who may see
 * it, and the bytes served are the bytes hashed.
 */
export function changes(app: App, options: { database: Database }): void {
  changesRoutes(app, options)
}
