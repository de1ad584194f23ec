import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchange, parseAnswer, startServer } from './server.ts'

/* Promise: whatever fails, wherever it fails, the answer is a problem document that says what is wrong. */

type Running = Awaited<ReturnType<typeof startServer>>
const lines: string[] = []
let server: Running

beforeAll(async () => {
  server = await startServer({
    log_level: 'info',
    log_stream: { write: (line) => void lines.push(line) },
    request_timeout_ms: 1_500,
    headers_timeout_ms: 700,
  })
})
afterAll(() => server.stop())

async function expectProblem(answer: Awaited<ReturnType<Running['call']>>, status: number, code: string) {
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const problem = answer.json()
  expect([answer.status, problem.code]).toEqual([status, code])
  expect(problem.type).toBe(`/problems/${code.replaceAll('_', '-')}`)
  expect(problem.status).toBe(status)
  expect(problem.title.length).toBeGreaterThan(5)
  expect(problem.request_id).toBe(answer.headers.get('x-request-id'))
  return problem
}

async function expectRawProblem(answer: string, status: number, code: string) {
  const parsed = parseAnswer(answer)
  expect(parsed.status).toBe(status)
  expect(parsed.headers.get('content-type')).toBe('application/problem+json')
  expect(parsed.problem()).toMatchObject({ status, code, type: `/problems/${code.replaceAll('_', '-')}` })
  expect(parsed.headers.get('x-request-id')).toBe(parsed.problem().request_id)
  return parsed
}

const request = (line: string, ...headers: string[]) =>
  `${line}\r\n${['Host: x', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`

describe('before routing', () => {
  it('bad percent-encoding in a path is 400', async () => {
    await expectRawProblem(
      await exchange(server.port, request('GET /v1/shelters/%zz HTTP/1.1')),
      400,
      'malformed_request',
    )
    await expectRawProblem(
      await exchange(server.port, request('GET /v1/%ff HTTP/1.1')),
      400,
      'malformed_request',
    )
  })

  it('bad percent-encoding in a query is 400 and names the parameter', async () => {
    for (const value of ['%zz', '%ff', '%', '%ED%A0%80', '%00']) {
      const answer = await exchange(server.port, request(`GET /v1/list?limit=5&cursor=${value} HTTP/1.1`))
      const { problem } = await expectRawProblem(answer, 400, 'invalid_parameters')
      expect(problem().errors).toMatchObject([{ parameter: 'cursor', code: 'wrong_format' }])
    }
  })

  it('a NUL in a path is 400', async () => {
    await expectProblem(await server.call('/v1/shelters/AM%00KT'), 400, 'invalid_parameters')
  })

  it('an address of more than 8 KiB is 414, however long it is', async () => {
    for (const length of [9_000, 40_000, 200_000]) {
      const answer = await exchange(
        server.port,
        request(`GET /v1/list?cursor=${'a'.repeat(length)} HTTP/1.1`),
      )
      await expectRawProblem(answer, 414, 'uri_too_long')
    }
  })

  it('a path part that is too long is 414', async () => {
    await expectProblem(
      await server.call(`/v1/things/${'a'.repeat(600)}`, { method: 'DELETE' }),
      414,
      'uri_too_long',
    )
  })

  it('headers of more than 32 KiB are 431', async () => {
    const answer = await exchange(
      server.port,
      request('GET /v1/list HTTP/1.1', `X-Big: ${'a'.repeat(40_000)}`),
    )
    await expectRawProblem(answer, 431, 'headers_too_large')
  })

  it('what is no HTTP is 400', async () => {
    await expectRawProblem(await exchange(server.port, 'hello\r\n\r\n'), 400, 'malformed_request')
    const two_lengths = request('POST /v1/list HTTP/1.1', 'Content-Length: 2', 'Content-Length: 3')
    await expectRawProblem(await exchange(server.port, `${two_lengths}{}`), 400, 'malformed_request')
  })

  it('a missing Host is 400', async () => {
    const answer = await exchange(server.port, 'GET /v1/list HTTP/1.1\r\nConnection: close\r\n\r\n')
    await expectRawProblem(answer, 400, 'malformed_request')
  })

  it('an expectation that cannot be met is 417', async () => {
    const answer = await exchange(server.port, request('POST /v1/list HTTP/1.1', 'Expect: miracles'))
    await expectRawProblem(answer, 417, 'expectation_failed')
  })

  it('headers that trickle in are cut off with 408 within a second of the limit', async () => {
    const started = performance.now()
    const trickle = Array.from({ length: 40 }, (_, index) => `X-${index}: 1\r\n`)
    const answer = await exchange(server.port, 'GET /v1/list HTTP/1.1\r\nHost: x\r\n', trickle)
    expect(performance.now() - started).toBeLessThan(700 + 1_000)
    await expectRawProblem(answer, 408, 'request_timeout')
  })

  it('a body that trickles in is cut off with 408 within a second of the limit', async () => {
    const started = performance.now()
    const head = request(
      'POST /v1/shelters/AM-KT-0007/arrivals HTTP/1.1',
      'Idempotency-Key: test-key-1',
      'Content-Type: application/json',
      'Content-Length: 1000',
    )
    const answer = await exchange(server.port, head, Array(40).fill('{'))
    expect(performance.now() - started).toBeLessThan(1_500 + 1_000)
    await expectRawProblem(answer, 408, 'request_timeout')
  })
})

