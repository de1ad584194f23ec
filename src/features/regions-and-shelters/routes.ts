import type { Principal } from '../../access/principal.ts'
import { withinRemit } from '../../access/remit.ts'
import type { Database } from '../../database/client.ts'
import { decodeCursor, encodeCursor, linkNext } from '../../http/cursor.ts'
import { newId } from '../../http/ids.ts'
import { notModified, requireVersion, versionedEtag } from '../../http/preconditions.ts'
import { refuse, sendProblem } from '../../http/problem.ts'
import type { App } from '../../http/server.ts'
import { pagesOf, sendTable, type Table, type TableFormat } from '../../http/tables.ts'
import { idempotencyHeaders, ifMatchHeaders, refusals } from '../../http/wire.ts'
import { callerOf, keyOf, markReplayed } from '../../journal/answer.ts'
import type { Submit } from '../../journal/writer.ts'
import { shownBalance } from '../../ledgers/places/moves.ts'
import { registerOf, type ShelterChange } from './rules.ts'
import {
  type NewShelter,
  new_shelter,
  regions_list,
  type ShelterChanged,
  type ShelterShown,
  type SheltersQuery,
  shelter,
  shelter_changed,
  shelter_params,
  shelter_patch,
  shelters_page,
  shelters_query,
} from './schemas.ts'
import {
  type After,
  readRegions,
  readShelter,
  readShelters,
  type ShelterFound,
  type ShelterRead,
} from './store.ts'
import { shelter_columns } from './table.ts'

/** A shelter as this principal may see it: the contact stays inside the remit. */
function shownTo(
  principal: Principal,
  { shelter: row, balance, distance_km }: ShelterRead & { distance_km?: number },
): ShelterShown {
  return {
    ...registerOf(row),
    ...(withinRemit(principal.remit, row) && { contact: row.contact }),
    balance: shownBalance(balance),
    seq: balance.seq,
    overdue: row.available_until !== null && row.available_until < new Date().toISOString(),
    ...(distance_km !== undefined && { distance_km: Math.round(distance_km * 1000) / 1000 }),
  }
}

/** Shelters on a page of JSON if the caller names no number, and in one short read of a stream. */
const PAGE = 50
const STREAM_PAGE = 500

/** Where a page begins: a cursor is good for the order it was made in, and for no other. */
function startOf({ near, sort }: SheltersQuery, cursor: string): After {
  const by_number = near !== undefined || sort.by === 'free' || sort.by === 'places'
  return by_number ? decodeCursor(cursor, ['number', 'string']) : decodeCursor(cursor, ['string', 'string'])
}

