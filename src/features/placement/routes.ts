import { Readable } from 'node:stream'
import { withinRemit } from '../../access/remit.ts'
import type { Database } from '../../database/client.ts'
import { decodeCursor, encodeCursor, linkNext } from '../../http/cursor.ts'
import { media_types } from '../../http/formats.ts'
import { answerLines, type Line } from '../../http/lines.ts'
import { etagOf, notModified } from '../../http/preconditions.ts'
import { type Refusal, refuse, sendProblem } from '../../http/problem.ts'
import { validatorCompiler } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { idempotencyHeaders, refusals } from '../../http/wire.ts'
import { callerOf, keyOf, markReplayed } from '../../journal/answer.ts'
import type { Submit } from '../../journal/writer.ts'
import { nearestWithRoom, type OpenShelter } from './alternatives.ts'
import { answerItem, answerLine, type PostLine } from './batch.ts'
import type { ArrivalFresh } from './rules.ts'
import {
  ARRIVALS_MAX,
  type Arrival,
  arrival,
  arrivals_batch,
  batch_answers,
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

/** Lines of one stream that may wait for their commit. Several commits' worth, so that the writer never waits for us. */
const LINES_UNDER_WAY_MAX = 1_024

export function placementRoutes(
  app: App,
  options: {
    database: Database
    arrive: Submit<Arrival, ArrivalFresh, StayChanged>
    depart: Submit<Departure & { stay: string }, undefined, StayChanged>
    openShelters: () => Promise<OpenShelter[]>
    /** aborted when the service goes away: streams end then */
    drain_signal: AbortSignal
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
    url: '/v1/arrivals/batch',
    config: { scope: 'arrivals:write', streams: true, formats: ['json', 'ndjson'] },
    schema: {
      operationId: 'postArrivals',
      tags: ['Arrivals and stays'],
      summary: 'Post many arrivals at once',
      description: `Up to ${ARRIVALS_MAX} as JSON; any number as application/x-ndjson, one a line, answered line by line as they commit. Each has its own \`key\`, which is its Idempotency-Key: a stream that broke off is sent again from the start, and nobody arrives twice.`,
      consumes: ['application/json', 'application/x-ndjson'],
      body: arrivals_batch,
      response: { 200: batch_answers, ...refusals('payload_too_large') },
    },
    // A stream is no value: its lines are checked one by one.
    validatorCompiler: (route) => (value: unknown) =>
      value instanceof Readable ? { value } : validatorCompiler(route)(value),
    async handler(request, reply) {
      const caller = callerOf(request)
      const post: PostLine = async (key, content) => {
        const outcome = await arrive(caller, key, content, { lane: 'bulk' })
        return 'refused' in outcome ? { refused: await withAlternatives(outcome.refused, content) } : outcome
      }
      const body: unknown = request.body
      if (body instanceof Readable) {
        const answer = async (line: Line) => `${JSON.stringify(await answerLine(line, post, request.id))}\n`
        const lines = answerLines(body, answer, { window: LINES_UNDER_WAY_MAX, signal: options.drain_signal })
        return reply.type(media_types.ndjson).send(lines as never)
      }
      const items = await Promise.all(request.body.items.map((item) => answerItem(item, post, request.id)))
      return reply.code(200).send({ items: items as never })
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
