import type { Database } from '../../database/client.ts'
import { newId } from '../../http/ids.ts'
import type { App } from '../../http/server.ts'
import type { Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { consignmentsRoutes } from './routes.ts'
import {
  decideAnnouncement,
  decideCancellation,
  decideCheckpoint,
  decideDispatch,
  decideReceipt,
} from './rules.ts'
import type { NewConsignment, Receipt } from './schemas.ts'

/**
 * Aid cargo on its way: announced, dispatched, held or cleared at checkpoints, received with what was damaged and
 * what was lost. Place names stand as their sources give them.
 *
 * Invariants: what a receipt calls usable is in the store in the same commit. Received, damaged and lost never come to
 * more than was announced, and to exactly that once it is closed. A closed consignment takes nothing more.
 */
export function consignments(
  app: App,
  { database, writer }: { database: Database; writer: Writer<ServiceLedgers> },
): void {
  const nothing = () => undefined
  const one = ({ content }: { content: { consignment: string } }) => ({
    records: { consignments: [content.consignment] },
  })
  consignmentsRoutes(app, {
    database,
    announce: writer.command({
      operation: 'announceConsignment',
      fresh: () => ({ consignment: newId() }),
      needs: ({ content }: { content: NewConsignment }) => ({
        stock: { stores: [content.destination] },
        records: {
          items: [...new Set(content.lines.map((line) => line.item))],
          ...(content.id !== undefined && { consignments: [content.id] }),
        },
      }),
      decide: decideAnnouncement,
    }),
    dispatch: writer.command({
      operation: 'dispatchConsignment',
      fresh: nothing,
      needs: one,
      decide: decideDispatch,
    }),
    checkpoint: writer.command({
      operation: 'postCheckpoint',
      fresh: nothing,
      needs: one,
      decide: decideCheckpoint,
    }),
    receive: writer.command({
      operation: 'receiveConsignment',
      fresh: () => ({ movement: newId() }),
      needs: ({ content }: { content: Receipt }) => ({
        ...one({ content }),
        stock: { cargo: [content.consignment] },
      }),
      decide: decideReceipt,
    }),
    cancel: writer.command({
      operation: 'cancelConsignment',
      fresh: nothing,
      needs: one,
      decide: decideCancellation,
    }),
  })
}
