import { itself } from '../../access/itself.ts'
import type { Database } from '../../database/client.ts'
import { newId } from '../../http/ids.ts'
import type { Refusal } from '../../http/problem.ts'
import type { App } from '../../http/server.ts'
import type { Operation } from '../../journal/operation.ts'
import type { Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { capacityRoutes, standingRoutes } from './routes/reads.ts'
import { type PlacesCommands, placesOperations } from './routes/writes.ts'
import { decideBlock, decideLift } from './rules/blocks.ts'
import { decideHeadcount, decideSettlement } from './rules/headcounts.ts'
import { decideHold, decideRelease } from './rules/holds.ts'
import { decidePlacesChange } from './rules/places.ts'
import { readSheltersWithDueHolds } from './standing-store.ts'

/** Shelters whose due holds one round of tidying settles. */
const TIDIED_MAX = 200

/**
 * How many places there are, what stands between them and people (holds, blocks), and how many people there really
 * are (headcounts), for a shelter, a region and the nation, now and at any moment.
 *
 * Invariants: `occupied + held + blocked <= places` at every commit. A hold that is due keeps nothing, for readers
 * and for the next writer, whether or not anything tidies up. Region sums equal the national figures, in one
 * snapshot. Every figure of the past is the sum of the effects with `at <= as_of` of the entries known.
 */
export function places(
  app: App,
  options: {
    database: Database
    writer: Writer<ServiceLedgers>
    goal: number
    commit_ms_max: number
    withAlternatives: (refusal: Refusal, shelter: string, people: number) => Promise<Refusal>
  },
): { operations: Operation[]; tidyHolds: () => Promise<void> } {
  const { database, writer } = options
  const nothing = () => undefined
  const ofShelter = ({ content }: { content: { shelter: string } }) => ({
    places: { shelters: [content.shelter] },
  })

  const commands: PlacesCommands = {
    changePlaces: writer.command({
      operation: 'changePlaces',
      fresh: nothing,
      needs: ofShelter,
      decide: decidePlacesChange,
    }),
    hold: writer.command({
      operation: 'placeHold',
      fresh: () => ({ hold: newId() }),
      needs: ({ content: { shelter, id } }) => ({
        places: { shelters: [shelter], ...(id !== undefined && { holds: [id] }) },
      }),
      decide: decideHold,
    }),
    release: writer.command({
      operation: 'releaseHold',
      fresh: nothing,
      needs: ({ content }) => ({ places: { holds: [content.hold] } }),
      decide: decideRelease,
    }),
    block: writer.command({
      operation: 'blockPlaces',
      fresh: () => ({ block: newId() }),
      needs: ({ content: { shelter, id } }) => ({
        places: { shelters: [shelter], ...(id !== undefined && { blocks: [id] }) },
      }),
      decide: decideBlock,
    }),
    lift: writer.command({
      operation: 'liftBlock',
      fresh: nothing,
      needs: ({ content: { shelter, block } }) => ({ places: { shelters: [shelter], blocks: [block] } }),
      decide: decideLift,
    }),
    count: writer.command({
      operation: 'postHeadcount',
      fresh: () => ({ headcount: newId() }),
      needs: ({ content: { shelter, id, occurred_at } }) => ({
        places: {
          shelters: [shelter],
          ...(id !== undefined && { headcounts: [id] }),
          ...(occurred_at !== undefined && { occupied_at: [{ shelter, at: occurred_at }] }),
        },
      }),
      decide: decideHeadcount,
    }),
    settle: writer.command({
      operation: 'settleHeadcount',
      fresh: () => ({ stay: newId(), household: newId() }),
      needs: ({ content: { shelter, headcount } }) => ({
        places: { shelters: [shelter], headcounts: [headcount] },
      }),
      decide: decideSettlement,
    }),
  }
  /** To need a shelter is enough: the writer settles what is due in every shelter that it touches. */
  const touch = writer.command({
    operation: 'tidyHolds',
    fresh: nothing,
    needs: ({ content }: { content: { shelters: string[] } }) => ({ places: { shelters: content.shelters } }),
    decide: () => ({ status: 200, answer: {}, entries: [], changes: {} }),
  })

  capacityRoutes(app, options)
  standingRoutes(app, options)
  return {
    operations: placesOperations(app, { ...options, commands }),
    async tidyHolds() {
      const shelters = await readSheltersWithDueHolds(database, TIDIED_MAX)
      if (shelters.length > 0) await touch(itself('tidy-holds'), newId(), { shelters }, { lane: 'bulk' })
    },
  }
}
