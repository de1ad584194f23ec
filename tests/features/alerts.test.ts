import { afterAll, beforeAll, expect, test } from 'vitest'
import { addDays, dayOf } from '../../src/domain/days.ts'
import { aShelter, type Service, serviceOn, startService } from '../setup/service.ts'

/*
 * Promise: what somebody should look at is in one list, opened and closed by the facts; one cause is one alert,
 * however often and by however many it is worked out.
 */

let service: Service
let key: string
const today = dayOf(new Date().toISOString())

beforeAll(async () => {
  service = await startService()
  key = await service.issue('admin')
})
afterAll(() => service.stop())

const post = (path: string, body: object, more: object = {}) =>
  service.call('POST', path, { key, body, ...more })
type Alert = {
  id: string
  kind: string
  severity: string
  shelter_code: string | null
  region: string | null
  since: string
}
const alerts = async (query = '', of = key): Promise<Alert[]> =>
  (await service.call('GET', `/v1/alerts${query}`, { key: of })).body.items
const kindsOf = async (code: string) =>
  (await alerts(`?shelter=${code}`)).map(({ kind, severity }) => `${kind} ${severity}`).sort()

test('a shelter that fills up, overflows, empties and is fed opens and closes its alerts', async () => {
  const code = 'AM-KT-0001'
  await post('/v1/shelters', aShelter(code, 20))
  expect(await kindsOf(code)).toEqual([])
  const arrive = (people: number, more: object = {}) =>
    post('/v1/arrivals', { shelter: code, household: { people }, ...more })
  await arrive(18)
  expect(await kindsOf(code)).toEqual(['food_low critical', 'shelter_near_full notice'])
  const { stay } = (await arrive(4, { overflow: true })).body
  expect(await kindsOf(code)).toEqual([
    'food_low critical',
    'overflow_used serious',
    'shelter_near_full warning',
  ])
  await post('/v1/meal-services', { shelter: code, provider: 'Kitchen', meals_per_day: 66, starts_on: today })
  expect(await kindsOf(code)).toEqual(['overflow_used serious', 'shelter_near_full warning'])
  await post(`/v1/stays/${stay.id}/departure`, { destination: 'relatives' })
  expect(await kindsOf(code)).toEqual(['shelter_near_full notice'])
  const closed = await alerts(`?shelter=${code}&status=closed`)
  expect(closed.map(({ kind }) => kind).sort()).toEqual(['food_low', 'overflow_used'])
})

test('one cause is one alert, however many work it out at once', async () => {
  const code = 'AM-SU-0001'
  await post('/v1/shelters', aShelter(code, 50))
  await post('/v1/arrivals', {
    shelter: code,
    household: { people: 5, needs: [{ need: 'insulin', people: 2 }] },
  })
  const other = await serviceOn(service.database_url)
  try {
    const [first] = await alerts(`?shelter=${code}&kind=medicine_low`)
    await Promise.all(
      Array.from({ length: 20 }, (_, turn) =>
        (turn % 2 === 0 ? service : other).call('GET', '/v1/alerts', { key }),
      ),
    )
    expect(await alerts(`?shelter=${code}&kind=medicine_low`)).toEqual([first])
    expect(first).toMatchObject({ severity: 'critical' })
  } finally {
    await other.close()
  }
})

test('somebody has seen it: it stays open, and seeing it twice changes nothing', async () => {
  const [alert] = await alerts('?kind=medicine_low')
  const seen = await post(`/v1/alerts/${alert?.id}/acknowledgement`, {})
  expect(seen.status).toBe(200)
  const again = await post(`/v1/alerts/${alert?.id}/acknowledgement`, {})
  expect(again.body.alert).toEqual(seen.body.alert)
  expect((await alerts('?kind=medicine_low'))[0]).toMatchObject({
    id: alert?.id,
    acknowledged_at: seen.body.alert.acknowledged_at,
  })
})

test('lots that expire, counts that differ and holds that nobody came for are told', async () => {
  const code = 'AM-LO-0001'
  await post('/v1/shelters', aShelter(code, 50))
  await post('/v1/stock-movements', {
    kind: 'receipt',
    store: code,
    lines: [
      { item: 'insulin', lot: 'soon', expires_on: addDays(today, 5), quantity: '10' },
      { item: 'insulin', lot: 'late', expires_on: addDays(today, 50), quantity: '10' },
    ],
  })
  await post(`/v1/shelters/${code}/headcounts`, { people: 3, method: 'headcount' })
  const expires_at = new Date(Date.now() + 1_000).toISOString()
  await post('/v1/holds', { shelter: code, people: 5, party: 'Bus 3', expires_at })
  // Whoever is on the road must be fed from the day they are expected.
  expect(await kindsOf(code)).toEqual([
    'food_low critical',
    'headcount_differs warning',
    'lot_expiring notice',
  ])
  while (!(await kindsOf(code)).includes('hold_expired notice'))
    await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await kindsOf(code)).toEqual([
    'headcount_differs warning',
    'hold_expired notice',
    'lot_expiring notice',
  ])
})

test('staff see those of their shelter, and the worst come first, page by page', async () => {
  const shelter = (await service.call('GET', '/v1/shelters/AM-KT-0001', { key })).body.id
  const staff = await service.issue('shelter_staff', { shelters: [shelter] })
  expect((await alerts('', staff)).map(({ shelter_code }) => shelter_code)).toEqual(['AM-KT-0001'])
  const all = await alerts()
  const order = ['critical', 'serious', 'warning', 'notice']
  expect(all.map(({ severity }) => order.indexOf(severity))).toEqual(
    all.map(({ severity }) => order.indexOf(severity)).sort((one, other) => one - other),
  )
  const first = await service.call('GET', '/v1/alerts?limit=2', { key })
  const second = await service.call('GET', `/v1/alerts?limit=500&cursor=${first.body.next_cursor}`, { key })
  expect([...first.body.items, ...second.body.items].map(({ id }) => id)).toEqual(all.map(({ id }) => id))
  const elsewhere = all.find(({ shelter_code }) => shelter_code === 'AM-SU-0001')
  const refused = await post(`/v1/alerts/${elsewhere?.id}/acknowledgement`, {}, { key: staff })
  expect(refused.body.code).toBe('alert_not_found')
})