describe('addresses and methods', () => {
  it('an unknown address is 404', async () => {
    await expectProblem(await server.call('/v1/nothing'), 404, 'not_found')
    await expectProblem(await server.call('/v1/list/'), 404, 'not_found')
    await expectProblem(await server.call('/V1/list'), 404, 'not_found')
  })

  it('an address with another method is 405 with Allow, whatever body comes along', async () => {
    for (const type of ['text/xml', 'application/json']) {
      const answer = await server.call('/v1/shelters/AM-KT-0007', {
        method: 'POST',
        body: '<x/>',
        headers: { 'content-type': type },
      })
      await expectProblem(answer, 405, 'method_not_allowed')
      expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS, PATCH')
    }
    const unheard = await exchange(server.port, request('PROPFIND /v1/list HTTP/1.1'))
    await expectRawProblem(unheard, 405, 'method_not_allowed')
  })

  it('OPTIONS is answered with Allow, HEAD like GET without a body', async () => {
    const options = await server.call('/v1/list', { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    const head = await server.call('/v1/list', { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
  })
})

describe('bodies', () => {
  it('more than 1 MiB is 413, announced or not', async () => {
    const big = JSON.stringify({ people: 1, note: 'a'.repeat(1_100_000) })
    await expectProblem(await server.post(big), 413, 'payload_too_large')
    const head = request(
      'POST /v1/shelters/AM-KT-0007/arrivals HTTP/1.1',
      'Idempotency-Key: test-key-1',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    )
    const chunk = `${(1_100_000).toString(16)}\r\n${'a'.repeat(1_100_000)}\r\n0\r\n\r\n`
    await expectRawProblem(await exchange(server.port, head + chunk), 413, 'payload_too_large')
  })

  it('another content type, charset or coding is 415', async () => {
    const wrong: Record<string, string>[] = [
      { 'content-type': 'text/plain' },
      { 'content-type': 'nonsense' },
      { 'content-type': 'application/json; charset=latin1' },
      { 'content-encoding': 'gzip' },
    ]
    for (const headers of wrong) {
      await expectProblem(await server.post('{"people":1}', headers), 415, 'unsupported_media_type')
    }
    const without_type = request(
      'POST /v1/shelters/AM-KT-0007/arrivals HTTP/1.1',
      'Idempotency-Key: test-key-1',
      'Content-Length: 12',
    )
    await expectRawProblem(
      await exchange(server.port, `${without_type}{"people":1}`),
      415,
      'unsupported_media_type',
    )
  })

  it('no body at all is 400 where one is needed, and nothing where none is', async () => {
    await expectProblem(await server.post(''), 400, 'malformed_json')
    const none = await server.call('/v1/shelters/AM-KT-0007/arrivals', {
      method: 'POST',
      headers: { 'idempotency-key': 'test-key-1' },
    })
    await expectProblem(none, 400, 'malformed_json')
    const gone = await exchange(
      server.port,
      request('DELETE /v1/things/a HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 0'),
    )
    expect(parseAnswer(gone).status).toBe(204)
  })

  it('a refused body leaves the connection open for the next request', async () => {
    const bad =
      'POST /v1/shelters/AM-KT-0007/arrivals HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{'
    const answer = await exchange(server.port, bad + request('GET /v1/list HTTP/1.1'))
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 200'])
  })
})

describe('mistakes of ours and of the database', () => {
  it('an unexpected error is 500 with a request id and no detail, and its text reaches no log', async () => {
    for (const kind of ['unexpected', 'constraint']) {
      const answer = await server.call(`/v1/failures/${kind}`, {
        headers: { 'x-request-id': `trace-${kind}` },
      })
      const problem = await expectProblem(answer, 500, 'internal_error')
      expect(problem.request_id).toBe(`trace-${kind}`)
      expect(answer.text).not.toContain('AR-104')
    }
    const logged = lines.map((line) => JSON.parse(line))
    expect(logged.find((line) => line.request_id === 'trace-constraint' && line.err)?.err).toMatchObject({
      type: 'DrizzleQueryError',
      code: '23505',
      constraint: 'one_open_stay',
      table: 'stays',
    })
    expect(logged.find((line) => line.request_id === 'trace-unexpected' && line.err)?.err.stack).toMatch(
      /^ {4}at /,
    )
    expect(lines.join('')).not.toContain('AR-104')
  })

  it('an answer that its schema does not know is 500 and never leaves', async () => {
    const answer = await server.call('/v1/failures/wrong_answer')
    await expectProblem(answer, 500, 'internal_error')
    expect(answer.text).not.toContain('AR-104')
  })

  it('a lost database is 503 with Retry-After', async () => {
    for (const kind of ['lost', 'refused']) {
      const answer = await server.call(`/v1/failures/${kind}`)
      await expectProblem(answer, 503, 'database_unavailable')
      expect(answer.headers.get('retry-after')).toBe('1')
    }
  })

  it('a refusal’s members stand at the top level and replace nothing', async () => {
    const problem = await expectProblem(await server.post('{"people":999}'), 409, 'shelter_full')
    expect(problem).toMatchObject({ free: 3, requested: 999, status: 409 })
  })

  it('a request is one log line, without its query', async () => {
    lines.length = 0
    await server.call('/v1/list?cursor=AR-104', { headers: { 'x-request-id': 'one-line' } })
    await expect.poll(() => lines.length).toBe(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      request_id: 'one-line',
      method: 'GET',
      path: '/v1/list',
      status: 200,
      msg: 'answered',
    })
    expect(lines[0]).not.toContain('AR-104')
  })
})

describe('request ids', () => {
  it('a harmless one is echoed, any other is replaced', async () => {
    expect(
      (await server.call('/healthz', { headers: { 'x-request-id': 'a.b:c_d-1' } })).headers.get(
        'x-request-id',
      ),
    ).toBe('a.b:c_d-1')
    for (const bad of ['a b', 'a'.repeat(129), 'a"b']) {
      const answer = await server.call('/v1/nothing', { headers: { 'x-request-id': bad } })
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    }
  })
})
