import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addDays, dayOf } from '../../src/domain/days.ts'
import { aShelter, type Service, serviceOn, startService } from '../setup/service.ts'

/*
 * Promise: the sentence "access to food and medicine had been ensured" can be checked, for the people who are really
 * in the buildings: by hand and by the service, with the same answer.
 */

let service: Service
let key: string
const today = dayOf(new Date().toISOString())
const inDays = (days: number): string => addDays(today, days)

beforeAll(async () => {
  service = await startService()
  key = await service.issue('admin')
})
afterAll(() => service.stop())

const call = (method: string, path: string, body?: object) =>
  service.call(method, path, { key, ...(body !== undefined && { body }) })
async function made(path: string, body: object) {
  const answer = await call('POST', path, body)
  expect([200, 201]).toContain(answer.status)
  return answer.body
}
const shelter = (code: string, places = 200, more: object = {}) =>
  made('/v1/shelters', aShelter(code, places, more))
const arrive = (code: string, people: number, needs?: object[]) =>
  made('/v1/arrivals', { shelter: code, household: { people, ...(needs && { needs }) } })
const receive = (store: string, ...lines: object[]) =>
  made('/v1/stock-movements', { kind: 'receipt', store, lines })
const meals = (code: string, meals_per_day: number, more: object = {}) =>
  made('/v1/meal-services', {
    shelter: code,
    provider: 'School kitchen',
    meals_per_day,
    starts_on: today,
    ...more,
  })
const access = async (of: 'food' | 'medicine', query = '') =>
  (await call('GET', `/v1/${of}/access${query}`)).body
const one = async (of: 'food' | 'medicine', code: string, query = '') =>
  (await access(of, `?shelter=${code}${query}`)).items[0]

describe('the worked example of openapi/README.md: 120 people, 10 of them on insulin', () => {
  const code = 'AM-KT-0120'

  beforeAll(async () => {
    await shelter(code)
    for (let household = 0; household < 10; household++)
      await arrive(code, 12, [{ need: 'insulin', people: 1 }])
    await receive(
      code,
      { item: 'insulin', lot: 'A', expires_on: inDays(1), quantity: '1200' },
      { item: 'insulin', lot: 'B', expires_on: inDays(6), quantity: '2000' },
      { item: 'insulin', lot: 'C', expires_on: inDays(60), quantity: '3000' },
      { item: 'high_energy_biscuits', expires_on: inDays(300), quantity: '280' },
    )
    await meals(code, 240)
  })

  test('insulin lasts 14.5 days: 2 from the first lot, 5 from the second, 7.5 from the third', async () => {
    const { items, needs, ...of_shelter } = await one('medicine', code)
    expect(of_shelter).toMatchObject({
      people: 10,
      people_ensured: 10,
      days_of_cover: 14.5,
      runs_out_on: inDays(14),
      status: 'ensured',
      limited_by: null,
    })
    expect(items).toEqual([
      {
        item: 'insulin',
        unit: 'unit',
        daily_quantity: '400',
        usable: '6200',
        people: 10,
        people_ensured: 10,
        days_of_cover: 14.5,
        runs_out_on: inDays(14),
        status: 'ensured',
      },
    ])
    expect(needs).toMatchObject([{ need: 'insulin', daily_quantity: '40', people: 10 }])
    // For a day more it does not last, and 9 of them would have it.
    expect(await one('medicine', code, '&days=15')).toMatchObject({ status: 'strained', people_ensured: 9 })
  })

  test('food lasts 15 days and the two meals of the next: 84,000 kcal a day are open', async () => {
    expect(await one('food', code)).toMatchObject({
      people: 120,
      people_ensured: 120,
      portions: 240,
      stocked_kcal: 1_260_000,
      needed_kcal: 252_000,
      days_of_cover: 15.66,
      runs_out_on: inDays(15),
      status: 'ensured',
    })
  })

  test('in the cold it lasts less: 2,500 kcal a day at 0 °C', async () => {
    // 100,000 kcal are open each day: 12 whole days, then six tenths of a third, beside two meals.
    expect(await one('food', code, '&temperature_c=0')).toMatchObject({
      needed_kcal: 300_000,
      days_of_cover: 12.86,
      runs_out_on: inDays(12),
    })
  })
})

