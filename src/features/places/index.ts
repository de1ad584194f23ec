import type { Database } from '../../database/client.ts'
import type { App } from '../../http/server.ts'
import type { Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { placesRoutes } from './routes.ts'
import { decidePlacesChange } from './rules.ts'
import type { PlacesChange } from './schemas.ts'

/**
 * How many places there are, and how many people, for a shelter, a region and the nation, now and at any moment.
 *
 * Invariants: `occupied + held + blocked <= places` at every commit. Region sums equal the national figures, in
 * one snapshot. Every figure of the past is the sum of the effects with `at <= as_of` of the entries known.
 */
export function places(
  app: App,
  options: { database: Database; writer: Writer<ServiceLedgers>; goal: number; commit_ms_max: number },
): void {
  const changePlaces = options.writer.command({
    operation: 'changePlaces',
    fresh: () => undefined,
    needs: ({ content }: { content: { shelter: string; change: PlacesChange } }) => ({
      places: { shelters: [content.shelter] },
    }),
    decide: decidePlacesChange,
  })
  placesRoutes(app, { ...options, changePlaces })
}
