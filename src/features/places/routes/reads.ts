import { z } from 'zod'
import { withinRemit } from '../../../access/remit.ts'
import type { Database } from '../../../database/client.ts'
import { pointsOf } from '../../../domain/duration.ts'
import { decodeCursor, pageOf } from '../../../http/cursor.ts'
import { etagOf, notModified } from '../../../http/preconditions.ts'
import { type Refusal, refuse, sendProblem } from '../../../http/problem.ts'
import type { App } from '../../../http/server.ts'
import { onePage, sendTable } from '../../../http/tables.ts'
import { anyUuid, pageQuery, refusals, regionCode, shelterName } from '../../../http/wire.ts'
import { capacityOf } from '../capacity.ts'
import { readHistory } from '../history.ts'
import { shownBlock } from '../rules/blocks.ts'
import { shownHeadcount } from '../rules/headcounts.ts'
import { shownHold } from '../rules/holds.ts'
import {
  blocks_list,
  capacity,
  capacity_query,
  headcounts_page,
  history,
  history_query,
  hold,
  holds_page,
  holds_query,
  last_headcounts,
  POINTS_MAX,
} from '../schemas.ts'
import { readBlocks, readHeadcounts, readHold, readHolds, readLastHeadcounts } from '../standing-store.ts'
import { readCapacity, readShelter } from '../store.ts'
import { capacity_columns } from '../table.ts'

