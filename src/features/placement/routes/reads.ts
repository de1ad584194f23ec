import { withinRemit } from '../../../access/remit.ts'
import type { Database } from '../../../database/client.ts'
import { decodeCursor, encodeCursor, linkNext } from '../../../http/cursor.ts'
import { etagOf, notModified } from '../../../http/preconditions.ts'
import { refuse, sendProblem } from '../../../http/problem.ts'
import type { App } from '../../../http/server.ts'
import { refusals } from '../../../http/wire.ts'
import { stay, stay_params, stays_page, stays_query } from '../schemas.ts'
import { readPosition, readStay, readStays, shownStay } from '../store.ts'

export function staysRoutes(app: App, { database }: { database: Database }): void {
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