export function sheltersRoutes(
  app: App,
  options: {
    database: Database
    register: Submit<NewShelter, { shelter: string }, ShelterChanged>
    change: Submit<ShelterChange, undefined, ShelterChanged>
  },
): void {
  const { database, register, change } = options

  app.route({
    method: 'GET',
    url: '/v1/regions',
    config: { scope: 'shelters:read' },
    schema: {
      operationId: 'listRegions',
      tags: ['Register'],
      summary: 'The 11 regions',
      description: 'ISO 3166-2 codes, names in Armenian, Russian and English, a centre and a coarse box.',
      response: { 200: regions_list, ...refusals('unauthenticated', 'forbidden_scope') },
    },
    async handler() {
      const rows = await readRegions(database)
      return {
        items: rows.map((row) => ({
          code: row.code as ShelterChanged['shelter']['region'],
          names: { hy: row.name_hy, ru: row.name_ru, en: row.name_en },
          centre: { latitude: row.latitude, longitude: row.longitude },
          box: { west: row.west, south: row.south, east: row.east, north: row.north },
        })),
      }
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/shelters',
    config: { scope: 'shelters:write' },
    schema: {
      operationId: 'registerShelter',
      tags: ['Register'],
      summary: 'Register a shelter',
      description:
        'With the places it has today, which may be none. A position outside its region is taken with a warning.',
      headers: idempotencyHeaders,
      body: new_shelter,
      response: {
        201: shelter_changed,
        ...refusals(
          'malformed_json',
          'idempotency_key_missing',
          'unauthenticated',
          'forbidden_scope',
          'outside_remit',
          'id_taken',
          'code_taken',
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
      const outcome = await register(callerOf(request), keyOf(request), request.body)
      if ('refused' in outcome) return sendProblem(reply, outcome.refused)
      markReplayed(reply, outcome)
      return reply
        .code(201)
        .header('location', `/v1/shelters/${outcome.answer.shelter.id}`)
        .send(outcome.answer)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/shelters',
    config: { scope: 'shelters:read', formats: ['json', 'csv', 'geojson', 'ndjson'] },
    schema: {
      operationId: 'listShelters',
      tags: ['Register'],
      summary: 'Find shelters',
      description:
        'Each with its balance. As JSON in pages; as csv (HXL with `hxl=true`), geojson or ndjson as one stream.',
      querystring: shelters_query,
      response: {
        200: shelters_page,
        ...refusals('invalid_parameters', 'unauthenticated', 'forbidden_scope'),
      },
    },
    async handler(request, reply) {
      const { query, principal } = request
      const { cursor, limit } = query
      const start = cursor === undefined ? undefined : startOf(query, cursor)
      const shown = (found: ShelterFound) => shownTo(principal, found)
      if (request.format !== 'json') {
        const read = (last: ShelterFound | undefined, page: number) =>
          readShelters(database, query, last?.after ?? start, page)
        const table: Table<ShelterFound> = {
          columns: shelter_columns.map((column) => ({ ...column, value: (row) => column.value(shown(row)) })),
          pages: pagesOf(read, { page: STREAM_PAGE, most: limit }),
          shown,
          position: ({ shelter: row }) => row,
        }
        return sendTable(reply, table, {
          format: request.format as TableFormat,
          hxl: query.hxl,
          file_name: 'shelters',
        })
      }
      // One more than is asked for says whether there is a next page.
      const page = limit ?? PAGE
      const rows = await readShelters(database, query, start, page + 1)
      const last = rows.length > page ? rows[page - 1] : undefined
      const next_cursor = last === undefined ? null : encodeCursor([...last.after])
      if (next_cursor !== null) linkNext(reply, request, next_cursor)
      return reply.send({ items: rows.slice(0, page).map(shown), next_cursor })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/shelters/:shelter',
    config: { scope: 'shelters:read', etag: true },
    schema: {
      operationId: 'getShelter',
      tags: ['Register'],
      summary: 'One shelter',
      description: 'By id or code, with its balance; the contact only inside the remit.',
      params: shelter_params,
      response: { 200: shelter, ...refusals('unauthenticated', 'forbidden_scope', 'shelter_not_found') },
    },
    async handler(request, reply) {
      const found = await readShelter(database, request.params.shelter)
      if (found === undefined) {
        return sendProblem(
          reply,
          refuse('shelter_not_found', `No shelter is called ${request.params.shelter}.`),
        )
      }
      const body = shownTo(request.principal, found)
      if (notModified(request, reply, versionedEtag(found.shelter.version, body))) return reply
      return reply.send(body)
    },
  })

  app.route({
    method: 'PATCH',
    url: '/v1/shelters/:shelter',
    config: { scope: 'shelters:write' },
    schema: {
      operationId: 'changeShelter',
      tags: ['Register'],
      summary: 'Change the register part of a shelter',
      description:
        'RFC 7396 merge patch; needs `If-Match`. Only the register part counts for it: people arriving do not stop the clerk who mends an address. Closing is refused while people or holds are inside.',
      params: shelter_params,
      headers: ifMatchHeaders,
      body: shelter_patch,
      response: {
        200: shelter_changed,
        ...refusals(
          'malformed_json',
          'unauthenticated',
          'forbidden_scope',
          'outside_remit',
          'shelter_not_found',
          'places_in_use',
          'precondition_failed',
          'precondition_required',
          'invalid_body',
          'overloaded',
          'database_unavailable',
        ),
      },
    },
    async handler(request, reply) {
      const if_match = requireVersion(request)
      const content = { shelter: request.params.shelter, patch: request.body, if_match }
      const outcome = await change(callerOf(request), newId(), content)
      if ('refused' in outcome) return sendProblem(reply, outcome.refused)
      const now = await readShelter(database, outcome.answer.shelter.id)
      if (now !== undefined)
        reply.header('etag', versionedEtag(now.shelter.version, shownTo(request.principal, now)))
      return reply.code(200).send(outcome.answer)
    },
  })
}
