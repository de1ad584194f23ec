import { afterAll, beforeAll, expect, test } from 'vitest'
import { aShelter, type Service, startService } from '../setup/service.ts'

/* Promise: a plot of the past shows what really happened when, late posts included, and moves are no arrivals. */

let service: Service
let key: string

beforeAll(async () => {
  service = await startService()
  key = await service.issue('national_coordinator')
  const register = (code: string, places: number) =>
    service.call('POST', '/v1/shelters', {
      key,
      body: aShelter(code, places, { occurred_at: '2023-09-20T00:00:00+04:00' }),
    })
  await register('AM-KT-0001', 50)
  await register('AM-SU-0001', 50)
  const arrive = (shelter: string, people: number, at: string, more: object = {}) =>
    service.call('POST', '/v1/arrivals', {
      key,
      body: {
        shelter,
        household: { people, ...more },
        occurred_at: at,
        ...('reference' in more && { moved: true }),
      },
    })
  await arrive('AM-KT-0001', 4, '2023-09-26T10:30:00+04:00')
  await arrive('AM-KT-0001', 3, '2023-09-26T11:00:00+04:00', { reference: 'A1' })
  await arrive('AM-SU-0001', 3, '2023-09-27T09:00:00+04:00', { reference: 'A1' })
  // Posted last, happened first.
  const late = await arrive('AM-KT-0001', 5, '2023-09-26T10:00:00+04:00')
  await service.call('POST', `/v1/stays/${late.body.stay.id}/departure`, {
    key,
    body: { destination: 'relatives', occurred_at: '2023-09-28T00:00:00+04:00' },
  })
})
afterAll(() => service.stop())

const history = (query: string) => service.call('GET', `/v1/capacity/history?${query}`, { key })
const figures = (body: Record<string, number>[], ...names: string[]) =>
  body.map((point) => names.map((name) => point[name]))

test('an hourly series has each arrival in the hour in which it happened, however late it was posted', async () => {
  const { status, body } = await history(
    'from=2023-09-26T09:00:00%2B04:00&to=2023-09-26T12:00:00%2B04:00&step=PT1H',
  )
  expect(status).toBe(200)
  expect(figures(body, 'places', 'occupied', 'arrived')).toEqual([
    [100, 0, 0],
    [100, 5, 5],
    [100, 12, 7],
    [100, 12, 0],
  ])
  expect(body[0].at).toBe('2023-09-26T05:00:00.000Z')
})

test('a daily series of a region shows a move as a transfer, and nationally nobody arrived or left by it', async () => {
  const span = 'from=2023-09-26T00:00:00%2B04:00&to=2023-09-28T00:00:00%2B04:00&step=P1D'
  const names = ['occupied', 'arrived', 'departed', 'transferred_in', 'transferred_out']
  expect(figures((await history(`${span}&region=AM-KT`)).body, ...names)).toEqual([
    [0, 0, 0, 0, 0],
    [12, 12, 0, 0, 0],
    [4, 0, 5, 0, 3],
  ])
  expect(figures((await history(`${span}&shelter=AM-SU-0001`)).body, ...names)).toEqual([
    [0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0],
    [3, 0, 0, 3, 0],
  ])
  expect(figures((await history(span)).body, ...names)).toEqual([
    [0, 0, 0, 0, 0],
    [12, 12, 0, 0, 0],
    [7, 0, 5, 3, 3],
  ])
})

test('each point is what capacity answers as of its moment', async () => {
  for (const step of ['PT7H', 'P1D', 'PT30M']) {
    const { body } = await history(`from=2023-09-26T00:30:00Z&to=2023-09-26T23:30:00Z&step=${step}`)
    for (const point of body) {
      const capacity = await service.call('GET', `/v1/capacity?as_of=${point.at}`, { key })
      expect(capacity.body.national).toMatchObject({
        places: point.places,
        occupied: point.occupied,
        free: point.free,
      })
    }
  }
})

test('a series that makes no sense is refused with the parameter that is wrong', async () => {
  const wrong: [string, string][] = [
    ['from=2023-09-27T00:00:00Z&to=2023-09-26T00:00:00Z&step=PT1H', 'to'],
    ['from=2023-09-01T00:00:00Z&to=2023-09-26T00:00:00Z&step=PT1M', 'step'],
    ['from=2023-09-01T00:00:00Z&to=2023-09-26T00:00:00Z&step=1h', 'step'],
    ['from=2023-09-01T00:00:00Z&to=2023-09-26T00:00:00Z&step=P1D&region=AM-KT&shelter=AM-KT-0001', 'shelter'],
    ['from=2023-09-01T00:00:00Z&step=P1D', 'to'],
  ]
  for (const [query, parameter] of wrong) {
    const { status, body } = await history(query)
    expect([status, body.errors[0].parameter]).toEqual([400, parameter])
  }
  expect(
    (await history('from=2023-09-01T00:00:00Z&to=2023-09-26T00:00:00Z&step=P1D&shelter=AM-KT-0999')).status,
  ).toBe(404)
})
