import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseJson } from '../../src/http/json-body.ts'
import { Problem } from '../../src/http/problem.ts'
import { readInstant } from '../../src/http/wire.ts'
import { startServer } from './server.ts'

/* Promise: nothing is guessed, coerced or dropped in silence; what is wrong is named where it stands. */

let server: Awaited<ReturnType<typeof startServer>>
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

async function refused(body: string | Uint8Array<ArrayBuffer>, status: number, code: string) {
  const answer = await server.post(body)
  const problem = answer.json()
  expect([answer.status, problem.code]).toEqual([status, code])
  return problem.errors
}

describe('JSON', () => {
  it('what is no JSON is 400', async () => {
    for (const body of ['{', '{"people":1,}', '', '\ufeff{"people":1}', '{"people":1}{}', '{"a":"', '"\\']) {
      await refused(body, 400, 'malformed_json')
    }
  })

  it('invalid UTF-8 is 400', async () => {
    const bytes = Buffer.from('{"people":1,"note":"_"}')
    bytes[20] = 0xff
    await refused(new Uint8Array(bytes), 400, 'malformed_json')
  })

  it('a key that stands twice is 400 and named, also where it is spelled differently', async () => {
    expect(await refused('{"people":1,"people":2}', 400, 'malformed_json')).toMatchObject([
      { pointer: '/people' },
    ])
    expect(await refused('{"people":1,"peopl\\u0065":2}', 400, 'malformed_json')).toMatchObject([
      { pointer: '/people' },
    ])
    const nested = '{"people":1,"household":{"needs":["a:b","{"],"a/b~c":"x","a/b~c":"y"}}'
    expect(await refused(nested, 400, 'malformed_json')).toMatchObject([{ pointer: '/household/a~1b~0c' }])
    expect(() => parseJson('[{"a":1},{"a":1,"b":{"a":2,"c":[{"d":1,"d":2}]}}]')).toThrow(Problem)
    const { refusal } = problemOf(() => parseJson('[{"a":1},{"a":1,"b":{"a":2,"c":[0,{"d":1,"d":2}]}}]'))
    expect(refusal.errors).toMatchObject([{ pointer: '/1/b/c/1/d' }])
  })

  it('colons, braces and escapes inside text do not confuse it', () => {
    const value = { a: ':{"[', 'b:"\\': ['\\', { c: ':' }], d: {} }
    expect(parseJson(JSON.stringify(value))).toEqual(value)
    expect(parseJson(' [ ] ')).toEqual([])
  })

  it('a lone surrogate or a NUL in text is 422 with a pointer', async () => {
    for (const text of ['\\ud800', '\\udc00x', 'a\\u0000b']) {
      const errors = await refused(`{"people":1,"household":{"needs":["x","${text}"]}}`, 422, 'invalid_body')
      expect(errors).toMatchObject([{ pointer: '/household/needs/1', code: 'wrong_format' }])
    }
    expect((await server.post('{"people":1,"note":"\\ud83d\\ude00"}')).status).toBe(201)
  })

  it('keys named like JavaScript’s own are unknown fields and change nothing', async () => {
    for (const key of ['__proto__', 'constructor', '\\u005f_proto__']) {
      const errors = await refused(`{"people":1,"${key}":{"people":5}}`, 422, 'invalid_body')
      expect(errors).toMatchObject([{ pointer: `/${key.replace('\\u005f', '_')}`, code: 'unknown_field' }])
    }
    expect('people' in {}).toBe(false)
  })

  it('more than 32 levels are 400, half a million too', async () => {
    expect(parseJson('['.repeat(32) + ']'.repeat(32))).toBeInstanceOf(Array)
    await refused('['.repeat(33) + ']'.repeat(33), 400, 'malformed_json')
    await refused('['.repeat(500_000), 400, 'malformed_json')
  })
})

