import type { z } from 'zod'
import { withinRemit } from '../../access/remit.ts'
import type { Scope } from '../../access/scopes.ts'
import type { Database } from '../../database/client.ts'
import { decodeCursor, pageOf } from '../../http/cursor.ts'
import { etagOf, notModified } from '../../http/preconditions.ts'
import { type ProblemCode, sendProblem } from '../../http/problem.ts'
import type { App } from '../../http/server.ts'
import { refusals } from '../../http/wire.ts'
import { no_params, operation } from '../../journal/operation.ts'
import type { Submit } from '../../journal/writer.ts'
import { notFound, shownConsignment } from './rules.ts'
import {
  type Cancellation,
  type CheckpointPosted,
  type ConsignmentAnswer,
  cancellation_body,
  checkpoint_body,
  consignment,
  consignment_answer,
  consignment_params,
  consignments_page,
  consignments_query,
  type Dispatch,
  dispatch_body,
  type NewConsignment,
  new_consignment,
  type Receipt,
  type ReceiptAnswer,
  receipt_answer,
  receipt_body,
} from './schemas.ts'
import { readConsignment, readConsignments } from './store.ts'

const in_time = ['in_the_future', 'before_2000'] as const

export function consignmentsRoutes(
  app: App,
  options: {
    database: Database
    announce: Submit<NewConsignment, { consignment: string }, ConsignmentAnswer>
    dispatch: Submit<Dispatch, undefined, ConsignmentAnswer>
    checkpoint: Submit<CheckpointPosted, undefined, ConsignmentAnswer>
    receive: Submit<Receipt, { movement: string }, ReceiptAnswer>
    cancel: Submit<Cancellation, undefined, ConsignmentAnswer>
  },
): void {
  const { database } = options

  app.route({
    method: 'GET',
    url: '/v1/consignments',
    config: { scope: 'consignments:read' },
    schema: {
      operationId: 'listConsignments',
      tags: ['Consignments'],
      summary: 'Aid cargo on its way to stores inside the remit',
      description: 'In the order in which it was announced; what should be there by now is `overdue`.',
      querystring: consignments_query,
      response: { 200: consignments_page },
    },
    async handler(request, reply) {
      const { cursor, limit, ...query } = request.query
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, ['uuid'])
      const rows = await readConsignments(database, request.principal.remit, query, after, limit + 1)
      const { page, next_cursor } = pageOf(reply, request, rows, limit, (last) => [last.id])
      const now = new Date().toISOString()
      return reply.send({
        items: page.map((row) => shownConsignment(row, now)),
        next_cursor,
      })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/consignments/:consignment',
    config: { scope: 'consignments:read', etag: true },
    schema: {
      operationId: 'getConsignment',
      tags: ['Consignments'],
      summary: 'One consignment',
      description: 'With its lines and checkpoints. One to a store outside the remit is not found.',
      params: consignment_params,
      response: { 200: consignment, ...refusals('consignment_not_found') },
    },
    async handler(request, reply) {
      const id = request.params.consignment
      const row = await readConsignment(database, id)
      if (row === undefined || !withinRemit(request.principal.remit, { id: row.store, region: row.region }))
        return sendProblem(reply, notFound(id))
      const body = shownConsignment(row, new Date().toISOString())
      if (notModified(request, reply, etagOf(body))) return reply
      return reply.send(body)
    },
  })

  operation(app, {
    operationId: 'announceConsignment',
    scope: 'consignments:write',
    url: '/v1/consignments',
    tags: ['Consignments'],
    summary: 'Announce aid cargo',
    description:
      'With its vehicles, its corridor and what it brings, to a store. Nothing is booked before it is there.',
    params: no_params,
    body: new_consignment,
    status: 201,
    answer: consignment_answer,
    refusals: ['store_not_found', ...in_time, 'id_taken', 'item_not_found', 'too_many_decimals'],
    submit: options.announce,
    content: (_params, body) => body,
    location: ({ consignment: { id } }) => `/v1/consignments/${id}`,
  })

  /** What is posted about one consignment. */
  const about = <Body extends z.ZodType<object>, Content, Fresh, Answer>(spec: {
    action: string
    operationId: string
    scope: Scope
    summary: string
    description: string
    body: Body
    answer: z.ZodType<Answer>
    refusals: readonly ProblemCode[]
    submit: Submit<Content, Fresh, Answer>
    content(consignment: string, body: z.output<Body>): Content
  }) =>
    operation(app, {
      ...spec,
      url: `/v1/consignments/:consignment/${spec.action}`,
      tags: ['Consignments'],
      params: consignment_params,
      status: 200,
      refusals: ['consignment_not_found', 'consignment_closed', ...spec.refusals],
      content: (params, body) => spec.content(params.consignment, body),
    })

  about({
    action: 'dispatch',
    operationId: 'dispatchConsignment',
    scope: 'consignments:write',
    summary: 'It is on its way',
    description: 'The first departure stands.',
    body: dispatch_body,
    answer: consignment_answer,
    refusals: in_time,
    submit: options.dispatch,
    content: (id, body) => ({ ...body, consignment: id }),
  })
  about({
    action: 'checkpoint',
    operationId: 'postCheckpoint',
    scope: 'consignments:write',
    summary: 'A checkpoint cleared it, or holds it',
    description: 'Each is kept, in the order in which they were posted.',
    body: checkpoint_body,
    answer: consignment_answer,
    refusals: in_time,
    submit: options.checkpoint,
    content: (id, body) => ({ ...body, consignment: id }),
  })
  about({
    action: 'receipt',
    operationId: 'receiveConsignment',
    scope: 'consignments:receive',
    summary: 'It is there: what is usable is booked into the store',
    description:
      'Line by line what is usable and what is damaged, in one commit with the receipt of stock. What is missing counts as lost, unless more is to come (`partial`).',
    body: receipt_body,
    answer: receipt_answer,
    refusals: [
      'outside_remit',
      ...in_time,
      'line_not_found',
      'too_many_decimals',
      'more_than_announced',
      'lot_expired',
    ],
    submit: options.receive,
    content: (id, body) => ({ ...body, consignment: id }),
  })
  about({
    action: 'cancellation',
    operationId: 'cancelConsignment',
    scope: 'consignments:write',
    summary: 'It will not come',
    description: 'What came in part stays booked; the rest counts as lost.',
    body: cancellation_body,
    answer: consignment_answer,
    refusals: [],
    submit: options.cancel,
    content: (id, body) => ({ ...body, consignment: id }),
  })
}
