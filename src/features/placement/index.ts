import type { Database } from '../../database/client.ts'
import { newId } from '../../http/ids.ts'
import type { App } from '../../http/server.ts'
import type { Command } from '../../journal/ledger.ts'
import type { Operation } from '../../journal/operation.ts'
import type { Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import type { WithAlternatives } from './alternatives.ts'
import { staysRoutes } from './routes/reads.ts'
import { type PlacementCommands, placementOperations } from './routes/writes.ts'
import { decideAddition } from './rules/additions.ts'
import { type ArrivalFresh, decideArrival } from './rules/arrivals.ts'
import { decideCancellation } from './rules/cancellations.ts'
import { decideCorrection } from './rules/corrections.ts'
import { decideDeparture } from './rules/departures.ts'
import { decideLook } from './rules/looks.ts'
import { decideTransfer } from './rules/transfers.ts'
import type { Addition, Arrival, Correction, Transfer } from './schemas.ts'

/**
 * Households arrive, stay, grow, move on and leave; what was posted wrong is corrected by a further entry. A stay is
 * one household in one shelter; nothing here knows a name.
 *
 * Invariants: a shelter is never overbooked, and people who are there are never refused (`overflow`). A reference
 * has at most one household, and open stays in more than one shelter only after a transfer in part. No household is
 * split but by hand.
 */
export function placement(
  app: App,
  options: { database: Database; writer: Writer<ServiceLedgers>; withAlternatives: WithAlternatives },
): { operations: Operation[]; commands: PlacementCommands } {
  const { writer } = options
  const nothing = () => undefined
  const ofStay = ({ content }: { content: { stay: string; hold?: string } }) => ({
    places: { stays: [content.stay], ...(content.hold !== undefined && { holds: [content.hold] }) },
  })
  const ofWholeStay = ({ content }: { content: { stay: string } }) => ({
    places: { whole_stays: [content.stay] },
  })

  const commands: PlacementCommands = {
    arrive: writer.command({
      operation: 'postArrival',
      fresh: () => ({ stay: newId(), household: newId() }),
      needs: ({ content: { shelter, household, id, hold } }: Command<Arrival, ArrivalFresh>) => ({
        places: {
          shelters: [shelter],
          ...(id !== undefined && { stays: [id] }),
          ...(household.reference !== undefined && { references: [household.reference] }),
          ...(hold !== undefined && { holds: [hold] }),
        },
      }),
      decide: decideArrival,
    }),
    depart: writer.command({
      operation: 'postDeparture',
      fresh: nothing,
      needs: ofStay,
      decide: decideDeparture,
    }),
    add: writer.command({
      operation: 'postAddition',
      fresh: nothing,
      needs: ({ content: { stay, hold } }: Command<Addition & { stay: string }, undefined>) => ({
        places: { stays: [stay], households_of: [stay], ...(hold !== undefined && { holds: [hold] }) },
      }),
      decide: decideAddition,
    }),
    transfer: writer.command({
      operation: 'postTransfer',
      fresh: () => ({ stay: newId() }),
      needs: ({
        content: { stay, to, id, hold },
      }: Command<Transfer & { stay: string }, { stay: string }>) => ({
        places: {
          shelters: [to],
          stays: id === undefined ? [stay] : [stay, id],
          ...(hold !== undefined && { holds: [hold] }),
        },
      }),
      decide: decideTransfer,
    }),
    correct: writer.command({
      operation: 'postCorrection',
      fresh: nothing,
      needs: ({ content: { stay } }: Command<Correction & { stay: string }, undefined>) => ({
        places: { whole_stays: [stay], households_of: [stay] },
      }),
      decide: decideCorrection,
    }),
    cancel: writer.command({
      operation: 'postCancellation',
      fresh: nothing,
      needs: ofWholeStay,
      decide: decideCancellation,
    }),
  }
  const operations = placementOperations(app, { ...options, commands })
  const look = writer.command({ operation: 'look', fresh: nothing, needs: () => ({}), decide: decideLook })
  staysRoutes(app, { database: options.database, look })
  return { operations, commands }
}

export { alternatives } from './alternatives.ts'
