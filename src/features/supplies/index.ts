import type { Database } from '../../database/client.ts'
import { newId } from '../../http/ids.ts'
import type { App } from '../../http/server.ts'
import type { Operation } from '../../journal/operation.ts'
import type { Submit, Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { catalogueRoutes } from './routes/catalogue.ts'
import { stockRoutes } from './routes/stock.ts'
import { decideItem, decideItemChange, decideNeed, decideStore, type ItemChange } from './rules/catalogue.ts'
import { decideMovement, decideReversal } from './rules/movements.ts'
import type { MovementAnswer, NeedBody, NewItem, NewMovement, NewStore } from './schemas.ts'

export { ensureCatalogue } from './store.ts'

/**
 * What there is to eat and to heal with: items, what people need of them, stores, and the stock that lies there, lot
 * by lot.
 *
 * Invariants: stock is never negative, now or at any moment of the past. An issue never takes an expired or
 * quarantined lot. A movement moves all its lines or none. Quantities are exact. The stock of any moment is the sum
 * of what the journal's entries moved up to it.
 */
export function supplies(
  app: App,
  { database, writer }: { database: Database; writer: Writer<ServiceLedgers> },
): {
  operations: Operation[]
  move: Submit<NewMovement, { movement: string }, MovementAnswer>
} {
  const nothing = () => undefined
  catalogueRoutes(app, {
    database,
    addItem: writer.command({
      operation: 'addItem',
      fresh: nothing,
      needs: ({ content }: { content: NewItem }) => ({ records: { items: [content.code] } }),
      decide: decideItem,
    }),
    changeItem: writer.command({
      operation: 'changeItem',
      fresh: nothing,
      needs: ({ content }: { content: ItemChange }) => ({ records: { items: [content.item] } }),
      decide: decideItemChange,
    }),
    setNeed: writer.command({
      operation: 'setNeed',
      fresh: nothing,
      needs: ({ content }: { content: NeedBody & { need: string } }) => ({
        records: {
          needs: [content.need],
          ...(content.item !== undefined && { items: [content.item] }),
        },
      }),
      decide: decideNeed,
    }),
    openStore: writer.command({
      operation: 'openStore',
      fresh: () => ({ store: newId() }),
      needs: ({ content, fresh }: { content: NewStore; fresh: { store: string } }) => ({
        stock: {
          stores: [content.id ?? fresh.store, ...(content.code === undefined ? [] : [content.code])],
        },
      }),
      decide: decideStore,
    }),
  })

  const move = writer.command({
    operation: 'postStockMovement',
    fresh: () => ({ movement: newId() }),
    needs: ({ content }: { content: NewMovement }) => {
      const { id, store, to_store, lines, occurred_at } = content
      const stores = to_store === undefined ? [store] : [store, to_store]
      const items = [...new Set(lines.map((line) => line.item))]
      return {
        records: { items },
        stock: {
          stores,
          stock: stores.flatMap((name) => items.map((item) => ({ store: name, item, since: occurred_at }))),
          ...(id !== undefined && { movements: [id] }),
        },
      }
    },
    decide: decideMovement,
  })
  const reverse = writer.command({
    operation: 'reverseStockMovement',
    fresh: nothing,
    needs: ({ content }: { content: { movement: string } }) => ({ stock: { reversals: [content.movement] } }),
    decide: decideReversal,
  })
  return { operations: stockRoutes(app, { database, move, reverse }), move }
}
