import type { Database } from '../../../database/client.ts'
import { decodeCursor, pageOf } from '../../../http/cursor.ts'
import { newId } from '../../../http/ids.ts'
import { etagOf, notModified, requireVersion, versionedEtag } from '../../../http/preconditions.ts'
import { refuse, sendProblem } from '../../../http/problem.ts'
import type { App } from '../../../http/server.ts'
import { ifMatchHeaders, refusals } from '../../../http/wire.ts'
import { callerOf } from '../../../journal/answer.ts'
import { no_params, operation } from '../../../journal/operation.ts'
import type { Submit } from '../../../journal/writer.ts'
import { type ItemChange, shownItem, shownNeed } from '../rules/catalogue.ts'
import {
  type ItemChanged,
  item,
  item_changed,
  item_params,
  item_patch,
  items_page,
  items_query,
  type NeedBody,
  type NeedChanged,
  type NewItem,
  type NewStore,
  need_body,
  need_changed,
  need_params,
  needs_list,
  new_item,
  new_store,
  type StoreChanged,
  store,
  store_changed,
  store_params,
  stores_page,
  stores_query,
} from '../schemas.ts'
import { readItem, readItems, readNeeds, readStore, readStores, type StoreFound } from '../store.ts'

const shownStore = (found: StoreFound) => ({
  ...found,
  region: found.region as StoreChanged['store']['region'],
  kind: found.shelter === null ? ('warehouse' as const) : ('shelter' as const),
})