describe('bodies', () => {
  it('all that is wrong is named by pointer and code', async () => {
    const body = {
      people: '5',
      note: 'x'.repeat(51),
      occurred_at: 'yesterday',
      id: 'd9428888-122b-41e1-b85c-c0ffee000000',
      household: { 'a/b~c': 1, extra: true },
      'odd/key': 1,
    }
    const errors = await refused(JSON.stringify(body), 422, 'invalid_body')
    expect(
      errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`).sort(),
    ).toEqual([
      '/household/a~1b~0c wrong_type',
      '/household/extra unknown_field',
      '/id wrong_format',
      '/note too_long',
      '/occurred_at wrong_format',
      '/odd~1key unknown_field',
      '/people wrong_type',
    ])
    expect(await refused('{}', 422, 'invalid_body')).toMatchObject([{ pointer: '/people', code: 'missing' }])
    expect(await refused('{"people":0}', 422, 'invalid_body')).toMatchObject([{ code: 'too_small' }])
    expect(await refused('{"people":1.5}', 422, 'invalid_body')).toMatchObject([{ pointer: '/people' }])
    expect(await refused('[]', 422, 'invalid_body')).toMatchObject([{ pointer: '', code: 'wrong_type' }])
    expect(await refused('null', 422, 'invalid_body')).toMatchObject([{ pointer: '', code: 'wrong_type' }])
  })

  it('a problem never repeats what was sent', async () => {
    const answer = await server.post('{"people":"AR-104 233","note":7}')
    expect(answer.text).not.toContain('AR-104')
  })

  it('a moment comes back in UTC with milliseconds', async () => {
    const answer = await server.post('{"people":5,"occurred_at":"2023-09-29T20:00:00.1239+04:00"}')
    expect(answer.json()).toEqual({ shelter: 'AM-KT-0007', people: 5, at: '2023-09-29T16:00:00.123Z' })
  })

  it('free text takes line breaks and emoji and no control characters or blanks alone', async () => {
    for (const note of ['a\n\tb', '😀'.repeat(50), 'Արմավիր']) {
      expect((await server.post(JSON.stringify({ people: 1, note }))).status).toBe(201)
    }
    for (const note of ['', '  ', 'a\u0007b', '😀'.repeat(51), 'a\u2028b']) {
      await refused(JSON.stringify({ people: 1, note }), 422, 'invalid_body')
    }
  })
})

describe('moments', () => {
  it('are read from RFC 3339 and cut to milliseconds', () => {
    expect(readInstant('2023-09-29T20:00:00Z')).toBe('2023-09-29T20:00:00.000Z')
    expect(readInstant('2023-09-29t20:00:00.999999999z')).toBe('2023-09-29T20:00:00.999Z')
    expect(readInstant('2023-09-29T00:30:00-23:59')).toBe('2023-09-30T00:29:00.000Z')
    expect(readInstant('2024-02-29T00:00:00-00:00')).toBe('2024-02-29T00:00:00.000Z')
    expect(readInstant('0099-02-28T00:00:00Z')).toBe('0099-02-28T00:00:00.000Z')
  })

  it('that do not exist are refused', () => {
    for (const text of [
      '2023-02-29T00:00:00Z',
      '2100-02-29T00:00:00Z',
      '2023-04-31T00:00:00Z',
      '2023-13-01T00:00:00Z',
      '2023-00-01T00:00:00Z',
      '2023-01-00T00:00:00Z',
      '2023-01-01T24:00:00Z',
      '2023-01-01T00:60:00Z',
      '2016-12-31T23:59:60Z',
      '0000-01-01T00:00:00Z',
      '0001-01-01T00:00:00+01:00',
      '9999-12-31T23:59:59-01:00',
      '2023-01-01T00:00:00',
      '2023-01-01 00:00:00Z',
      '2023-01-01T00:00:00+24:00',
      '2023-01-01T00:00:00.Z',
      '2023-01-01T00:00:00.1234567890Z',
      '2023-01-01T00:00Z',
      '2023-01-01',
      '+002023-01-01T00:00:00Z',
      '1696003200',
    ]) {
      expect([text, readInstant(text)]).toEqual([text, undefined])
    }
  })
})

describe('parameters and headers', () => {
  it('numbers in a query are decimal digits and nothing else', async () => {
    expect((await server.call('/v1/list?limit=500&open=true')).json()).toEqual({ limit: 500, open: true })
    expect((await server.call('/v1/list')).json()).toEqual({ limit: 50 })
    for (const limit of [
      '0',
      '501',
      '5.0',
      '0x5',
      '%205',
      '+5',
      '',
      '05',
      '1e2',
      '-0',
      '99999999999999999999',
    ]) {
      const answer = await server.call(`/v1/list?limit=${limit}`)
      expect([limit, answer.status, answer.json().code]).toEqual([limit, 400, 'invalid_parameters'])
      expect(answer.json().errors).toMatchObject([{ parameter: 'limit' }])
    }
    expect((await server.call('/v1/list?open=1')).status).toBe(400)
  })

  it('unknown and repeated parameters are 400, also where no parameter is known', async () => {
    for (const [path, parameter, code] of [
      ['/v1/list?limits=5', 'limits', 'unknown_parameter'],
      ['/v1/list?__proto__=5', '__proto__', 'unknown_parameter'],
      ['/v1/list?limit=5&limit=6', 'limit', 'repeated'],
      ['/v1/held?x=1', 'x', 'unknown_parameter'],
    ]) {
      const answer = await server.call(path ?? '')
      expect(answer.status).toBe(400)
      expect(answer.json().errors).toMatchObject([{ parameter, code }])
    }
  })

  it('a path that can name nothing is 404 of its kind', async () => {
    expect((await server.call('/v1/shelters/AM-KT-7')).json()).toMatchObject({
      status: 404,
      code: 'shelter_not_found',
    })
    const long = await server.call(`/v1/things/${'a'.repeat(41)}`, { method: 'DELETE' })
    expect(long.json()).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('an Idempotency-Key is required and must be usable', async () => {
    const without = await server.call('/v1/shelters/AM-KT-0007/arrivals', {
      method: 'POST',
      body: '{"people":1}',
      headers: { 'content-type': 'application/json' },
    })
    expect(without.json()).toMatchObject({
      status: 400,
      code: 'idempotency_key_missing',
      errors: [{ header: 'Idempotency-Key', code: 'missing' }],
    })
    for (const key of ['short', 'a'.repeat(129), 'with-ümlaut']) {
      const answer = await server.post('{"people":1}', { 'idempotency-key': key })
      expect(answer.json()).toMatchObject({ status: 400, code: 'idempotency_key_invalid' })
    }
    expect((await server.post('{"people":1}', { 'idempotency-key': 'a'.repeat(128) })).status).toBe(201)
  })
})

function problemOf(attempt: () => unknown): Problem {
  try {
    attempt()
  } catch (error) {
    if (error instanceof Problem) return error
  }
  throw new Error('no problem')
}
