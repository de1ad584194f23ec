import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyDatabase } from '../../src/commands/verify.ts'
import { addDays, dayOf } from '../../src/domain/days.ts'
import { aShelter, newIdempotencyKey, type Service, serviceOn, startService } from '../setup/service.ts'

/*
 * Promise: what lies in a store is what was brought there and not taken: exact, lot by lot, never below nothing,
 * whoever takes at once, and at any moment of the past.
 */

let service: Service
let key: string
const today = dayOf(new Date().toISOString())
const inDays = (days: number): string => addDays(today, days)

beforeAll(async () => {
  service = await startService()
  key = await service.issue('admin')
  for (const [code, places] of [
    ['AM-KT-0001', 100],
    ['AM-SU-0001', 100],
  ] as const)
    expect((await post('/v1/shelters', aShelter(code, places))).status).toBe(201)
})
afterAll(async () => {
  expect(await verifyDatabase(service.database)).toEqual([])
  await service.stop()
})

const post = (path: string, body: object, more: object = {}) =>
  service.call('POST', path, { key, body, ...more })
const get = (path: string) => service.call('GET', path, { key })
const warehouse = async (code: string): Promise<string> => {
  const made = await post('/v1/stores', { code, name: `Store ${code}`, region: 'AM-SU' })
  expect(made.status).toBe(201)
  return made.body.store.id
}
const move = (kind: string, store: string, lines: object[], more: object = {}) =>
  post('/v1/stock-movements', { kind, store, lines, ...more })
const receive = async (store: string, ...lines: object[]) => {
  const answer = await move('receipt', store, lines)
  expect(answer.status).toBe(201)
  return answer.body
}
type Line = { item: string; lot: string | null; expires_on: string | null; quantity: string; status: string }
const stockOf = async (store: string, query = ''): Promise<Line[]> =>
  (await get(`/v1/stores/${store}/stock${query}`)).body.items
const shortly = (lines: readonly Line[]) => lines.map(({ lot, quantity, status }) => [lot, quantity, status])

describe('the catalogue', () => {
  test('has staple foods with energy, and medicines with their daily quantities, in three languages', async () => {
    const { items } = (await get('/v1/items?limit=500')).body
    const flour = items.find((item: { code: string }) => item.code === 'wheat_flour')
    expect(flour).toMatchObject({
      names: { en: 'Wheat flour' },
      category: 'food',
      unit: 'kg',
      kcal_per_unit: 3640,
    })
    const needs = (await get('/v1/needs')).body.items
    expect(needs.find((need: { code: string }) => need.code === 'levothyroxine')).toMatchObject({
      item: 'levothyroxine',
      daily_quantity: '0.15',
      source: 'WHO ATC/DDD index, H03AA01',
    })
    for (const { names } of [...items, ...needs])
      expect(Object.keys(names).sort()).toEqual(['en', 'hy', 'ru'])
  })

  test('takes new items, changes them with If-Match, and refuses a code twice', async () => {
    const names = { hy: 'Կտոր', ru: 'Кусок', en: 'Piece' }
    const item = {
      code: 'dates',
      names,
      category: 'food',
      unit: 'kg',
      decimals: 1,
      storage: 'ambient',
      controlled: false,
    }
    expect((await post('/v1/items', item)).status).toBe(201)
    expect((await post('/v1/items', item)).body.code).toBe('code_taken')
    const { headers } = await get('/v1/items/dates')
    const patch = (etag?: string) =>
      service.call('PATCH', '/v1/items/dates', {
        key,
        body: { kcal_per_unit: 2820 },
        ...(etag !== undefined && { headers: { 'if-match': etag } }),
      })
    expect((await patch()).status).toBe(428)
    expect((await patch(headers.etag)).body.item.kcal_per_unit).toBe(2820)
    expect((await patch(headers.etag)).status).toBe(412)
  })

  test('takes needs, whose quantity fits the item', async () => {
    const put = (body: object) => service.call('PUT', '/v1/needs/test_need', { key, body })
    const names = { hy: 'ա', ru: 'б', en: 'c' }
    expect((await put({ names })).status).toBe(201)
    expect((await put({ names, item: 'nothing_like_it' })).body.code).toBe('item_not_found')
    expect((await put({ names, item: 'insulin', daily_quantity: '1.5' })).body.code).toBe('too_many_decimals')
    expect((await put({ names, item: 'insulin', daily_quantity: '15' })).status).toBe(200)
  })

  test('shelters have a store of their own, under their id and code', async () => {
    const shelter = (await get('/v1/shelters/AM-KT-0001')).body.id
    expect((await get('/v1/stores/AM-KT-0001')).body).toMatchObject({ id: shelter, kind: 'shelter', shelter })
    expect((await get('/v1/stores?kind=shelter')).body.items).toHaveLength(2)
  })
})

