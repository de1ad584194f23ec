import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyDatabase } from '../../src/commands/verify.ts'
import { aShelter, type Service, startService } from '../setup/service.ts'

/*
 * Promise: cargo is where its journal says: announced, on the road, held, there. What came usable is in the store, what
 * was damaged or lost is told, and nothing is booked twice. Place names stand as their sources give them; the service
 * takes no position on the status of any territory.
 */

let service: Service
let key: string

beforeAll(async () => {
  service = await startService()
  key = await service.issue('admin')
  await post('/v1/shelters', aShelter('AM-SU-0001', 100))
  await post('/v1/stores', { code: 'WH-KHANKENDI', name: 'Store, Khankendi', region: 'AM-SU' })
  await post('/v1/stores', { code: 'WH-STEPANAKERT', name: 'Store, Stepanakert', region: 'AM-SU' })
})
afterAll(async () => {
  expect(await verifyDatabase(service.database)).toEqual([])
  await service.stop()
})

const post = (path: string, body: object, more: object = {}) =>
  service.call('POST', path, { key, body, ...more })
const get = async (path: string) => (await service.call('GET', path, { key })).body
async function announce(more: object): Promise<string> {
  const answer = await post('/v1/consignments', {
    reference: 'R-1',
    sender: 'Red Cross',
    origin: 'Goris',
    destination: 'AM-SU-0001',
    lines: [{ item: 'rice', quantity: '100' }],
    ...more,
  })
  expect(answer.status).toBe(201)
  return answer.body.consignment.id
}
const about = (id: string, action: string, body: object) => post(`/v1/consignments/${id}/${action}`, body)
const quantities = async (store: string) =>
  Object.fromEntries(
    (await get(`/v1/stores/${store}/stock`)).items.map((line: { item: string; quantity: string }) => [
      line.item,
      line.quantity,
    ]),
  )
const typesOf = async (id: string) =>
  (await get('/v1/changes?after=0&limit=500')).items
    .filter((entry: { subject: { id: string } }) => entry.subject.id === id)
    .map((entry: { type: string }) => entry.type)

describe('20 t from Aghdam by the Aghdam–Khankendi road', () => {
  test('two trucks of food and hygiene products and two cars of bread come as they were announced', async () => {
    const id = await announce({
      reference: '20 t',
      origin: 'Aghdam',
      corridor: 'Aghdam–Khankendi road',
      destination: 'WH-KHANKENDI',
      vehicles: [{ kind: 'truck' }, { kind: 'truck' }, { kind: 'car' }, { kind: 'car' }],
      gross_weight_kg: 20_000,
      lines: [
        { item: 'wheat_flour', quantity: '14000' },
        { item: 'soap', quantity: '4000' },
        { item: 'bread', quantity: '1000' },
      ],
    })
    expect((await about(id, 'dispatch', {})).body.consignment.status).toBe('dispatched')
    const received = await about(id, 'receipt', {
      lines: [
        { line: 0, received: '14000' },
        { line: 1, received: '4000' },
        { line: 2, received: '1000' },
      ],
    })
    expect(received.status).toBe(200)
    const shown = await get(`/v1/consignments/${id}`)
    expect(shown).toMatchObject({
      origin: 'Aghdam',
      corridor: 'Aghdam–Khankendi road',
      gross_weight_kg: 20_000,
      status: 'received',
      overdue: false,
    })
    expect(shown.vehicles.map(({ kind }: { kind: string }) => kind)).toEqual(['truck', 'truck', 'car', 'car'])
    expect(await quantities('WH-KHANKENDI')).toEqual({ bread: '1000', soap: '4000', wheat_flour: '14000' })
    expect(await typesOf(id)).toEqual([
      'consignment_announced',
      'consignment_dispatched',
      'consignment_received',
    ])
  })
})

