import { z } from 'zod'
import type { Database } from '../../database/client.ts'
import { pointsOf } from '../../domain/duration.ts'
import { etagOf, notModified } from '../../http/preconditions.ts'
import { type Refusal, refuse, sendProblem } from '../../http/problem.ts'
import type { App } from '../../http/server.ts'
import { onePage, sendTable } from '../../http/tables.ts'
import { idempotencyHeaders, refusals, shelterName } from '../../http/wire.ts'
import { callerOf, keyOf, markReplayed } from '../../journal/answer.ts'
import type { Submit } from '../../journal/writer.ts'
import { capacityOf } from './capacity.ts'
import { readHistory } from './history.ts'
import {
  capacity,
  capacity_query,
  history,
  history_query,
  type PlacesChange,
  type PlacesChanged,
  POINTS_MAX,
  places_change,
  places_changed,
} from './schemas.ts'
import { readCapacity, readShelterId } from './store.ts'
import { capacity_columns } from './table.ts'

export function placesRoutes(
  app: App,
  options: {
    database: Database
    changePlaces: Submit<{ shelter: string; change: PlacesChange }, undefined, PlacesChanged>
    goal: number
    commit_ms_max: number
  },
): void {
  const { database, changePlaces } = options

  app.route({
    method: 'POST',
    url: '/v1/shelters/:shelter/places',
    config: { scope: 'places:write' },
    schema: {
      operationId: 'changePlaces',
      tags: ['Capacity'],
      summary: 'Add or take away places',
      description:
        'A new total (`places`, with `expected_places` against a change meanwhile), a `change`, or `keep_emergency`. Refused with `places_in_use` and what is in the way.',
      params: z.strictObject({ shelter: shelterName }),
      headers: idempotencyHeaders,
      body: places_change,
      response: {
        200: places_changed,
        ...refusals(
          'malformed_json',
          'idempotency_key_missing',
          'unauthenticated',
          'forbidden_scope',
          'outside_remit',
          'shelter_not_found',
          'changed_meanwhile',
          'places_in_use',
          'too_many_places',
          'reason_does_not_fit',
          'invalid_body',
          'in_the_future',
          'before_2000',
          'idempotency_key_reused',
          'overloaded',
          'database_unavailable',
        ),
      },
    },
    async handler(request, reply) {
      const content = { shelter: request.params.shelter, change: request.body }
      const outcome = await changePlaces(callerOf(request), keyOf(request), content)
      if ('refused' in outcome) return sendProblem(reply, outcome.refused)
      markReplayed(reply, outcome)
      return reply.code(200).send(outcome.answer)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/capacity',
    config: { scope: 'capacity:read', formats: ['json', 'csv'] },
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
      const id = shelter === undefined ? undefined : await readShelterId(database, shelter)
      if (shelter !== undefined && id === undefined) {
        return sendProblem(reply, refuse('shelter_not_found', `No shelter is called ${shelter}.`))
      }
      return reply.send(await readHistory(database, { region, shelter: id }, points, step))
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