describe('stock', () => {
  test('is taken first-expired-first-out, and never from an expired or quarantined lot', async () => {
    const store = await warehouse('WH-FEFO')
    await receive(
      store,
      { item: 'rice', lot: 'late', expires_on: inDays(90), quantity: '10' },
      { item: 'rice', lot: 'soon', expires_on: inDays(5), quantity: '2.5' },
      { item: 'rice', lot: 'suspect', expires_on: inDays(3), quantity: '4' },
    )
    // Received while it was good, expired since.
    const before = new Date(Date.now() - 5 * 86_400_000).toISOString()
    await move('receipt', store, [{ item: 'rice', lot: 'old', expires_on: inDays(-1), quantity: '3' }], {
      occurred_at: before,
    })
    expect((await move('quarantine', store, [{ item: 'rice', lot: 'suspect', quantity: '4' }])).status).toBe(
      201,
    )
    const issued = await move('issue', store, [{ item: 'rice', quantity: '4' }])
    expect(issued.body.movement.lines).toEqual([
      { item: 'rice', lot: 'soon', expires_on: inDays(5), quantity: '2.5' },
      { item: 'rice', lot: 'late', expires_on: inDays(90), quantity: '1.5' },
    ])
    expect(shortly(await stockOf(store))).toEqual([
      ['old', '3', 'expired'],
      ['suspect', '4', 'quarantined'],
      ['late', '8.5', 'usable'],
    ])
    const refused = await move('issue', store, [{ item: 'rice', quantity: '9' }])
    expect(refused.status).toBe(409)
    expect(refused.body).toMatchObject({
      code: 'insufficient_stock',
      line: 0,
      requested: '9',
      available: '8.5',
      errors: [{ pointer: '/lines/0/quantity', code: 'insufficient_stock' }],
    })
    // What was set aside comes back, what has expired is thrown away.
    expect((await move('release', store, [{ item: 'rice', lot: 'suspect', quantity: '1' }])).status).toBe(201)
    expect(
      (await move('disposal', store, [{ item: 'rice', lot: 'old', quantity: '3' }], { reason: 'expired' }))
        .status,
    ).toBe(201)
    expect(shortly(await stockOf(store))).toEqual([
      ['suspect', '1', 'usable'],
      ['suspect', '3', 'quarantined'],
      ['late', '8.5', 'usable'],
    ])
  })

  test('moves all lines or none', async () => {
    const store = await warehouse('WH-ALL')
    await receive(store, { item: 'soap', quantity: '5' }, { item: 'blanket', quantity: '2' })
    const refused = await move('issue', store, [
      { item: 'soap', quantity: '5' },
      { item: 'blanket', quantity: '3' },
    ])
    expect(refused.body).toMatchObject({ code: 'insufficient_stock', line: 1, available: '2' })
    expect((await stockOf(store)).map(({ quantity }) => quantity)).toEqual(['2', '5'])
    // Two lines of one lot take from what the other leaves.
    const twice = await move('issue', store, [
      { item: 'soap', quantity: '3' },
      { item: 'soap', quantity: '3' },
    ])
    expect(twice.body).toMatchObject({ code: 'insufficient_stock', line: 1, available: '2' })
  })

  test('goes from store to store in one commit, and back where the movement is taken back', async () => {
    const from = await warehouse('WH-FROM')
    await receive(from, { item: 'insulin', lot: 'B1', expires_on: inDays(30), quantity: '400' })
    const moved = await move('transfer', from, [{ item: 'insulin', quantity: '150' }], {
      to_store: 'AM-KT-0001',
    })
    expect(moved.status).toBe(201)
    expect((await stockOf(from))[0]?.quantity).toBe('250')
    expect((await stockOf('AM-KT-0001'))[0]).toMatchObject({ lot: 'B1', quantity: '150', status: 'usable' })
    const reversal = `/v1/stock-movements/${moved.body.movement.id}/reversal`
    // Somebody has used some of it: then it cannot be as if it had never come.
    const issued = await move('issue', 'AM-KT-0001', [{ item: 'insulin', quantity: '10' }])
    expect((await post(reversal, {})).body).toMatchObject({ code: 'insufficient_stock', available: '140' })
    await post(`/v1/stock-movements/${issued.body.movement.id}/reversal`, {})
    const back = await post(reversal, {})
    expect(back.status).toBe(200)
    expect(back.body.movement.reversed_at).not.toBeNull()
    expect((await stockOf(from))[0]?.quantity).toBe('400')
    expect(await stockOf('AM-KT-0001')).toEqual([])
    expect((await post(reversal, {})).body.code).toBe('movement_reversed')
  })

  test('of the past is what it was, and a late post may not take what was not there then', async () => {
    const store = await warehouse('WH-PAST')
    const hours = (ago: number) => new Date(Date.now() - ago * 3_600_000).toISOString()
    const at = (ago: number) => ({ occurred_at: hours(ago) })
    expect((await move('receipt', store, [{ item: 'bread', quantity: '10' }], at(10))).status).toBe(201)
    expect((await move('issue', store, [{ item: 'bread', quantity: '8' }], at(6))).status).toBe(201)
    expect((await move('receipt', store, [{ item: 'bread', quantity: '5' }], at(2))).status).toBe(201)
    // 7 are there now, and only 2 were between.
    const late = await move('issue', store, [{ item: 'bread', quantity: '3' }], at(8))
    expect(late.body).toMatchObject({ code: 'insufficient_stock', available: '2' })
    expect((await move('issue', store, [{ item: 'bread', quantity: '2' }], at(8))).status).toBe(201)
    const quantityAt = async (ago: number) =>
      (await stockOf(store, `?as_of=${hours(ago)}`))[0]?.quantity ?? '0'
    expect(await Promise.all([11, 9, 7, 4, 1].map(quantityAt))).toEqual(['0', '10', '8', '0', '5'])
  })

  test('may be counted up and down, and the reason must be said', async () => {
    const store = await warehouse('WH-COUNT')
    const count = (quantity: string, more: object = { reason: 'count' }) =>
      move('adjustment', store, [{ item: 'tea', quantity }], more)
    expect((await count('2.125')).status).toBe(201)
    expect((await count('-0.125')).status).toBe(201)
    expect((await stockOf(store))[0]?.quantity).toBe('2')
    expect((await count('-2.001')).body.code).toBe('insufficient_stock')
    expect((await count('1', {})).body.errors).toMatchObject([{ pointer: '/reason', code: 'missing' }])
    expect((await count('0')).body.errors).toMatchObject([{ pointer: '/lines/0/quantity' }])
  })

  test('refuses bad input, each with a code of its own, and nothing is changed', async () => {
    const store = await warehouse('WH-BAD')
    await receive(store, { item: 'insulin', lot: 'B1', expires_on: inDays(30), quantity: '100' })
    const head = (await get('/v1/changes?after=0&limit=1')).body.head
    const codeOf = async (answer: Promise<{ status: number; body: { code: string } }>) => {
      const { status, body } = await answer
      return [status, body.code]
    }
    const line = { item: 'insulin', lot: 'B1', quantity: '1' }
    expect(await codeOf(move('issue', store, [{ ...line, quantity: '1.5' }]))).toEqual([
      422,
      'too_many_decimals',
    ])
    expect(await codeOf(move('issue', store, [{ ...line, lot: 'B9' }]))).toEqual([404, 'lot_not_found'])
    expect(await codeOf(move('receipt', store, [{ ...line, expires_on: inDays(-1) }]))).toEqual([
      422,
      'lot_expired',
    ])
    const future = new Date(Date.now() + 3_600_000).toISOString()
    expect(await codeOf(move('issue', store, [line], { occurred_at: future }))).toEqual([
      422,
      'in_the_future',
    ])
    expect(await codeOf(move('issue', 'WH-NOWHERE', [line]))).toEqual([404, 'store_not_found'])
    expect(await codeOf(move('issue', store, [{ ...line, item: 'no_such' }]))).toEqual([
      404,
      'item_not_found',
    ])
    expect(await codeOf(move('transfer', store, [line]))).toEqual([422, 'invalid_body'])
    expect(await codeOf(move('transfer', store, [line], { to_store: store }))).toEqual([422, 'same_store'])
    expect(await codeOf(move('issue', store, [{ ...line, quantity: 1 }]))).toEqual([422, 'invalid_body'])
    expect(await codeOf(move('issue', store, [{ ...line, quantity: '-1' }]))).toEqual([422, 'invalid_body'])
    expect((await get('/v1/changes?after=0&limit=1')).body.head).toBe(head)
    expect((await stockOf(store))[0]?.quantity).toBe('100')
  })

  test('is moved by those whose shelter it is, and seen by those inside the remit', async () => {
    const shelter = (await get('/v1/shelters/AM-SU-0001')).body.id
    const staff = await service.issue('shelter_staff', { shelters: [shelter] })
    await receive('AM-SU-0001', { item: 'towel', quantity: '5' })
    const issue = (store: string) =>
      post(
        '/v1/stock-movements',
        { kind: 'issue', store, lines: [{ item: 'towel', quantity: '1' }] },
        { key: staff },
      )
    expect((await issue('AM-SU-0001')).status).toBe(201)
    expect((await issue('AM-KT-0001')).body.code).toBe('outside_remit')
    expect((await service.call('GET', '/v1/stores/AM-KT-0001/stock', { key: staff })).status).toBe(403)
    const seen = await service.call('GET', '/v1/stock-movements', { key: staff })
    expect(seen.body.items).toHaveLength(2)
  })

  test('is moved once, however often the post is sent again, and in a batch as in a single call', async () => {
    const store = await warehouse('WH-AGAIN')
    const body = { kind: 'receipt', store, lines: [{ item: 'salt', quantity: '3' }] }
    const idempotency_key = newIdempotencyKey()
    const first = await post('/v1/stock-movements', body, { idempotency_key })
    const again = await post('/v1/stock-movements', body, { idempotency_key })
    expect([again.status, again.body]).toEqual([201, first.body])
    expect(again.headers['idempotency-replayed']).toBe('true')
    const batch = await post('/v1/batch', {
      items: [{ key: newIdempotencyKey(), operation: 'postStockMovement', body: { ...body, kind: 'issue' } }],
    })
    expect(batch.body.items[0]).toMatchObject({ status: 201, body: { movement: { kind: 'issue' } } })
    expect(await stockOf(store)).toEqual([])
  })
})

