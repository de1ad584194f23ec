import type { Database } from '../../database/client.ts'
import { newId } from '../../http/ids.ts'
import type { App } from '../../http/server.ts'
import type { Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { sheltersRoutes } from './routes.ts'
import { decideChange, decideRegistration, type ShelterChange } from './rules.ts'
import type { NewShelter } from './schemas.ts'

export { ensureRegions } from './store.ts'

/**
 * The register: which buildings there are, where, and what they are like. How full they are is the ledger's
 * business (features/places, features/placement); the register only gives a shelter its first places.
 *
 * Invariants: `code` and `region` never change. A shelter with people or holds in it cannot close. People arriving
 * never make a clerk's PATCH stale.
 */
export function regionsAndShelters(
  app: App,
  { database, writer }: { database: Database; writer: Writer<ServiceLedgers> },
) {
  const register = writer.command({
    operation: 'registerShelter',
    fresh: () => ({ shelter: newId() }),
    needs: ({ content, fresh }: { content: NewShelter; fresh: { shelter: string } }) => ({
      places: { shelters: [content.code, content.id ?? fresh.shelter] },
    }),
    decide: decideRegistration,
  })
  const change = writer.command({
    operation: 'changeShelter',
    fresh: () => undefined,
    needs: ({ content }: { content: ShelterChange }) => ({ places: { shelters: [content.shelter] } }),
    decide: decideChange,
  })
  sheltersRoutes(app, { database, register, change })
  return { register }
}