export function capacityRoutes(
  app: App,
  options: { database: Database; goal: number; commit_ms_max: number },
): void {
  const { database } = options

  app.route({
    method: 'GET',
    url: '/v1/capacity',
    config: { scope: 'capacity:read', formats: ['json', 'csv'], etag: true },
    schema: {
      operationId: 'getCapacity',
      tags: ['Capacity'],
      summary: 'Places, people and room, for the nation and its regions, at any moment',
      description:
        '`as_of` asks by when things happened, `known_at` (or `known_seq`) by what was known. Figures of the past are not clamped: if people were posted before the places, `free` may be below zero there.',
      querystring: capacity_query,
      response: { 200: capacity, ...refusals('invalid_parameters', 'unauthenticated', 'forbidden_scope') },
    },
    async handler(request, reply) {
      const asked = request.query
      if (asked.known_at !== undefined && asked.known_seq !== undefined) {
        return sendProblem(reply, bothKnown())
      }
      const body = capacityOf(asked, await readCapacity(database, asked), options)
      // Weak, from figures and seq: the moment of asking is in the answer, and would make every answer new.
      const { seq, final, goal, national, regions } = body
      if (
        notModified(
          request,
          reply,
          `W/${etagOf({ format: request.format, seq, final, goal, national, regions })}`,
        )
      )
        return reply
      if (request.format === 'csv') {
        const { as_of, known_at } = body
        const rows = body.regions.map((row) => ({ ...row, as_of, known_at }))
        const table = { columns: capacity_columns, pages: onePage(rows), shown: (row: object) => row }
        return sendTable(reply, table, { format: 'csv', hxl: asked.hxl, file_name: 'capacity' })
      }
      return reply.send(body)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/capacity/history',
    config: { scope: 'capacity:read' },
    schema: {
      operationId: 'getCapacityHistory',
      tags: ['Capacity'],
      summary: 'A series of capacity for plots',
      description:
        'From `from` to `to` in equal steps, for the nation, a region or a shelter, as known now. Late posts stand where they happened. Transfers never count as arrivals or departures.',
      querystring: history_query,
      response: { 200: history, ...refusals('shelter_not_found') },
    },
    async handler(request, reply) {
      const { from, to, step, region, shelter } = request.query
      const points = pointsOf(from, to, step, POINTS_MAX)
      if (points.length === 0 || points.length > POINTS_MAX)
        return sendProblem(reply, wrongSpan(points.length))
      if (region !== undefined && shelter !== undefined) return sendProblem(reply, bothScopes())
      const id = shelter === undefined ? undefined : (await readShelter(database, shelter))?.id
      if (shelter !== undefined && id === undefined) {
        return sendProblem(reply, refuse('shelter_not_found', `No shelter is called ${shelter}.`))
      }
      return reply.send(await readHistory(database, { region, shelter: id }, points, step))
    },
  })
}

/** What stands between people and places: holds, blocks, headcounts. */
export function standingRoutes(app: App, { database }: { database: Database }): void {
  const shelter_params = z.strictObject({ shelter: shelterName })
  const notFound = (shelter: string) => refuse('shelter_not_found', `No shelter is called ${shelter}.`)

  app.route({
    method: 'GET',
    url: '/v1/holds',
    config: { scope: 'holds:read' },
    schema: {
      operationId: 'listHolds',
      tags: ['Holds'],
      summary: 'Holds inside the remit',
      description: 'In the order in which they were placed. One that is due shows as expired.',
      querystring: holds_query,
      response: { 200: holds_page, ...refusals('shelter_not_found') },
    },
    async handler(request, reply) {
      const { cursor, limit, shelter } = request.query
      const found = shelter === undefined ? undefined : await readShelter(database, shelter)
      if (shelter !== undefined && found === undefined) return sendProblem(reply, notFound(shelter))
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, ['uuid'])
      const query = { ...request.query, shelter: found?.id }
      const rows = await readHolds(database, request.principal.remit, query, after, limit + 1)
      const { page, next_cursor } = pageOf(reply, request, rows, limit, (last) => [last.id])
      const items = page.map((row) => ({ ...shownHold(row), party: row.party, origin: row.origin }))
      return reply.send({ items, next_cursor })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/holds/:hold',
    config: { scope: 'holds:read', etag: true },
    schema: {
      operationId: 'getHold',
      tags: ['Holds'],
      summary: 'One hold',
      description: 'One outside the remit is not found; one that is due shows as expired.',
      params: z.strictObject({ hold: anyUuid }),
      response: { 200: hold, ...refusals('hold_not_found') },
    },
    async handler(request, reply) {
      const row = await readHold(database, request.params.hold)
      if (
        row === undefined ||
        !withinRemit(request.principal.remit, { id: row.shelter, region: row.region })
      ) {
        return sendProblem(
          reply,
          refuse('hold_not_found', `No hold ${request.params.hold} is known to this key.`),
        )
      }
      const body = { ...shownHold(row), party: row.party, origin: row.origin }
      if (notModified(request, reply, etagOf(body))) return reply
      return reply.send(body)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/shelters/:shelter/blocks',
    config: { scope: 'shelters:read' },
    schema: {
      operationId: 'listBlocks',
      tags: ['Capacity'],
      summary: 'The blocks of a shelter',
      description: 'Those in force first, overdue ones marked; then the lifted ones, at most 500.',
      params: shelter_params,
      response: { 200: blocks_list, ...refusals('shelter_not_found') },
    },
    async handler(request, reply) {
      const found = await readShelter(database, request.params.shelter)
      if (found === undefined) return sendProblem(reply, notFound(request.params.shelter))
      const now = new Date().toISOString()
      const rows = await readBlocks(database, found.id)
      return reply.send({ items: rows.map((row) => shownBlock(row, now)) })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/shelters/:shelter/headcounts',
    config: { scope: 'headcounts:read' },
    schema: {
      operationId: 'listHeadcounts',
      tags: ['Headcounts'],
      summary: 'What was counted in a shelter',
      description: 'The last one first, with the difference to the ledger of that moment.',
      params: shelter_params,
      querystring: pageQuery,
      response: { 200: headcounts_page, ...refusals('outside_remit', 'shelter_not_found') },
    },
    async handler(request, reply) {
      const { cursor, limit } = request.query
      const found = await readShelter(database, request.params.shelter)
      if (found === undefined) return sendProblem(reply, notFound(request.params.shelter))
      if (!withinRemit(request.principal.remit, found)) {
        return sendProblem(reply, refuse('outside_remit', `${found.code} is outside what this key may see.`))
      }
      const before = cursor === undefined ? undefined : decodeCursor(cursor, ['instant', 'uuid'])
      const rows = await readHeadcounts(database, found.id, before, limit + 1)
      const { page, next_cursor } = pageOf(reply, request, rows, limit, (last) => [last.counted_at, last.id])
      return reply.send({ items: page.map(shownHeadcount), next_cursor })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/headcounts',
    config: { scope: 'headcounts:read' },
    schema: {
      operationId: 'listLastHeadcounts',
      tags: ['Headcounts'],
      summary: 'The last count of each shelter, with its age and difference',
      description:
        'Inside the remit, in the order of the shelters’ codes; `difference` sums what is not settled.',
      querystring: z.strictObject({ ...pageQuery.shape, region: regionCode.optional() }),
      response: { 200: last_headcounts },
    },
    async handler(request, reply) {
      const { cursor, limit, region } = request.query
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, ['string'])
      const { rows, difference } = await readLastHeadcounts(database, request.principal.remit, {
        region,
        after,
        limit: limit + 1,
      })
      const { page, next_cursor } = pageOf(reply, request, rows, limit, (last) => [last.shelter_code])
      const items = page.map(({ shelter_code, region: code, age_hours, count }) => ({
        ...shownHeadcount(count),
        shelter_code,
        region: code as (typeof regionCode.options)[number],
        age_hours,
      }))
      return reply.send({ items, difference, next_cursor })
    },
  })
}

/** A refusal of one query parameter whose value only makes sense beside the others. */
const wrongParameter = (parameter: string, code: string, detail: string): Refusal => ({
  ...refuse('invalid_parameters', detail),
  errors: [{ parameter, code, detail }],
})

const wrongSpan = (points: number): Refusal =>
  points === 0
    ? wrongParameter('to', 'before_from', '`to` lies before `from`.')
    : wrongParameter(
        'step',
        'too_small',
        `At most ${POINTS_MAX} points: choose a longer step or a shorter span.`,
      )

const bothScopes = (): Refusal => wrongParameter('shelter', 'excludes_region', 'Give a region or a shelter.')

const bothKnown = (): Refusal =>
  wrongParameter(
    'known_seq',
    'excludes_known_at',
    'known_at and known_seq both say what was known; give one.',
  )
