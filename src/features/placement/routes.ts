import { withinRemit } from '../../access/remit.ts'
import type { Database } from '../../database/client.ts'
import { decodeCursor, encodeCursor, linkNext } from '../../http/cursor.ts'
import { etagOf, notModified } from '../../http/preconditions.ts'
import { type Refusal, refuse, sendProblem } from '../../http/problem.ts'
import type { App } from '../../http/server.ts'
import { idempotencyHeaders, refusals } from '../../http/wire.ts'
import { callerOf, keyOf, markReplayed } from '../../journal/answer.ts'
import type { Submit } from '../../journal/writer.ts'
import { nearestWithRoom, type OpenShelter } from './alternatives.ts'
import type { ArrivalFresh } from './rules.ts'
import {
  type Arrival,
  arrival,
  type Departure,
  departure,
  type StayChanged,
  stay,
  stay_changed,
  stay_params,
  stays_page,
  stays_query,
} from './schemas.ts'
import { readPosition, readStay, readStays, shownStay } from './store.ts'

const write_refusals = [
  'malformed_json',
  'idempotency_key_missing',
  'unauthenticated',
  'forbidden_scope',
  'invalid_body',
  'in_the_future',
  'before_2000',
  'before_arrival',
  'idempotency_key_reused',
  'overloaded',
  'database_unavailable',
] as const

export function placementRoutes(
  app: App,
  options: {
    database: Database
    arrive: Submit<Arrival, ArrivalFresh, StayChanged>
    depart: Submit<Departure & { stay: string }, undefined, StayChanged>
    openShelters: () => Promise<OpenShelter[]>
  },
): void {
  const { database, arrive, depart, openShelters } = options

  /** Where there is room instead: advice, worked out after the decision and outside of the lock. */
  async function withAlternatives(refusal: Refusal, posted: Arrival): Promise<Refusal> {
    if (refusal.code !== 'shelter_full') return refusal
    const [position, picture] = await Promise.all([readPosition(database, posted.shelter), openShelters()])
    if (position === undefined) return refusal
    const alternatives = nearestWithRoom(position, posted.household.people, picture)
    return { ...refusal, members: { ...refusal.members, alternatives } }
  }

  app.route({
    method: 'POST',
    url: '/v1/arrivals',
    config: { scope: 'arrivals:write' },
    schema: {
      operationId: 'postArrival',
      tags: ['Arrivals and stays'],
      summary: 'Post the arrival of a household or a group',
      description:
        'Never overbooked: `shelter_full` says what is free and where there is room instead. Reality is never refused: people who stand in a full building are posted with `overflow`. Send it again with the same `Idempotency-Key` as often as the network needs; it happens once.',
      headers: idempotencyHeaders,
      body: arrival,
      response: {
        201: stay_changed,
        ...refusals(
          ...write_refusals,
          'outside_remit',
          'overflow_not_allowed',
          'shelter_not_found',
          'id_taken',
          'already_present',
          'shelter_not_open',
          'shelter_full',
        ),
      },
    },
    async handler(request, reply) {
      const outcome = await arrive(callerOf(request), keyOf(request), request.body)
      if ('refused' in outcome)
        return sendProblem(reply, await withAlternatives(outcome.refused, request.body))
      markReplayed(reply, outcome)
      return reply.code(201).header('location', `/v1/stays/${outcome.answer.stay.id}`).send(outcome.answer)
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/stays/:stay/departure',
    config: { scope: 'stays:write' },
    schema: {
      operationId: 'postDeparture',
      tags: ['Arrivals and stays'],
      summary: 'Post that a household, or some of it, has left',
      description: 'Emergency places go first, as many as people leave.',
      params: stay_params,
      headers: idempotencyHeaders,
      body: departure,
      response: {
        200: stay_changed,
        ...refusals(...write_refusals, 'stay_not_found', 'stay_ended', 'more_than_present'),
      },
    },
    async handler(request, reply) {
      const content = { stay: request.params.stay, ...request.body }
      const outcome = await depart(callerOf(request), keyOf(request), content)
      if ('refused' in outcome) return sendProblem(reply, outcome.refused)
      markReplayed(reply, outcome)
      return reply.code(200).send(outcome.answer)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/stays',
    config: { scope: 'stays:read' },
    schema: {
      operationId: 'listStays',
      tags: ['Arrivals and stays'],
      summary: 'Stays inside the remit',
      description: 'In the order in which they were posted, with references, composition and needs.',
      querystring: stays_query,
      response: {
        200: stays_page,
        ...refusals('invalid_parameters', 'unauthenticated', 'forbidden_scope', 'shelter_not_found'),
      },
    },
    async handler(request, reply) {
      const { cursor, limit, shelter } = request.query
      const position = shelter === undefined ? undefined : await readPosition(database, shelter)
      if (shelter !== undefined && position === undefined) {
        return sendProblem(reply, refuse('shelter_not_found', `No shelter is called ${shelter}.`))
      }
      const [after] = cursor === undefined ? [] : decodeCursor(cursor, ['string'])
      const query = { ...request.query, ...(position && { shelter_id: position.id }) }
      const rows = await readStays(
        database,
        request.principal.remit,
        query,
        after as string | undefined,
        limit + 1,
      )
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      const next_cursor = rows.length > limit && last !== undefined ? encodeCursor([last.stay.id]) : null
      if (next_cursor !== null) linkNext(reply, request, next_cursor)
      return { items: shown.map(shownStay), next_cursor }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/stays/:stay',
    config: { scope: 'stays:read' },
    schema: {
      operationId: 'getStay',
      tags: ['Arrivals and stays'],
      summary: 'One stay, with what its household told',
      description: 'A stay outside the remit is not found.',
      params: stay_params,
      response: { 200: stay, ...refusals('unauthenticated', 'forbidden_scope', 'stay_not_found') },
    },
    async handler(request, reply) {
      const found = await readStay(database, request.params.stay)
      if (
        found === undefined ||
        !withinRemit(request.principal.remit, { id: found.stay.shelter, region: found.stay.region })
      ) {
        return sendProblem(
          reply,
          refuse('stay_not_found', `No stay ${request.params.stay} is known to this key.`),
        )
      }
      const body = shownStay(found)
      if (notModified(request, reply, etagOf(body))) return reply
      return reply.send(body)
    },
  })
}