test('a lot that was changed by hand is found by npm run verify', async () => {
  const store = await warehouse('WH-HAND')
  await receive(store, { item: 'sugar', quantity: '7' })
  const change = (by: number) =>
    service.database.execute(sql`update stock set usable = usable + ${by} where store = ${store}::uuid`)
  await change(1)
  expect(await verifyDatabase(service.database)).toEqual([
    expect.stringContaining(`stock of sugar in ${store}`),
  ])
  await change(-1)
})

describe('64 who take from one lot at once, over two processes', () => {
  test('never take more than there is, and the losers are told what is left', async () => {
    const store = await warehouse('WH-RACE')
    await receive(store, { item: 'insulin', lot: 'B1', expires_on: inDays(30), quantity: '1000' })
    const other = await serviceOn(service.database_url)
    try {
      const answers = await Promise.all(
        Array.from({ length: 64 }, async (_, client) => {
          const told = []
          for (let round = 0; round < 5; round++) {
            const of = client % 2 === 0 ? service : other
            const body = {
              kind: 'issue',
              store,
              lines: [{ item: 'insulin', quantity: String(1 + (client % 7)) }],
            }
            told.push({
              asked: 1 + (client % 7),
              ...(await of.call('POST', '/v1/stock-movements', { key, body })),
            })
          }
          return told
        }),
      )
      const all = answers.flat()
      const taken = all.filter(({ status }) => status === 201).reduce((sum, { asked }) => sum + asked, 0)
      const refused = all.filter(({ status }) => status !== 201)
      expect(refused.length).toBeGreaterThan(0)
      for (const { status, body, asked } of refused) {
        expect([status, body.code]).toEqual([409, 'insufficient_stock'])
        expect(Number(body.available)).toBeLessThan(asked)
      }
      const left = Number((await stockOf(store))[0]?.quantity ?? 0)
      expect(left).toBeGreaterThanOrEqual(0)
      expect(taken + left).toBe(1000)
    } finally {
      await other.close()
    }
  })
})