export function catalogueRoutes(
  app: App,
  options: {
    database: Database
    addItem: Submit<NewItem, undefined, ItemChanged>
    changeItem: Submit<ItemChange, undefined, ItemChanged>
    setNeed: Submit<NeedBody & { need: string }, undefined, NeedChanged>
    openStore: Submit<NewStore, { store: string }, StoreChanged>
  },
): void {
  const { database } = options

  app.route({
    method: 'GET',
    url: '/v1/items',
    config: { scope: 'supplies:read' },
    schema: {
      operationId: 'listItems',
      tags: ['Supplies'],
      summary: 'The catalogue of items',
      description: 'In the order of their codes, with names in Armenian, Russian and English.',
      querystring: items_query,
      response: { 200: items_page },
    },
    async handler(request, reply) {
      const { cursor, limit } = request.query
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, ['string'])
      const rows = await readItems(database, request.query, after, limit + 1)
      const { page, next_cursor } = pageOf(reply, request, rows, limit, (last) => [last.code])
      return reply.send({ items: page.map(shownItem), next_cursor })
    },
  })

  operation(app, {
    operationId: 'addItem',
    scope: 'supplies:write',
    url: '/v1/items',
    tags: ['Supplies'],
    summary: 'Add an item to the catalogue',
    description: 'Its code, unit and decimals never change: quantities rely on them.',
    params: no_params,
    body: new_item,
    status: 201,
    answer: item_changed,
    refusals: ['code_taken'],
    submit: options.addItem,
    content: (_params, body) => body,
    location: ({ item: { code } }) => `/v1/items/${code}`,
  })

  app.route({
    method: 'GET',
    url: '/v1/items/:item',
    config: { scope: 'supplies:read', etag: true },
    schema: {
      operationId: 'getItem',
      tags: ['Supplies'],
      summary: 'One item',
      description: 'With the ETag that a PATCH needs.',
      params: item_params,
      response: { 200: item, ...refusals('item_not_found') },
    },
    async handler(request, reply) {
      const row = await readItem(database, request.params.item)
      if (row === undefined) return sendProblem(reply, noItem(request.params.item))
      const body = shownItem(row)
      if (notModified(request, reply, versionedEtag(row.version, body))) return reply
      return reply.send(body)
    },
  })

  app.route({
    method: 'PATCH',
    url: '/v1/items/:item',
    config: { scope: 'supplies:write' },
    schema: {
      operationId: 'changeItem',
      tags: ['Supplies'],
      summary: 'Change what is known of an item',
      description: 'A merge patch (RFC 7396) of what may change; null takes energy or ATC code back.',
      params: item_params,
      headers: ifMatchHeaders,
      body: item_patch,
      response: {
        200: item_changed,
        ...refusals('item_not_found', 'precondition_failed', 'precondition_required'),
      },
    },
    async handler(request, reply) {
      const if_match = requireVersion(request)
      const content = { item: request.params.item, patch: request.body, if_match }
      const outcome = await options.changeItem(callerOf(request), newId(), content)
      if ('refused' in outcome) return sendProblem(reply, outcome.refused)
      const row = await readItem(database, content.item)
      if (row !== undefined) reply.header('etag', versionedEtag(row.version, shownItem(row)))
      return reply.code(200).send(outcome.answer)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/needs',
    config: { scope: 'supplies:read' },
    schema: {
      operationId: 'listNeeds',
      tags: ['Supplies'],
      summary: 'What a household may need',
      description:
        'Medicines name their item and what one person takes in a day: defaults are the defined daily doses of WHO, a unit of measure and no prescription.',
      response: { 200: needs_list },
    },
    handler: async () => ({ items: (await readNeeds(database)).map(shownNeed) }),
  })

  app.route({
    method: 'PUT',
    url: '/v1/needs/:need',
    config: { scope: 'supplies:write' },
    schema: {
      operationId: 'setNeed',
      tags: ['Supplies'],
      summary: 'Say what a need is',
      description: 'A new one, or in place of what was said before; whole, nothing of the old one stays.',
      params: need_params,
      body: need_body,
      response: {
        200: need_changed,
        201: need_changed,
        ...refusals('need_not_found', 'item_not_found', 'too_many_decimals'),
      },
    },
    async handler(request, reply) {
      const content = { ...request.body, need: request.params.need }
      const outcome = await options.setNeed(callerOf(request), newId(), content)
      if ('refused' in outcome) return sendProblem(reply, outcome.refused)
      return reply.code(outcome.status === 201 ? 201 : 200).send(outcome.answer)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/stores',
    config: { scope: 'supplies:read' },
    schema: {
      operationId: 'listStores',
      tags: ['Supplies'],
      summary: 'Where stock lies',
      description: 'Warehouses, and the one store of each shelter, which has the shelter’s id and code.',
      querystring: stores_query,
      response: { 200: stores_page },
    },
    async handler(request, reply) {
      const { cursor, limit } = request.query
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, ['uuid'])
      const rows = await readStores(database, request.query, after, limit + 1)
      const { page, next_cursor } = pageOf(reply, request, rows, limit, (last) => [last.id])
      return reply.send({ items: page.map(shownStore), next_cursor })
    },
  })

  operation(app, {
    operationId: 'openStore',
    scope: 'supplies:write',
    url: '/v1/stores',
    tags: ['Supplies'],
    summary: 'Open a warehouse',
    description: 'A store that belongs to no shelter.',
    params: no_params,
    body: new_store,
    status: 201,
    answer: store_changed,
    refusals: ['outside_remit', 'id_taken', 'code_taken'],
    submit: options.openStore,
    content: (_params, body) => body,
    location: ({ store: { id } }) => `/v1/stores/${id}`,
  })

  app.route({
    method: 'GET',
    url: '/v1/stores/:store',
    config: { scope: 'supplies:read', etag: true },
    schema: {
      operationId: 'getStore',
      tags: ['Supplies'],
      summary: 'One store',
      description: 'A shelter’s, by the shelter’s id or code, or a warehouse.',
      params: store_params,
      response: { 200: store, ...refusals('store_not_found') },
    },
    async handler(request, reply) {
      const found = await readStore(database, request.params.store)
      if (found === undefined)
        return sendProblem(reply, refuse('store_not_found', `No store is called ${request.params.store}.`))
      const body = shownStore(found)
      if (notModified(request, reply, etagOf(body))) return reply
      return reply.send(body)
    },
  })
}

const noItem = (code: string) => refuse('item_not_found', `No item is called ${code}.`)
