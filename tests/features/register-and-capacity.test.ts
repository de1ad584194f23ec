import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyDatabase } from '../../src/commands/verify.ts'
import { database as openDatabase, openPool } from '../../src/database/client.ts'
import { aShelter, type Service, startService } from '../setup/service.ts'

/* Promise: the register says what there is, capacity adds it up at any moment, and the journal tells how it came. */

let service: Service
let national: string
let partner: string

beforeAll(async () => {
  service = await startService()
  national = await service.issue('national_coordinator')
  partner = await service.issue('partner')
})
afterAll(() => service.stop())

const register = (body: object, key = national) => service.call('POST', '/v1/shelters', { key, body })
const get = (path: string, key = partner) => service.call('GET', path, { key })

describe('the register', () => {
  test('knows the 11 regions', async () => {
    const { body } = await get('/v1/regions')
    expect(body.items).toHaveLength(11)
    expect(body.items.find((region: { code: string }) => region.code === 'AM-KT').names).toEqual({
      hy: 'Կոտայք',
      ru: 'Котайк',
      en: 'Kotayk',
    })
  })

  test('takes a shelter with the few facts that are known, and shows its contact only inside the remit', async () => {
    const made = await register(aShelter('AM-AG-0001', 0, { contact: 'duty phone 12 34' }))
    expect(made.status).toBe(201)
    expect(made.body).not.toHaveProperty('shelter.contact')
    expect(made.headers.location).toBe(`/v1/shelters/${made.body.shelter.id}`)
    expect((await get('/v1/shelters/AM-AG-0001', national)).body.contact).toBe('duty phone 12 34')
    expect((await get('/v1/shelters/AM-AG-0001')).body).not.toHaveProperty('contact')
  })

  test('warns of a position outside the region and takes it', async () => {
    const made = await register(aShelter('AM-AG-0002', 5, { latitude: 44.1, longitude: 40.4 }))
    expect(made.status).toBe(201)
    expect(made.body.warnings[0].code).toBe('outside_region_box')
  })

  test('refuses a code or an id that is taken, and a region outside the remit', async () => {
    const id = '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e77'
    expect((await register(aShelter('AM-AG-0003', 5, { id }))).body.shelter.id).toBe(id)
    expect((await register(aShelter('AM-AG-0003', 5))).body.code).toBe('code_taken')
    expect((await register(aShelter('AM-AG-0004', 5, { id }))).body.code).toBe('id_taken')
    const regional = await service.issue('regional_coordinator', { regions: ['AM-SU'] })
    expect((await register(aShelter('AM-AG-0005', 5), regional)).body.code).toBe('outside_remit')
    expect((await register(aShelter('AM-AG-0005', 5), partner)).body.code).toBe('forbidden_scope')
  })

  test('is listed by region, kind, status, room and text, page by page without gap or repeat', async () => {
    for (let number = 1; number <= 7; number++) {
      await register(
        aShelter(`AM-VD-000${number}`, number * 10, {
          kind: number % 2 ? 'hotel' : 'gym',
          name: `House ${number} 50%`,
        }),
      )
    }
    const codes: string[] = []
    let path = '/v1/shelters?region=AM-VD&limit=3'
    for (;;) {
      const page = await get(path)
      codes.push(...page.body.items.map((item: { code: string }) => item.code))
      if (page.body.next_cursor === null) break
      expect(page.headers.link).toMatch(/^<\?.*>; rel="next"$/)
      path = `/v1/shelters${/<(.*)>/.exec(page.headers.link ?? '')?.[1]}`
    }
    expect(codes).toEqual([1, 2, 3, 4, 5, 6, 7].map((number) => `AM-VD-000${number}`))
    const count = async (query: string) => (await get(`/v1/shelters?region=AM-VD&${query}`)).body.items.length
    expect(await count('kind=hotel')).toBe(4)
    expect(await count('min_free=50')).toBe(3)
    expect(await count('q=house%203')).toBe(1)
    expect(await count('q=50%25')).toBe(7)
    expect(await count('q=_')).toBe(0)
    expect(await count('status=closed')).toBe(0)
    const unknown = await get('/v1/shelters?colour=red')
    expect([unknown.status, unknown.body.errors[0].parameter]).toEqual([400, 'colour'])
    expect((await get('/v1/shelters?limit=501')).status).toBe(400)
    expect((await get('/v1/shelters?cursor=nonsense')).status).toBe(400)
  })

  test('is patched only by who has read it, and people arriving do not stop the clerk', async () => {
    await register(aShelter('AM-SH-0001', 20))
    const path = '/v1/shelters/AM-SH-0001'
    const read = await get(path, national)
    const patch = (body: object, if_match?: string) =>
      service.call('PATCH', path, {
        key: national,
        body,
        headers: if_match === undefined ? {} : { 'if-match': if_match },
      })
    expect((await patch({ address: 'Street 1' })).status).toBe(428)
    await service.call('POST', '/v1/arrivals', {
      key: national,
      body: { shelter: 'AM-SH-0001', household: { people: 3 } },
    })
    const changed = await patch({ address: 'Street 1', facts: { heated: 'yes' } }, read.headers.etag)
    expect(changed.status).toBe(200)
    expect(changed.body.shelter).toMatchObject({ address: 'Street 1', facts: { heated: 'yes' } })
    expect((await patch({ address: 'Street 2' }, read.headers.etag)).status).toBe(412)
    const now = await get(path, national)
    expect(changed.headers.etag).toBe(now.headers.etag)
    const cleared = await patch({ address: null, facts: { heated: null } }, now.headers.etag)
    expect(cleared.body.shelter).toMatchObject({ address: null, facts: {} })
    expect((await patch({ code: 'AM-SH-0002' }, '*')).body.errors[0].pointer).toBe('/code')
    expect((await patch({ status: 'closed' }, '*')).body).toMatchObject({
      code: 'places_in_use',
      occupied: 3,
    })
  })

  test('answers 304 to who has the newest already', async () => {
    await register(aShelter('AM-SH-0002', 20))
    const { headers } = await get('/v1/shelters/AM-SH-0002')
    const again = await service.call('GET', '/v1/shelters/AM-SH-0002', {
      key: partner,
      headers: { 'if-none-match': headers.etag ?? '' },
    })
    expect(again.status).toBe(304)
    expect((await get('/v1/shelters/AM-SH-7777')).body.code).toBe('shelter_not_found')
  })
})