describe('a convoy of seven vehicles through the Lachin corridor', () => {
  test('is held at a checkpoint, is late, and comes with 4 % damaged', async () => {
    const id = await announce({
      reference: 'Convoy 7',
      corridor: 'Lachin corridor',
      destination: 'WH-STEPANAKERT',
      expected_at: new Date(Date.now() - 3_600_000).toISOString(),
      vehicles: Array.from({ length: 7 }, () => ({ kind: 'truck' })),
      lines: [
        { item: 'rice', lot: 'R1', expires_on: '2999-01-01', quantity: '5000' },
        { item: 'insulin', lot: 'B1', expires_on: '2999-01-01', quantity: '20000' },
      ],
    })
    await about(id, 'dispatch', {})
    const held = await about(id, 'checkpoint', { name: 'Lachin corridor checkpoint', status: 'held' })
    expect(held.body.consignment.status).toBe('held')
    expect(await get(`/v1/consignments/${id}`)).toMatchObject({ status: 'held', overdue: true })
    const late = async () =>
      (await get('/v1/alerts?kind=consignment_late')).items.map(
        (alert: { severity: string; about: { consignment: string } }) => [
          alert.about.consignment,
          alert.severity,
        ],
      )
    expect(await late()).toEqual([[id, 'serious']])
    await about(id, 'checkpoint', { name: 'Lachin corridor checkpoint', status: 'cleared' })
    expect(await late()).toEqual([[id, 'warning']])
    const received = await about(id, 'receipt', {
      lines: [
        { line: 0, received: '4800', damaged: '200' },
        { line: 1, received: '19200', damaged: '800' },
      ],
    })
    expect(received.body.consignment.lines).toMatchObject([
      { item: 'rice', quantity: '5000', received: '4800', damaged: '200', lost: '0' },
      { item: 'insulin', quantity: '20000', received: '19200', damaged: '800', lost: '0' },
    ])
    expect(await quantities('WH-STEPANAKERT')).toEqual({ insulin: '19200', rice: '4800' })
    expect(await late()).toEqual([])
    const { checkpoints } = await get(`/v1/consignments/${id}`)
    expect(checkpoints.map(({ status }: { status: string }) => status)).toEqual(['held', 'cleared'])
    const movement = await get(`/v1/stock-movements/${received.body.movement}`)
    expect(movement).toMatchObject({ kind: 'receipt', consignment: id })
  })
})

describe('a consignment', () => {
  test('comes in parts, and what never came is lost', async () => {
    const id = await announce({})
    const first = await about(id, 'receipt', { lines: [{ line: 0, received: '60' }], partial: true })
    expect(first.body.consignment).toMatchObject({ status: 'partly_received', lines: [{ lost: '0' }] })
    const second = await about(id, 'receipt', { lines: [{ line: 0, received: '30', damaged: '5' }] })
    expect(second.body.consignment).toMatchObject({
      status: 'received',
      lines: [{ received: '90', damaged: '5', lost: '5' }],
    })
    expect((await quantities('AM-SU-0001')).rice).toBe('90')
  })

  test('that was received or cancelled takes nothing more, and nothing is changed', async () => {
    const received = await announce({})
    await about(received, 'receipt', { lines: [{ line: 0, received: '100' }] })
    const cancelled = await announce({})
    expect((await about(cancelled, 'cancellation', { reason: 'blocked' })).body.consignment).toMatchObject({
      status: 'cancelled',
      lines: [{ lost: '100' }],
    })
    const { rice } = await quantities('AM-SU-0001')
    for (const id of [received, cancelled]) {
      for (const [action, body] of [
        ['receipt', { lines: [{ line: 0, received: '1' }] }],
        ['dispatch', {}],
        ['checkpoint', { name: 'x', status: 'held' }],
        ['cancellation', { reason: 'other' }],
      ] as const) {
        const answer = await about(id, action, body)
        expect([answer.status, answer.body.code]).toEqual([409, 'consignment_closed'])
      }
    }
    expect((await quantities('AM-SU-0001')).rice).toBe(rice)
  })

  test('brings no more than was announced, nothing that expired, and only lines that it has', async () => {
    const id = await announce({})
    const codeOf = async (line: object) => (await about(id, 'receipt', { lines: [line] })).body.code
    expect(await codeOf({ line: 0, received: '99', damaged: '2' })).toBe('more_than_announced')
    expect(await codeOf({ line: 1, received: '1' })).toBe('line_not_found')
    expect(await codeOf({ line: 0, received: '1', expires_on: '2023-01-01' })).toBe('lot_expired')
    expect(await codeOf({ line: 0, received: '0.0001' })).toBe('too_many_decimals')
    expect(await get(`/v1/consignments/${id}`)).toMatchObject({ status: 'announced' })
  })

  test('is received by the staff of its shelter and by nobody else’s', async () => {
    const { id: shelter } = await get('/v1/shelters/AM-SU-0001')
    const staff = await service.issue('shelter_staff', { shelters: [shelter] })
    const here = await announce({})
    const elsewhere = await announce({ destination: 'WH-KHANKENDI' })
    const receive = (id: string) =>
      post(`/v1/consignments/${id}/receipt`, { lines: [{ line: 0, received: '1' }] }, { key: staff })
    expect((await receive(here)).status).toBe(200)
    expect((await receive(elsewhere)).body.code).toBe('outside_remit')
    const seen = (await service.call('GET', '/v1/consignments', { key: staff })).body.items
    expect(seen.every((one: { shelter: string }) => one.shelter === shelter)).toBe(true)
    expect((await service.call('GET', `/v1/consignments/${elsewhere}`, { key: staff })).status).toBe(404)
  })
})
