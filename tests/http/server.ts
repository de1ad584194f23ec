import { connect } from 'node:net'
import { z } from 'zod'
import { etagOf, notModified, requireIfMatch } from '../../src/http/preconditions.ts'
import { refuse, sendProblem } from '../../src/http/problem.ts'
import { createServer, type HttpSettings } from '../../src/http/server.ts'
import {
  count,
  freeText,
  idempotencyHeaders,
  instant,
  pageQuery,
  queryBoolean,
  refusals,
  shelterName,
  uuid7,
} from '../../src/http/wire.ts'

const arrival = z
  .strictObject({
    id: uuid7.optional(),
    people: count(2000).min(1),
    note: freeText(50).optional(),
    occurred_at: instant.optional(),
    household: z
      .strictObject({ 'a/b~c': z.string().optional(), needs: z.array(z.string()).optional() })
      .optional(),
  })
  .meta({ id: 'TestArrival' })

const shown = z
  .strictObject({ shelter: z.string(), people: z.int(), at: instant.optional() })
  .meta({ id: 'TestShown' })

const settings: HttpSettings = {
  log_level: 'silent',
  request_timeout_ms: 5_000,
  headers_timeout_ms: 5_000,
  keep_alive_ms: 5_000,
  isReady: async () => true,
}

/** A server with a handful of routes of each kind, on a free port. `held` requests wait until they are let go. */
export async function startServer(overrides: Partial<HttpSettings> = {}) {
  const server = await createServer({ ...settings, ...overrides })
  const { app } = server
  let letGo: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })

  app.route({
    method: 'POST',
    url: '/v1/shelters/:shelter/arrivals',
    config: { scope: 'arrivals:write' },
    schema: {
      operationId: 'postTestArrival',
      summary: 'Post',
      params: z.strictObject({ shelter: shelterName }),
      headers: idempotencyHeaders,
      body: arrival,
      response: { 201: shown, ...refusals('shelter_full', 'id_taken') },
    },
    async handler(request, reply) {
      const { people, occurred_at } = request.body
      if (people === 999) {
        return sendProblem(
          reply,
          refuse('shelter_full', 'No room.', { free: 3, requested: people, status: 200 }),
        )
      }
      return reply.code(201).send({
        shelter: request.params.shelter,
        people,
        ...(occurred_at === undefined ? {} : { at: occurred_at }),
      })
    },
  })
  app.route({
    method: 'GET',
    url: '/v1/shelters/:shelter',
    config: { scope: null, formats: ['json', 'csv'] },
    schema: {
      operationId: 'getTestShelter',
      params: z.strictObject({ shelter: shelterName }),
      response: { 200: z.strictObject({ shelter: z.string(), format: z.string() }) },
    },
    async handler(request, reply) {
      const body = { shelter: request.params.shelter, format: request.format }
      if (notModified(request, reply, etagOf(body))) return reply
      return body
    },
  })
  app.route({
    method: 'PATCH',
    url: '/v1/shelters/:shelter',
    config: { scope: null },
    schema: {
      operationId: 'changeTestShelter',
      params: z.strictObject({ shelter: shelterName }),
      body: z.strictObject({ name: freeText().optional() }),
      response: { 200: z.strictObject({ tags: z.array(z.string()) }) },
    },
    async handler(request) {
      const tags = requireIfMatch(request)
      return { tags: tags === '*' ? ['*'] : tags }
    },
  })
  app.route({
    method: 'GET',
    url: '/v1/list',
    config: { scope: null },
    schema: {
      operationId: 'listTest',
      querystring: z.strictObject({ ...pageQuery.shape, open: queryBoolean.optional() }),
      response: {
        200: z.strictObject({ limit: z.int(), cursor: z.string().optional(), open: z.boolean().optional() }),
      },
    },
    handler: async (request) => request.query,
  })
  app.route({
    method: 'DELETE',
    url: '/v1/things/:thing',
    config: { scope: null },
    schema: { operationId: 'deleteTest', params: z.strictObject({ thing: z.string().max(40) }) },
    handler: async (_request, reply) => reply.code(204).send(),
  })
  app.route({
    method: 'GET',
    url: '/v1/held',
    config: { scope: null },
    schema: { operationId: 'getHeld', response: { 200: z.strictObject({ held: z.boolean() }) } },
    async handler() {
      await gate
      return { held: true }
    },
  })
  const failures: Record<string, () => unknown> = {
    unexpected: () => new Error('secret AR-104 233'),
    wrong_answer: () => undefined,
    lost: () => Object.assign(new Error('Failed query: secret AR-104 233'), { cause: { code: '57P01' } }),
    refused: () => Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' }),
    constraint: () =>
      Object.assign(new Error('Failed query: insert\n    at secret (AR-104 233)\nparams: AR-104 233'), {
        name: 'DrizzleQueryError',
        query: 'insert',
        cause: Object.assign(new Error('duplicate AR-104 233'), {
          code: '23505',
          constraint: 'one_open_stay',
          table: 'stays',
        }),
      }),
  }
  app.route({
    method: 'GET',
    url: '/v1/failures/:kind',
    config: { scope: null },
    schema: {
      operationId: 'fail',
      params: z.strictObject({ kind: z.string() }),
      response: { 200: z.strictObject({ fine: z.boolean() }) },
    },
    async handler(request) {
      const failure = failures[request.params.kind]?.()
      if (failure !== undefined) throw failure
      // What a column too many looks like: the type does not see it, the schema does.
      const leaking = { fine: true, contact: 'AR-104 233' }
      return leaking
    },
  })
  await server.finish()
  const base = await app.listen({ port: 0, host: '127.0.0.1' })
  const port = Number(new URL(base).port)

  async function call(path: string, init: RequestInit = {}) {
    const response = await fetch(base + path, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) }
  }

  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    call('/v1/shelters/AM-KT-0007/arrivals', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'idempotency-key': 'test-key-1', ...headers },
    })

  return { ...server, base, port, call, post, letGo: () => letGo(), stop: () => server.drain(100) }
}

/** Sends bytes as they are and reads until the other side closes. */
export function exchange(port: number, bytes: string | Buffer, later: string[] = []): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.write(bytes)
    for (const [index, more] of later.entries()) {
      setTimeout(() => socket.writable && socket.write(more), 100 * (index + 1)).unref()
    }
  })
}

/** Status, headers and problem of a raw answer. */
export function parseAnswer(answer: string) {
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  const [line = '', ...fields] = head.split('\r\n')
  const headers = new Map(
    fields.map((field) => [
      field.slice(0, field.indexOf(':')).toLowerCase(),
      field.slice(field.indexOf(':') + 2),
    ]),
  )
  return { status: Number(line.split(' ')[1]), headers, body, problem: () => JSON.parse(body) }
}
