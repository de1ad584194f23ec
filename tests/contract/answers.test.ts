import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Asker, askerOf } from './ask.ts'
import { isRecord, type Operation, parametersOf } from './document.ts'
import { schemaCompiler } from './validate.ts'
import { startWorld, type World } from './world.ts'

/*
 * Promise: what comes over the wire is what the document says, of every operation, when it succeeds and when it
 * refuses: the status, the content type, every field and no other.
 */

let world: World
let asker: Asker
let operations: Operation[]

beforeAll(async () => {
  world = await startWorld()
  asker = askerOf(world)
  operations = asker.operations
})
afterAll(() => world?.stop())

describe('every operation', () => {
  test('succeeds as its example says, and answers what the document says', async () => {
    for (const operation of operations) {
      const { status, body } = await asker.sent(await world.request(operation))
      expect([operation.id, Math.floor(status / 100), body]).toEqual([operation.id, 2, body])
    }
  })

  test('answers in each format that it offers', async () => {
    for (const operation of operations) {
      const format = parametersOf(world.document, operation, 'query').find(({ name }) => name === 'format')
      for (const name of Array.isArray(format?.schema.enum) ? format.schema.enum : []) {
        const prepared = await world.request(operation)
        const { status } = await asker.sent({
          ...prepared,
          query: { ...prepared.query, format: String(name) },
        })
        expect([operation.id, name, status]).toEqual([operation.id, name, 200])
      }
    }
  })

  test('refuses strangers, wrong formats and unknown parameters as documented', async () => {
    for (const operation of operations) {
      const prepared = await world.request(operation)
      const statuses = [
        operation.object.security?.length === 0
          ? 401
          : (await asker.sent(prepared, { authorization: undefined })).status,
        (await asker.sent(prepared, { accept: 'image/png' })).status,
        (await asker.sent({ ...prepared, query: { ...prepared.query, colour: 'red' } })).status,
      ]
      expect([operation.id, ...statuses]).toEqual([operation.id, 401, 406, 400])
    }
  })

  test('with a body refuses what is no JSON, wrong, too large or in a wrong wrapping, as documented', async () => {
    for (const operation of operations.filter(({ object }) => object.requestBody !== undefined)) {
      const prepared = await world.request(operation)
      const { body } = prepared
      const statuses = [
        (await asker.sent(prepared, {}, '{')).status,
        (await asker.sent(prepared, {}, JSON.stringify({ ...(isRecord(body) ? body : {}), colour: 'red' })))
          .status,
        (await asker.sent(prepared, { 'content-type': 'text/plain' })).status,
        (await asker.sent(prepared, { 'content-encoding': 'gzip' })).status,
        (await asker.sent(prepared, {}, JSON.stringify({ note: 'x'.repeat(1_048_576) }))).status,
      ]
      expect([operation.id, ...statuses]).toEqual([operation.id, 400, 422, 415, 415, 413])
    }
  })

  test('refuses a key without its scope as documented', async () => {
    for (const operation of operations.filter(({ object }) => object.security?.length !== 0)) {
      const prepared = await world.request(operation)
      // A partner may write nothing of what there is, logistics sees no stays and posts none.
      const poor = operation.method === 'GET' ? world.keys.logistics : world.keys.partner
      const { status, body } = await asker.sent(prepared, { authorization: `Bearer ${poor}` })
      if (status < 400) continue
      expect([operation.id, status, body.code]).toEqual([operation.id, 403, 'forbidden_scope'])
    }
    expect(asker.answered).toContain('postArrival 403')
    expect(asker.answered).toContain('getStay 403')
  })
})

test('an id in capitals is the same id, for the service and for the document', async () => {
  const id = (await world.newStay()).toUpperCase()
  const compile = schemaCompiler()
  const getting = operations.filter((operation) => operation.id === 'getStay')
  for (const { schema } of getting.flatMap((operation) => parametersOf(world.document, operation, 'path')))
    expect(compile(schema)(id)).toBe(true)
  expect((await asker.ask('getStay', `/v1/stays/${id}`)).body.id).toBe(id.toLowerCase())
})

test('no operation was left out', () => {
  const driven = operations.filter(({ id }) => [...asker.answered].some((one) => one.startsWith(`${id} 2`)))
  expect(driven.map(({ id }) => id)).toEqual(operations.map(({ id }) => id))
})
