import { request as httpRequest } from 'node:http'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aShelter, type Service, startService } from '../setup/service.ts'

/* Promise: a long list of arrivals goes in line by line, each answered as if it had come alone, none twice. */

let service: Service
let key: string

beforeAll(async () => {
  service = await startService({ REQUEST_TIMEOUT_MS: '6000', HEADERS_TIMEOUT_MS: '1000' })
  key = await service.issue('national_coordinator')
})
afterAll(() => service.stop())

async function shelter(code: string, places: number): Promise<string> {
  await service.call('POST', '/v1/shelters', { key, body: aShelter(code, places) })
  return code
}
const occupied = async (code: string) =>
  (await service.call('GET', `/v1/shelters/${code}`, { key })).body.balance.occupied

const line = (number: number, code: string, people = 1) =>
  JSON.stringify({ key: `line-key-${code}-${number}`, shelter: code, household: { people } })

/** A stream that stays open: what is written goes out at once, and answers can be read before it ends. */
function stream(path = '/v1/arrivals/batch') {
  const request = httpRequest(`${service.base}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' },
  })
  const answers = new Promise<AsyncIterator<string>>((resolve, reject) => {
    request.on('response', (response) =>
      resolve(createInterface({ input: response })[Symbol.asyncIterator]()),
    )
    request.on('error', reject)
  })
  return {
    write: (text: string | Buffer) => request.write(text),
    end: () => request.end(),
    next: async () => JSON.parse((await (await answers).next()).value),
    rest: async () => {
      const lines: { key: string | null; status: number; body: Record<string, unknown> }[] = []
      for (const reader = await answers; ; ) {
        const { done, value } = await reader.next()
        if (done === true) return lines
        lines.push(JSON.parse(value))
      }
    },
  }
}

describe('a list of arrivals as JSON', () => {
  test('is answered item by item, in order, each as the single call would have been', async () => {
    const code = await shelter('AM-KT-0001', 5)
    const items = [
      { key: 'json-key-1', shelter: code, household: { people: 3 } },
      { key: 'json-key-2', shelter: code, household: { people: 3 } },
      { key: 'json-key-3', shelter: code, household: { people: 'two' } },
      { key: 'short', shelter: code, household: { people: 1 } },
      { key: 'json-key-1', shelter: code, household: { people: 3 } },
      { key: 'json-key-5', shelter: 'AM-KT-9999', household: { people: 1 } },
    ]
    const answer = await service.call('POST', '/v1/arrivals/batch', {
      key,
      body: { items },
      idempotency_key: null,
    })
    expect(answer.status).toBe(200)
    expect(answer.body.items.map((item: { status: number }) => item.status)).toEqual([
      201, 409, 422, 400, 201, 404,
    ])
    expect(answer.body.items[1].body).toMatchObject({
      code: 'shelter_full',
      free: 2,
      requested: 3,
      alternatives: [],
    })
    expect(answer.body.items[2].body.errors[0].pointer).toBe('/household/people')
    expect(answer.body.items[4].body).toEqual(answer.body.items[0].body)
    expect(await occupied(code)).toBe(3)
  })

  test('of more than 500, or of none, is refused as a whole', async () => {
    const items = Array.from({ length: 501 }, () => ({}))
    expect((await service.call('POST', '/v1/arrivals/batch', { key, body: { items } })).status).toBe(422)
    expect((await service.call('POST', '/v1/arrivals/batch', { key, body: { items: [] } })).status).toBe(422)
    const partner = await service.issue('partner')
    expect(
      (await service.call('POST', '/v1/arrivals/batch', { key: partner, body: { items: [] } })).status,
    ).toBe(403)
  })
})

describe('a stream of arrivals', () => {
  test('is answered while it is still being sent', async () => {
    const code = await shelter('AM-KT-0002', 50)
    const open = stream()
    open.write(`${line(1, code)}\n`)
    expect(await open.next()).toMatchObject({ key: `line-key-${code}-1`, status: 201 })
    expect(await occupied(code)).toBe(1)
    open.write(`${line(2, code)}\n\r\n${line(3, code).slice(0, 20)}`)
    expect((await open.next()).status).toBe(201)
    open.write(line(3, code).slice(20))
    open.end()
    expect((await open.rest()).map((answer) => answer.status)).toEqual([201])
    expect(await occupied(code)).toBe(3)
  })

  test('of thousands of lines keeps their order, and sent again from the start books nobody twice', async () => {
    const code = await shelter('AM-KT-0003', 20_000)
    const lines = Array.from({ length: 3_000 }, (_, number) => line(number, code, 1 + (number % 5)))
    const send = async () => {
      const open = stream()
      open.write(`${lines.join('\n')}\n`)
      open.end()
      return open.rest()
    }
    const first = await send()
    expect(first.map((answer) => answer.key)).toEqual(lines.map((text) => JSON.parse(text).key))
    expect(first.every((answer) => answer.status === 201)).toBe(true)
    expect(await send()).toEqual(first)
    expect(await occupied(code)).toBe(3_000 * 3)
  })

  test('answers a line that is no JSON, too long, or broken in its place and goes on', async () => {
    const code = await shelter('AM-KT-0004', 50)
    const open = stream()
    open.write(`${line(1, code)}\nnonsense\n{"key":"x","key":"y"}\n`)
    open.write(`{"long":"${'x'.repeat(70_000)}"}\n`)
    open.write(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('\n')]))
    open.write(`${line(2, code)}\n`)
    open.end()
    const answers = await open.rest()
    expect(answers.map((answer) => answer.status)).toEqual([201, 400, 400, 413, 400, 201])
    expect(String(answers[1]?.body.detail)).toContain('Line 2')
    expect(answers[1]?.body).toMatchObject({ code: 'malformed_json' })
  })

  test('may take longer than a single request may', async () => {
    const code = await shelter('AM-KT-0005', 50)
    const open = stream()
    open.write(`${line(1, code)}\n`)
    await open.next()
    const until = performance.now() + 7_000
    let number = 1
    while (performance.now() < until) {
      open.write(`${line(++number, code)}\n`)
      await open.next()
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    open.end()
    expect(await open.rest()).toEqual([])
    expect(await occupied(code)).toBe(number)
  })

  test('is not taken where no stream is expected', async () => {
    const open = stream('/v1/arrivals')
    open.write('{}\n')
    open.end()
    expect((await open.rest())[0]).toMatchObject({ status: 415 })
  })
})