describe('places', () => {
  const change = (body: object, code = 'AM-AV-0001') =>
    service.call('POST', `/v1/shelters/${code}/places`, { key: national, body })

  test('grow and shrink, and are not taken from under people', async () => {
    await register(aShelter('AM-AV-0001', 20))
    expect((await change({ places: 30, expected_places: 20, reason: 'expanded' })).body.balance.places).toBe(
      30,
    )
    expect((await change({ places: 40, expected_places: 20, reason: 'expanded' })).body).toMatchObject({
      code: 'changed_meanwhile',
      places: 30,
    })
    expect((await change({ change: -5, reason: 'reduced' })).body.balance.places).toBe(25)
    await service.call('POST', '/v1/arrivals', {
      key: national,
      body: { shelter: 'AM-AV-0001', household: { people: 24 } },
    })
    expect((await change({ change: -2, reason: 'reduced' })).body).toMatchObject({
      code: 'places_in_use',
      occupied: 24,
    })
    expect((await change({ change: 0, reason: 'correction' })).status).toBe(422)
    expect((await change({ change: 3, reason: 'reduced' })).body.code).toBe('reason_does_not_fit')
    expect((await change({ places: 3, change: 3, reason: 'opened' })).status).toBe(422)
    expect((await change({ change: 19_999, reason: 'expanded' })).body.code).toBe('too_many_places')
    expect((await change({ change: 1, reason: 'expanded' }, 'AM-AV-0999')).status).toBe(404)
  })
})

describe('capacity', () => {
  test('adds up the regions, and tells the past by when it happened and by when it was known', async () => {
    const before = (await get('/v1/capacity')).body
    await register(aShelter('AM-GR-0001', 100, { occurred_at: '2023-09-26T08:00:00Z' }))
    const late = await service.call('POST', '/v1/arrivals', {
      key: national,
      body: { shelter: 'AM-GR-0001', household: { people: 7 }, occurred_at: '2023-09-27T08:00:00Z' },
    })
    const now = (await get('/v1/capacity')).body
    expect(now.national.occupied - before.national.occupied).toBe(7)
    expect(now.national.places - before.national.places).toBe(100)
    expect(now.national.shelters - before.national.shelters).toBe(1)
    for (const figure of ['places', 'blocked', 'occupied', 'held', 'emergency', 'free', 'shelters']) {
      const sum = now.regions.reduce(
        (total: number, region: Record<string, number>) => total + (region[figure] ?? 0),
        0,
      )
      expect(sum).toBe(now.national[figure])
    }
    expect(now.regions).toHaveLength(11)
    expect(now.goal).toBe(40_000)

    const gegharkunik = async (query: string) => {
      const { body } = await get(`/v1/capacity?region=AM-GR&${query}`)
      return { ...body, region: body.regions[0] }
    }
    expect((await gegharkunik('as_of=2023-09-26T07:59:59.999Z')).region.places).toBe(0)
    expect((await gegharkunik('as_of=2023-09-26T08:00:00Z')).region).toMatchObject({
      places: 100,
      occupied: 0,
      shelters: 1,
    })
    expect((await gegharkunik('as_of=2023-09-27T12:00:00%2B04:00')).region.occupied).toBe(7)
    const known = await gegharkunik(`as_of=2023-09-28T00:00:00Z&known_seq=${late.body.seq - 1}`)
    expect(known).toMatchObject({ seq: late.body.seq - 1, final: true, region: { occupied: 0, places: 100 } })
    expect((await gegharkunik(`known_seq=${late.body.seq}`)).region.occupied).toBe(7)
    expect((await gegharkunik('known_at=2023-09-30T00:00:00Z')).region.places).toBe(0)
    expect((await get('/v1/capacity?known_at=2023-09-30T00:00:00Z&known_seq=1')).status).toBe(400)
    expect((await get('/v1/capacity?as_of=yesterday')).status).toBe(400)
  })

  test('says final only when nothing known by then can still come', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString()
    expect((await get(`/v1/capacity?known_at=${soon}`)).body.final).toBe(false)
    const then = new Date(Date.now() - 60_000).toISOString()
    expect((await get(`/v1/capacity?known_at=${then}`)).body.final).toBe(true)
  })

  test('has an ETag of its figures, not of the moment of asking', async () => {
    const first = await get('/v1/capacity')
    const second = await get('/v1/capacity')
    expect(first.headers.etag).toMatch(/^W\//)
    expect(second.headers.etag).toBe(first.headers.etag)
    const same = await service.call('GET', '/v1/capacity', {
      key: partner,
      headers: { 'if-none-match': first.headers.etag ?? '' },
    })
    expect(same.status).toBe(304)
  })
})

