import { uuidv7 } from 'uuidv7'
import type { Database } from '../../database/client.ts'
import type { App } from '../../http/server.ts'
import type { Command } from '../../journal/ledger.ts'
import type { Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { picture } from './alternatives.ts'
import { placementRoutes } from './routes.ts'
import { type ArrivalFresh, decideArrival, decideDeparture } from './rules.ts'
import type { Arrival, Departure } from './schemas.ts'
import { readOpenShelters } from './store.ts'

/**
 * Households arrive, stay and leave. A stay is one household in one shelter; nothing here knows a name.
 *
 * Invariants: a shelter is never overbooked, and people who are there are never refused (`overflow`). A reference
 * has at most one household, and open stays in more than one shelter only after a transfer in part.
 */
export function placement(
  app: App,
  options: {
    database: Database
    writer: Writer<ServiceLedgers>
    alternatives_max_age_ms: number
    drain_signal: AbortSignal
  },
): void {
  const { database, writer } = options
  const arrive = writer.command({
    operation: 'postArrival',
    fresh: () => ({ stay: uuidv7(), household: uuidv7() }),
    needs: ({ content: { shelter, household, id } }: Command<Arrival, ArrivalFresh>) => ({
      places: {
        shelters: [shelter],
        ...(id !== undefined && { stays: [id] }),
        ...(household.reference !== undefined && { references: [household.reference] }),
      },
    }),
    decide: decideArrival,
  })
  const depart = writer.command({
    operation: 'postDeparture',
    fresh: () => undefined,
    needs: ({ content }: { content: Departure & { stay: string } }) => ({
      places: { stays: [content.stay] },
    }),
    decide: decideDeparture,
  })
  const openShelters = picture(() => readOpenShelters(database), options.alternatives_max_age_ms)
  placementRoutes(app, { database, arrive, depart, openShelters, drain_signal: options.drain_signal })
}
