import { withinRemit } from '../../../access/remit.ts'
import type { Database } from '../../../database/client.ts'
import { dayOf } from '../../../domain/days.ts'
import type { Instant } from '../../../domain/instant.ts'
import { quantityText } from '../../../domain/quantities.ts'
import type { StockStatus } from '../../../domain/supplies.ts'
import { decodeCursor, pageOf } from '../../../http/cursor.ts'
import { etagOf, notModified } from '../../../http/preconditions.ts'
import { refuse, sendProblem } from '../../../http/problem.ts'
import type { App } from '../../../http/server.ts'
import { nothing, refusals } from '../../../http/wire.ts'
import { no_params, type Operation, operation } from '../../../journal/operation.ts'
import type { Submit } from '../../../journal/writer.ts'
import { isExpired, shownExpiry, shownLot } from '../../../ledgers/stock/moves.ts'
import { shownMovement } from '../rules/movements.ts'
import {
  type MovementAnswer,
  movement,
  movement_answer,
  movement_params,
  movements_page,
  movements_query,
  type NewMovement,
  new_movement,
  stock_list,
  stock_query,
  store_params,
} from '../schemas.ts'
import { readMovement, readMovements, readStock, readStore, type StockFound } from '../store.ts'

/** A lot as it is shown: what may be used of it, and what must not, each in a line of its own. */
function stockLines(lot: StockFound, at: Instant) {
  const line = (quantity: number, status: StockStatus) => ({
    item: lot.item,
    lot: shownLot(lot.lot),
    expires_on: shownExpiry(lot.expires_on),
    quantity: quantityText(quantity),
    unit: lot.unit,
    status,
  })
  return [
    ...(lot.usable === 0 ? [] : [line(lot.usable, isExpired(lot, at) ? 'expired' : 'usable')]),
    ...(lot.quarantined === 0 ? [] : [line(lot.quarantined, 'quarantined')]),
  ]
}

export function stockRoutes(
  app: App,
  options: {
    database: Database
    move: Submit<NewMovement, { movement: string }, MovementAnswer>
    reverse: Submit<{ movement: string }, undefined, MovementAnswer>
  },
): Operation[] {
  const { database } = options

  app.route({
    method: 'GET',
    url: '/v1/stores/:store/stock',
    config: { scope: 'supplies:read', etag: true },
    schema: {
      operationId: 'getStock',
      tags: ['Supplies'],
      summary: 'What lies in a store, lot by lot',
      description:
        'Now, or at any moment of the past as known now (`as_of`). A lot is usable through its `expires_on` and expired the day after.',
      params: store_params,
      querystring: stock_query,
      response: { 200: stock_list, ...refusals('outside_remit', 'store_not_found') },
    },
    async handler(request, reply) {
      const store = await readStore(database, request.params.store)
      if (store === undefined)
        return sendProblem(reply, refuse('store_not_found', `No store is called ${request.params.store}.`))
      if (!withinRemit(request.principal.remit, store))
        return sendProblem(reply, refuse('outside_remit', `${store.name} is outside what this key may see.`))
      const { as_of, status } = request.query
      const { clock, lots } = await readStock(database, store.id, request.query)
      const at = as_of ?? clock
      const items = lots
        .flatMap((lot) => stockLines(lot, at))
        .filter((line) => status === undefined || line.status === status)
      // Weak: the moment of asking is in the answer, and would make every answer new.
      if (notModified(request, reply, `W/${etagOf({ items, day: dayOf(at) })}`)) return reply
      return reply.send({ store: store.id, as_of: at, items })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/stock-movements',
    config: { scope: 'supplies:read' },
    schema: {
      operationId: 'listStockMovements',
      tags: ['Supplies'],
      summary: 'Movements of stock inside the remit',
      description: 'In the order of their ids, which is the order in which they were made.',
      querystring: movements_query,
      response: { 200: movements_page, ...refusals('store_not_found') },
    },
    async handler(request, reply) {
      const { cursor, limit, store, kind } = request.query
      const found = store === undefined ? undefined : await readStore(database, store)
      if (store !== undefined && found === undefined)
        return sendProblem(reply, refuse('store_not_found', `No store is called ${store}.`))
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, ['uuid'])
      const query = { store: found?.id, kind }
      const rows = await readMovements(database, request.principal.remit, query, after, limit + 1)
      const { page, next_cursor } = pageOf(reply, request, rows, limit, (last) => [last.id])
      const items = page.map((row) => ({ ...shownMovement(row), note: row.note }))
      return reply.send({ items, next_cursor })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/stock-movements/:movement',
    config: { scope: 'supplies:read', etag: true },
    schema: {
      operationId: 'getStockMovement',
      tags: ['Supplies'],
      summary: 'One movement of stock',
      description: 'One outside the remit is not found.',
      params: movement_params,
      response: { 200: movement, ...refusals('movement_not_found') },
    },
    async handler(request, reply) {
      const { movement: id } = request.params
      const row = await readMovement(database, id)
      const { remit } = request.principal
      const visible =
        row !== undefined &&
        [row.store, row.to_store ?? row.store].some((store) =>
          withinRemit(remit, { id: store, region: row.region }),
        )
      if (!visible)
        return sendProblem(reply, refuse('movement_not_found', `No movement ${id} is known to this key.`))
      const body = shownMovement(row)
      if (notModified(request, reply, etagOf(body))) return reply
      return reply.send(body)
    },
  })

  return [
    operation(app, {
      operationId: 'postStockMovement',
      scope: 'stock:write',
      url: '/v1/stock-movements',
      tags: ['Supplies'],
      summary: 'Move stock',
      description:
        'Receipt, issue, transfer, adjustment, disposal, quarantine or release: all lines or none. An issue or transfer without `lot` takes first-expired-first-out, never an expired or quarantined lot; what is short is named with `line`, `requested` and `available`.',
      params: no_params,
      body: new_movement,
      status: 201,
      answer: movement_answer,
      refusals: [
        'store_not_found',
        'outside_remit',
        'same_store',
        'in_the_future',
        'before_2000',
        'id_taken',
        'item_not_found',
        'too_many_decimals',
        'lot_expired',
        'lot_not_found',
        'insufficient_stock',
      ],
      submit: options.move,
      content: (_params, body) => body,
      location: ({ movement: { id } }) => `/v1/stock-movements/${id}`,
    }),
    operation(app, {
      operationId: 'reverseStockMovement',
      scope: 'stock:write',
      url: '/v1/stock-movements/:movement/reversal',
      tags: ['Supplies'],
      summary: 'Take a movement back',
      description:
        'By a further entry, at the moment of the movement. What it brought in must still be there, and must have been at every moment since.',
      params: movement_params,
      body: nothing,
      status: 200,
      answer: movement_answer,
      refusals: ['movement_not_found', 'outside_remit', 'movement_reversed', 'insufficient_stock'],
      submit: options.reverse,
      content: (params) => params,
    }),
  ]
}