describe('the journal', () => {
  test('has no gap, and each entry carries the hash of the one before it, recomputed by a reader', async () => {
    const auditor = await service.issue('auditor')
    const items: Record<string, unknown>[] = []
    let after = 0
    for (;;) {
      const { body } = await get(`/v1/changes?after=${after}&limit=7`, auditor)
      if (body.items.length === 0) {
        expect(body.next).toBe(after)
        break
      }
      items.push(...body.items)
      after = body.next
    }
    let prev_hash = '0'.repeat(64)
    items.forEach(({ hash, prev_hash: claimed, ...entry }, index) => {
      expect(entry.seq).toBe(index + 1)
      expect(claimed).toBe(prev_hash)
      const canonical = canonicalize(entry) ?? ''
      prev_hash = createHash('sha256').update(Buffer.from(prev_hash, 'hex')).update(canonical).digest('hex')
      expect(hash).toBe(prev_hash)
    })
  })

  test('shows partners of keys and clients that there is an entry, and no more', async () => {
    const { body } = await get('/v1/changes?limit=500')
    const veiled = body.items.filter((entry: { type: string }) => entry.type === 'key_issued')
    expect(veiled.length).toBeGreaterThan(0)
    for (const entry of veiled) expect(Object.keys(entry)).toEqual(['seq', 'type', 'prev_hash', 'hash'])
  })

  test('refuses to be changed, deleted or emptied, whoever holds the connection', async () => {
    const pool = openPool({
      url: service.database_url,
      max: 1,
      application_name: 'test',
      statement_timeout_ms: 5_000,
    })
    for (const statement of ['update journal set type = type', 'delete from journal', 'truncate journal']) {
      await expect(pool.query(statement)).rejects.toThrow('the journal is final')
    }
    await pool.end()
  })

  test('agrees with everything that is kept beside it, and verify sees one figure that does not', async () => {
    const pool = openPool({
      url: service.database_url,
      max: 2,
      application_name: 'test',
      statement_timeout_ms: 5_000,
    })
    const database = openDatabase(pool)
    expect(await verifyDatabase(database)).toEqual([])
    const plant = async (fault: string, repair: string) => {
      await pool.query(fault)
      expect(await verifyDatabase(database)).not.toEqual([])
      await pool.query(repair)
    }
    await plant(
      "update place_balances set occupied = occupied + 1 where shelter = (select id from shelters where code = 'AM-GR-0001')",
      "update place_balances set occupied = occupied - 1 where shelter = (select id from shelters where code = 'AM-GR-0001')",
    )
    await plant(
      "update region_day_sums set arrived = arrived + 1 where region = 'AM-GR' and day = '2023-09-27'",
      "update region_day_sums set arrived = arrived - 1 where region = 'AM-GR' and day = '2023-09-27'",
    )
    await plant(
      "update region_totals set places = places + 1 where region = 'AM-GR'",
      "update region_totals set places = places - 1 where region = 'AM-GR'",
    )
    await plant(
      "update journal_seals set actor = actor || 'x' where seq = 3",
      'update journal_seals set actor = left(actor, -1) where seq = 3',
    )
    expect(await verifyDatabase(database)).toEqual([])
    await pool.end()
  })
})
