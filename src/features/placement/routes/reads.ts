import { type Remit, withinRemit } from '../../../access/remit.ts'
import type { Database } from '../../../database/client.ts'
import { decodeCursor, encodeCursor, linkNext } from '../../../http/cursor.ts'
import { newId } from '../../../http/ids.ts'
import { etagOf, notModified } from '../../../http/preconditions.ts'
import { refuse, sendProblem } from '../../../http/problem.ts'
import type { App } from '../../../http/server.ts'
import { pagesOf, sendTable, type TableFormat } from '../../../http/tables.ts'
import { refusals } from '../../../http/wire.ts'
import { callerOf } from '../../../journal/answer.ts'
import type { Submit } from '../../../journal/writer.ts'
import type { Look } from '../rules/looks.ts'
import { type Stay, stay, stay_params, stays_page, stays_query } from '../schemas.ts'
import { readPosition, readStay, readStays, shownStay } from '../store.ts'
import { stay_columns } from '../table.ts'

/** Stays on a page of JSON if the caller names no number, and in one short read of a stream. */
const PAGE = 50
const STREAM_PAGE = 1_000

export function staysRoutes(
  app: App,
  { database, look }: { database: Database; look: Submit<Look, undefined, object> },
): void {
  app.route({
    method: 'GET',
    url: '/v1/stays',
    config: { scope: 'stays:read', formats: ['json', 'csv', 'ndjson'] },
    schema: {
      operationId: 'listStays',
      tags: ['Arrivals and stays'],
      summary: 'Stays inside the remit',
      description:
        'In the order in which they were posted, with references, composition and needs. As JSON in pages; as csv or ndjson all of them as one stream, which is recorded.',
      querystring: stays_query,
      response: {
        200: stays_page,
        ...refusals('invalid_parameters', 'unauthenticated', 'forbidden_scope', 'shelter_not_found'),
      },
    },
    async handler(request, reply) {
      const { principal, format } = request
      const { cursor, limit, shelter, reference } = request.query
      const [start] = cursor === undefined ? [] : decodeCursor(cursor, ['uuid'])
      const position = shelter === undefined ? undefined : await readPosition(database, shelter)
      if (shelter !== undefined && position === undefined) {
        return sendProblem(reply, refuse('shelter_not_found', `No shelter is called ${shelter}.`))
      }
      const streams = format !== 'json'
      if (streams && !principal.scopes.has('stays:export')) {
        const detail = `The role ${principal.role} does not include stays:export.`
        return sendProblem(reply, refuse('forbidden_scope', detail, { required_scope: 'stays:export' }))
      }
      // Families searching each other do not know in whose remit to ask.
      const anywhere = reference !== undefined && principal.scopes.has('references:search')
      const what = streams ? 'stays_exported' : anywhere ? 'reference_searched' : undefined
      if (what !== undefined) {
        const outcome = await look(callerOf(request), newId(), { what, ...(streams && { format }) })
        if ('refused' in outcome) return sendProblem(reply, outcome.refused)
      }
      const remit: Remit = anywhere ? { everywhere: true } : principal.remit
      const query = { ...request.query, ...(position && { shelter_id: position.id }) }
      if (streams) {
        const pages = pagesOf<Stay>(
          async (last, page) =>
            (await readStays(database, remit, query, last?.id ?? start, page)).map(shownStay),
          { page: STREAM_PAGE, most: limit },
        )
        const table = { columns: stay_columns, pages, shown: (row: Stay) => row }
        return sendTable(reply, table, {
          format: format as TableFormat,
          hxl: request.query.hxl,
          file_name: 'stays',
        })
      }
      const page = limit ?? PAGE
      const rows = await readStays(database, remit, query, start, page + 1)
      const last = rows.length > page ? rows[page - 1] : undefined
      const next_cursor = last === undefined ? null : encodeCursor([last.stay.id])
      if (next_cursor !== null) linkNext(reply, request, next_cursor)
      return reply.send({ items: rows.slice(0, page).map(shownStay), next_cursor })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/stays/:stay',
    config: { scope: 'stays:read', etag: true },
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