describe('food', () => {
  test('of nobody is ensured, and there are no days to tell', async () => {
    await shelter('AM-AR-0001')
    expect(await one('food', 'AM-AR-0001')).toMatchObject({
      people: 0,
      people_ensured: 0,
      days_of_cover: null,
      runs_out_on: null,
      status: 'ensured',
    })
  })

  test('of people whom nobody brings anything is none, and says so', async () => {
    await shelter('AM-AR-0002')
    await arrive('AM-AR-0002', 30)
    expect(await one('food', 'AM-AR-0002')).toMatchObject({
      people_ensured: 0,
      days_of_cover: 0,
      runs_out_on: today,
      status: 'none',
      limited_by: 'nothing_supplied',
    })
  })

  test('ends with the meal service that ends, and lasts a year with one that does not', async () => {
    await shelter('AM-AR-0003')
    await arrive('AM-AR-0003', 30)
    const { meal_service } = await made('/v1/meal-services', {
      shelter: 'AM-AR-0003',
      provider: 'Red Cross kitchen',
      meals_per_day: 90,
      starts_on: today,
      ends_on: inDays(3),
    })
    expect(await one('food', 'AM-AR-0003')).toMatchObject({
      days_of_cover: 4,
      runs_out_on: inDays(4),
      status: 'strained',
      limited_by: 'meal_service_ends',
      people_ensured: 0,
    })
    await meals('AM-AR-0003', 90, { starts_on: inDays(4) })
    expect(await one('food', 'AM-AR-0003')).toMatchObject({
      days_of_cover: 365,
      runs_out_on: null,
      status: 'ensured',
    })
    const ended = await call('POST', `/v1/meal-services/${meal_service.id}/end`, { ends_on: inDays(1) })
    expect(ended.body.meal_service.ends_on).toBe(inDays(1))
    expect(await one('food', 'AM-AR-0003')).toMatchObject({ days_of_cover: 2 })
  })

  test('is for those on the road too, from the day they are expected', async () => {
    await shelter('AM-AR-0004')
    await arrive('AM-AR-0004', 10)
    // 20 person-days: two days for ten, or one for ten and half of one for twenty.
    await receive('AM-AR-0004', { item: 'high_energy_biscuits', quantity: '9.333' })
    expect((await one('food', 'AM-AR-0004')).days_of_cover).toBe(1.99)
    const expected_at = new Date(Date.parse(`${inDays(1)}T08:00:00+04:00`)).toISOString()
    await made('/v1/holds', {
      shelter: 'AM-AR-0004',
      people: 10,
      party: 'Bus 7',
      expected_at,
      expires_at: new Date(Date.now() + 70 * 3_600_000).toISOString(),
    })
    expect(await one('food', 'AM-AR-0004')).toMatchObject({ people: 10, days_of_cover: 1.49 })
  })

  test('that spoils before it is eaten does not count', async () => {
    await shelter('AM-AR-0005')
    await arrive('AM-AR-0005', 10)
    await receive('AM-AR-0005', { item: 'bread', expires_on: inDays(2), quantity: '100' })
    expect(await one('food', 'AM-AR-0005')).toMatchObject({
      days_of_cover: 3,
      status: 'strained',
      limited_by: 'expiry',
    })
  })
})

describe('medicine', () => {
  test('of a need without a daily quantity is unknown: neither ensured nor none', async () => {
    await shelter('AM-SH-0001')
    await arrive('AM-SH-0001', 5, [{ need: 'rare_medicine', people: 1 }])
    expect(await one('medicine', 'AM-SH-0001')).toMatchObject({
      people: 1,
      people_ensured: 0,
      days_of_cover: null,
      status: 'unknown',
      limited_by: { reason: 'no_daily_quantity', need: 'rare_medicine' },
    })
  })

  test('is not asked for by a wheelchair, and what has left takes nothing more', async () => {
    await shelter('AM-SH-0002')
    const { stay } = await arrive('AM-SH-0002', 5, [
      { need: 'wheelchair', people: 1 },
      { need: 'metformin', people: 2 },
    ])
    await receive('AM-SH-0002', { item: 'metformin', lot: 'M', expires_on: inDays(90), quantity: '10' })
    expect(await one('medicine', 'AM-SH-0002')).toMatchObject({
      people: 2,
      days_of_cover: 2.5,
      status: 'short',
      limited_by: { reason: 'stock', need: 'metformin', item: 'metformin' },
    })
    await made(`/v1/stays/${stay.id}/departure`, { people: 4, destination: 'relatives' })
    expect(await one('medicine', 'AM-SH-0002')).toMatchObject({ people: 1, days_of_cover: 5 })
    await made(`/v1/stays/${stay.id}/departure`, { destination: 'relatives' })
    expect(await one('medicine', 'AM-SH-0002')).toMatchObject({
      people: 0,
      days_of_cover: null,
      status: 'ensured',
    })
  })

  test('shows a pharmacy in reach and does not count it as stock', async () => {
    await shelter('AM-SH-0003', 200, { latitude: 40.8, longitude: 43.85 })
    await arrive('AM-SH-0003', 4, [{ need: 'enalapril', people: 1 }])
    expect((await one('medicine', 'AM-SH-0003')).service_in_reach).toBeNull()
    const pharmacy = { kind: 'pharmacy', provider: 'Pharmacy 2', starts_on: today }
    await made('/v1/health-services', { ...pharmacy, position: { latitude: 40.86, longitude: 43.85 } })
    expect((await one('medicine', 'AM-SH-0003')).service_in_reach).toBeNull()
    await made('/v1/health-services', { ...pharmacy, position: { latitude: 40.81, longitude: 43.85 } })
    expect(await one('medicine', 'AM-SH-0003')).toMatchObject({
      status: 'none',
      service_in_reach: { kind: 'pharmacy', distance_km: 1.112, open_today: true },
    })
  })
})

