import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { distanceKm } from '../../src/domain/geography.ts'
import { aShelter, type Service, startService } from '../setup/service.ts'

/* Promise: whoever looks for a place finds the right shelters, nearest first, in the format that their tool reads. */

let service: Service
let key: string
const here = { latitude: 40.3, longitude: 44.6 }

type Found = {
  code: string
  latitude: number
  longitude: number
  distance_km: number
  balance: { free: number }
}

beforeAll(async () => {
  service = await startService()
  key = await service.issue('national_coordinator')
  let seed = 7
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
  for (let number = 1; number <= 120; number++) {
    const code = `AM-${number % 2 ? 'KT' : 'LO'}-${String(number).padStart(4, '0')}`
    const made = await service.call('POST', '/v1/shelters', {
      key,
      body: aShelter(code, (number * 7) % 50, {
        latitude: Math.round((38.9 + random() * 2.3) * 1e5) / 1e5,
        longitude: Math.round((43.5 + random() * 3) * 1e5) / 1e5,
        facts:
          number % 3 === 0 ? { heated: 'yes', pets: 'no' } : number % 3 === 1 ? { heated: 'unknown' } : {},
        ...(number === 5 && { name: '=1+1, "quoted"', available_until: '2023-10-01T00:00:00Z' }),
      }),
    })
    expect(made.status).toBe(201)
  }
})
afterAll(() => service.stop())

const get = (path: string, headers: Record<string, string> = {}) =>
  service.call('GET', path, { key, headers })

async function allPages(query: string): Promise<Found[]> {
  const items: Found[] = []
  let path = `/v1/shelters?${query}`
  for (;;) {
    const { status, body, headers } = await get(path)
    expect(status).toBe(200)
    items.push(...body.items)
    if (body.next_cursor === null) return items
    path = `/v1/shelters${/<(.*)>/.exec(headers.link ?? '')?.[1]}`
  }
}

describe('shelters', () => {
  test('are found nearest first, page by page, as a full computation over all of them says', async () => {
    const all = await allPages('limit=500')
    const expected = all
      .map((shelter) => ({ code: shelter.code, km: distanceKm(here, shelter) }))
      .sort((one, other) => one.km - other.km)
    for (const limit of [1, 7, 50, 500]) {
      const near = await allPages(`near=40.3,44.6&limit=${limit}`)
      expect(near.map((shelter) => shelter.code)).toEqual(expected.map((shelter) => shelter.code))
      expect(near[0]?.distance_km).toBeCloseTo(expected[0]?.km ?? -1, 2)
    }
    const with_room = await allPages('near=40.3,44.6&limit=3&min_free=30&region=AM-LO')
    const by_hand = expected.filter(({ code }) => {
      const shelter = all.find((one) => one.code === code)
      return code.startsWith('AM-LO') && (shelter?.balance.free ?? 0) >= 30
    })
    expect(with_room.map((shelter) => shelter.code)).toEqual(by_hand.map((shelter) => shelter.code))
  })

  test('are found by facts, and what nobody looked at is unknown, not no', async () => {
    expect(await allPages('facts=heated:yes')).toHaveLength(40)
    expect(await allPages('facts=heated:unknown')).toHaveLength(80)
    expect(await allPages('facts=heated:no')).toHaveLength(0)
    expect(await allPages('facts=heated:yes,pets:no&region=AM-KT')).toHaveLength(20)
    expect((await get('/v1/shelters?facts=heated:maybe')).body.errors[0].parameter).toBe('facts')
  })

  test('are sorted as asked, both ways, without gap or repeat', async () => {
    for (const sort of ['free', '-free', 'name', '-name', 'created_at', '-places', '-code']) {
      const found = await allPages(`sort=${sort}&limit=13`)
      expect(new Set(found.map((shelter) => shelter.code)).size).toBe(120)
      if (sort.endsWith('free')) {
        const free = found.map((shelter) => shelter.balance.free)
        expect(free).toEqual(free.toSorted((a, b) => (sort === 'free' ? a - b : b - a)))
      }
    }
    expect((await get('/v1/shelters?sort=colour')).status).toBe(400)
    expect((await get('/v1/shelters?near=91,200')).status).toBe(400)
    const other = await get('/v1/shelters?sort=free&limit=1')
    expect((await get(`/v1/shelters?sort=name&cursor=${other.body.next_cursor}`)).status).toBe(400)
  })

  test('say when the time they were given for has passed', async () => {
    expect((await get('/v1/shelters/AM-KT-0005')).body.overdue).toBe(true)
    expect((await get('/v1/shelters/AM-KT-0007')).body.overdue).toBe(false)
  })

  test('come as CSV that a spreadsheet reads and cannot be made to run, with HXL tags if asked', async () => {
    const plain = await get('/v1/shelters?region=AM-KT', { accept: 'text/csv' })
    expect(plain.headers['content-type']).toBe('text/csv; charset=utf-8')
    const rows: string[][] = parse(plain.body)
    expect(rows).toHaveLength(61)
    expect(rows[0]?.slice(0, 3)).toEqual(['id', 'code', 'name'])
    expect(rows.find((row) => row[1] === 'AM-KT-0005')?.[2]).toBe(`'=1+1, "quoted"`)
    const tagged: string[][] = parse((await get('/v1/shelters?format=csv&hxl=true&limit=2')).body)
    expect(tagged).toHaveLength(4)
    expect(tagged[1]).toContain('#capacity+places+num')
    expect(tagged[1]).toHaveLength(tagged[0]?.length ?? 0)
  })

  test('come as GeoJSON and as lines, all of them in one stream', async () => {
    const map = await get('/v1/shelters?format=geojson')
    expect(map.headers['content-type']).toMatch(/^application\/geo\+json/)
    expect(map.body.features).toHaveLength(120)
    const [feature] = map.body.features
    expect(feature.geometry.coordinates).toEqual([feature.properties.longitude, feature.properties.latitude])
    const lines = await get('/v1/shelters', { accept: 'application/x-ndjson' })
    expect(
      lines.body
        .trim()
        .split('\n')
        .map((line: string) => JSON.parse(line).code),
    ).toHaveLength(120)
    const empty = await get('/v1/shelters?format=geojson&region=AM-VD')
    expect(empty.body).toEqual({ type: 'FeatureCollection', features: [] })
  })

  test('in a format that is not offered are a 406 for Accept and a 400 for ?format=', async () => {
    expect((await get('/v1/shelters', { accept: 'application/xml' })).body.code).toBe('not_acceptable')
    expect((await get('/v1/shelters?format=xml')).body.errors[0].parameter).toBe('format')
    expect((await get('/v1/capacity', { accept: 'application/geo+json' })).status).toBe(406)
  })
})

describe('capacity', () => {
  test('comes as CSV, a row for each region, with negative figures of the past as numbers', async () => {
    await service.call('POST', '/v1/arrivals', {
      key,
      body: { shelter: 'AM-KT-0007', household: { people: 3 }, occurred_at: '2023-09-27T00:00:00Z' },
    })
    const { body, headers } = await get('/v1/capacity?as_of=2023-09-28T00:00:00Z&format=csv&hxl=true')
    expect(headers['content-disposition']).toContain('capacity.csv')
    const rows: Record<string, string>[] = parse(body, { columns: true })
    expect(rows).toHaveLength(12)
    expect(rows.find((row) => row.region === 'AM-KT')).toMatchObject({
      occupied: '3',
      free: '-3',
      name_ru: 'Котайк',
    })
  })
})