describe('region and nation', () => {
  test('are summed by people: 100 fed and 50 not are 100 of 150, and never 0.67 of a day', async () => {
    await shelter('AM-VD-0001')
    await shelter('AM-VD-0002')
    await arrive('AM-VD-0001', 50)
    await arrive('AM-VD-0001', 50)
    await arrive('AM-VD-0002', 50)
    await meals('AM-VD-0001', 300)
    const { regions, national, seq, items } = await access('food', '?region=AM-VD')
    expect(regions).toMatchObject([
      {
        region: 'AM-VD',
        people: 150,
        people_ensured: 100,
        days_of_cover: 0,
        runs_out_on: today,
        status: 'none',
        people_by_status: { ensured: 100, strained: 0, short: 0, none: 50, unknown: 0 },
        shelters: 2,
      },
    ])
    expect(items).toHaveLength(2)
    const all = await access('food')
    expect(all.regions.reduce((sum: number, region: { people: number }) => sum + region.people, 0)).toBe(
      national.people,
    )
    expect(seq).toBe((await call('GET', '/v1/changes?after=0&limit=1')).body.head)
    expect((await access('food', '?status=none&region=AM-VD')).items).toMatchObject([{ code: 'AM-VD-0002' }])
  })

  test('are the same on another process, and know at once what this one has written', async () => {
    const other = await serviceOn(service.database_url)
    try {
      const theirs = async () =>
        (await other.call('GET', '/v1/food/access?shelter=AM-VD-0002', { key })).body.items[0]
      expect((await theirs()).status).toBe('none')
      await meals('AM-VD-0002', 150)
      expect((await theirs()).status).toBe('ensured')
      const item = await call('GET', '/v1/items/bread')
      await service.call('PATCH', '/v1/items/bread', {
        key,
        body: { kcal_per_unit: 0 },
        headers: { 'if-match': item.headers.etag ?? '' },
      })
      const bread = (await other.call('GET', '/v1/food/access?shelter=AM-AR-0005', { key })).body.items[0]
      expect(bread.stocked_kcal).toBe(0)
    } finally {
      await other.close()
    }
  })

  test('come as csv with HXL and as geojson, and unchanged with 304', async () => {
    const csv = await call('GET', '/v1/medicine/access?format=csv&hxl=true&shelter=AM-KT-0120')
    const lines = csv.body.trim().split('\r\n')
    expect(lines[0]).toBe(
      'code,name,region,item,unit,daily_quantity,usable,people,people_ensured,days_of_cover,runs_out_on,status',
    )
    expect(lines[1]).toContain('#item+code')
    expect(lines[2]).toContain('AM-KT-0120')
    const map = await call('GET', '/v1/food/access?format=geojson')
    expect(map.body.features[0]).toMatchObject({ type: 'Feature', geometry: { type: 'Point' } })
    const first = await call('GET', '/v1/food/access')
    const again = await service.call('GET', '/v1/food/access', {
      key,
      headers: { 'if-none-match': first.headers.etag ?? '' },
    })
    expect(again.status).toBe(304)
  })

  test('are judged by the standards, and say so', async () => {
    const before = await one('food', 'AM-KT-0120')
    expect(before.status).toBe('ensured')
    const set = await call('PUT', '/v1/standards/food_ensured_days', { value: 20, source: 'Test' })
    expect(set.body.standard).toMatchObject({ value: 20, default_value: 7, unit: 'days' })
    expect(await one('food', 'AM-KT-0120')).toMatchObject({ status: 'strained' })
    const listed = (await call('GET', '/v1/standards')).body.items
    expect(
      listed.every((standard: { source: string; unit: string }) => standard.source && standard.unit),
    ).toBe(true)
  })
})
