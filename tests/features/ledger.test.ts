import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyDatabase } from '../../src/commands/verify.ts'
import { aShelter, newIdempotencyKey, type Service, startService } from '../setup/service.ts'

/*
 * Promise: whatever happens between a bus on the road and a family that was counted wrong, every figure of now and of
 * any moment before is right, and what was known then can still be told.
 */

let service: Service
let key: string

beforeAll(async () => {
  service = await startService()
  key = await service.issue('national_coordinator')
})
afterAll(async () => {
  expect(await verifyDatabase(service.database)).toEqual([])
  await service.stop()
})

const post = (path: string, body: object, more: object = {}) =>
  service.call('POST', path, { key, body, ...more })
const get = (path: string) => service.call('GET', path, { key })

async function shelter(code: string, places: number, more: object = {}): Promise<string> {
  const made = await post('/v1/shelters', aShelter(code, places, more))
  expect(made.status).toBe(201)
  return made.body.shelter.id
}
const arrive = async (code: string, people: number, more: object = {}) => {
  const answer = await post('/v1/arrivals', { shelter: code, household: { people }, ...more })
  expect(answer.status).toBe(201)
  return answer.body
}
const balance = async (code: string) => (await get(`/v1/shelters/${code}`)).body.balance
const of = (places: number, occupied: number, more: object = {}) => {
  const whole = { places, occupied, blocked: 0, held: 0, emergency: 0, ...more }
  return { ...whole, free: whole.places - whole.occupied - whole.held - whole.blocked }
}
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
const typesAfter = async (seq: number): Promise<string[]> =>
  (await get(`/v1/changes?after=${seq}&limit=500`)).body.items.map((entry: { type: string }) => entry.type)

/** Waits until the database’s clock has passed a moment. */
async function passed(moment: string): Promise<void> {
  while ((await get('/v1/capacity')).body.as_of <= moment)
    await new Promise((resolve) => setTimeout(resolve, 50))
}

describe('a bus of 45', () => {
  test('is held, 38 come in 14 households, and the rest expires: right at each step', async () => {
    await shelter('AM-KT-0001', 60)
    await shelter('AM-KT-0002', 60, { latitude: 40.39 })
    const expires_at = new Date(Date.now() + 4_000).toISOString()
    const held = await post('/v1/holds', {
      shelter: 'AM-KT-0001',
      people: 45,
      party: 'Bus 12 from Goris',
      expected_at: inMinutes(0),
      expires_at,
    })
    expect(held.status).toBe(201)
    expect(held.headers.location).toBe(`/v1/holds/${held.body.hold.id}`)
    expect(held.body.balance).toEqual(of(60, 0, { held: 45 }))
    const hold = held.body.hold.id

    // Nobody else gets those places, and is told where there is room.
    const other = await post('/v1/arrivals', { shelter: 'AM-KT-0001', household: { people: 16 } })
    expect(other.body).toMatchObject({ code: 'shelter_full', free: 15, requested: 16 })
    expect(other.body.alternatives[0].code).toBe('AM-KT-0002')

    let came = 0
    for (const people of [3, 2, 4, 1, 3, 2, 5, 2, 3, 1, 4, 2, 3, 3]) {
      const { balance: after } = await arrive('AM-KT-0001', people, { hold })
      came += people
      expect(after).toEqual(of(60, came, { held: 45 - came }))
    }
    expect(came).toBe(38)
    expect((await get(`/v1/holds/${hold}`)).body).toMatchObject({
      remaining: 7,
      status: 'live',
      party: 'Bus 12 from Goris',
    })
    expect(await typesAfter(held.body.seq)).toEqual(
      Array.from({ length: 14 }, () => ['hold_used', 'household_arrived']).flat(),
    )

    await passed(expires_at)
    // No writer and no job has come by: every reader is right all the same.
    expect(await balance('AM-KT-0001')).toEqual(of(60, 38))
    expect((await get(`/v1/holds/${hold}`)).body).toMatchObject({ remaining: 0, status: 'expired' })
    const kotayk = (await get('/v1/capacity?region=AM-KT')).body.regions[0]
    expect(kotayk).toMatchObject({ held: 0, occupied: 38, free: 82 })
    expect((await get('/v1/shelters?min_free=22&region=AM-KT')).body.items).toHaveLength(2)

    const before = (await get('/v1/capacity')).body.seq
    const late = await post('/v1/arrivals', { shelter: 'AM-KT-0001', household: { people: 1 }, hold })
    expect(late.body).toMatchObject({ code: 'hold_not_usable', hold_status: 'expired' })
    const { balance: filled } = await arrive('AM-KT-0001', 22)
    expect(filled).toEqual(of(60, 60))
    expect(await typesAfter(before)).toEqual(['hold_expired', 'household_arrived'])
    const at = (moment: string) => get(`/v1/capacity?region=AM-KT&as_of=${moment}`)
    expect((await at(held.body.hold.placed_at)).body.regions[0]).toMatchObject({ held: 45, occupied: 0 })
    expect((await at(expires_at)).body.regions[0]).toMatchObject({ held: 0, occupied: 38 })
  })
})

describe('a hold', () => {
  test('takes more people than it has left into free places, and is used up', async () => {
    await shelter('AM-KT-0010', 20)
    const { body } = await post('/v1/holds', {
      shelter: 'AM-KT-0010',
      people: 4,
      party: 'Minibus',
      expires_at: inMinutes(60),
    })
    const { balance: after } = await arrive('AM-KT-0010', 6, { hold: body.hold.id })
    expect(after).toEqual(of(20, 6))
    const again = await post('/v1/arrivals', {
      shelter: 'AM-KT-0010',
      household: { people: 1 },
      hold: body.hold.id,
    })
    expect(again.body).toMatchObject({ code: 'hold_not_usable', hold_status: 'used' })
  })

  test('is given back by its release, and then of no use', async () => {
    await shelter('AM-KT-0011', 20)
    const { body } = await post('/v1/holds', {
      shelter: 'AM-KT-0011',
      people: 8,
      party: 'Bus',
      expires_at: inMinutes(60),
    })
    const path = `/v1/holds/${body.hold.id}/release`
    const released = await post(path, {})
    expect([released.status, released.body.balance, released.body.hold.status]).toEqual([
      200,
      of(20, 0),
      'released',
    ])
    expect((await post(path, {})).body.code).toBe('hold_not_usable')
    const as_of = inMinutes(120)
    expect((await get(`/v1/capacity?as_of=${as_of}`)).body.national.held).toBeGreaterThanOrEqual(0)
  })

  test('may end within 72 hours, in an open shelter with room, inside the remit', async () => {
    await shelter('AM-KT-0012', 5)
    await shelter('AM-KT-0013', 5, { status: 'paused' })
    const place = (more: object, as = key) =>
      service.call('POST', '/v1/holds', {
        key: as,
        body: { shelter: 'AM-KT-0012', people: 2, party: 'Bus', expires_at: inMinutes(30), ...more },
      })
    expect((await place({ expires_at: inMinutes(72 * 60 + 1) })).body.code).toBe('hold_too_long')
    expect((await place({ expires_at: inMinutes(-1) })).body.code).toBe('hold_too_long')
    expect((await place({ people: 6 })).body).toMatchObject({ code: 'shelter_full', free: 5 })
    expect((await place({ shelter: 'AM-KT-0013' })).body.code).toBe('shelter_not_open')
    const regional = await service.issue('regional_coordinator', { regions: ['AM-SU'] })
    expect((await place({}, regional)).body.code).toBe('outside_remit')
    const staff = await service.issue('shelter_staff', { regions: ['AM-KT'] })
    expect((await place({}, staff)).status).toBe(403)
    const placed = await place({})
    expect((await service.call('GET', `/v1/holds/${placed.body.hold.id}`, { key: regional })).status).toBe(
      404,
    )
    expect((await get('/v1/holds?shelter=AM-KT-0012&status=live')).body.items).toHaveLength(1)
  })
})

describe('a transfer', () => {
  test('moves both balances in one commit, and the story can be followed both ways', async () => {
    const from = await shelter('AM-LO-0001', 10)
    await shelter('AM-LO-0002', 10)
    const { stay } = await arrive('AM-LO-0001', 5, {
      household: { people: 5, reference: 'T-1', needs: [{ need: 'insulin', people: 1 }] },
    })
    const moved = await post(`/v1/stays/${stay.id}/transfer`, { to: 'AM-LO-0002', people: 2 })
    expect(moved.status).toBe(201)
    expect(moved.body).toMatchObject({
      balance: of(10, 2),
      from: { shelter: from, balance: of(10, 3), seq: moved.body.seq - 1 },
    })
    expect(moved.body.stay).toMatchObject({ household: stay.household, people: 2, status: 'present' })
    const next = (await get(`/v1/stays/${moved.body.stay.id}`)).body
    expect(next).toMatchObject({
      transferred_from: stay.id,
      reference: 'T-1',
      needs: [{ need: 'insulin', people: 1 }],
    })
    const before = (await get(`/v1/stays/${stay.id}`)).body
    expect(before).toMatchObject({ people: 3, status: 'present', transferred_to: [next.id] })
    const rest = await post(`/v1/stays/${stay.id}/transfer`, { to: 'AM-LO-0002' })
    expect((await get(`/v1/stays/${stay.id}`)).body).toMatchObject({ people: 0, status: 'transferred' })
    expect(rest.body.balance).toEqual(of(10, 5))
  })

  test('of a household that is in one shelter twice leaves it once, and the region counts each person once', async () => {
    await shelter('AM-LO-0011', 10)
    await shelter('AM-LO-0012', 10)
    await shelter('AM-LO-0013', 10)
    const { stay } = await arrive('AM-LO-0011', 5, { household: { people: 5, reference: 'twice 1' } })
    const first = await post(`/v1/stays/${stay.id}/transfer`, { to: 'AM-LO-0012', people: 2 })
    const second = await post(`/v1/stays/${stay.id}/transfer`, { to: 'AM-LO-0012' })
    expect([first.status, second.status]).toEqual([201, 201])
    const before = (await get('/v1/capacity?region=AM-LO')).body.regions[0]
    await arrive('AM-LO-0013', 5, { household: { people: 5, reference: 'twice 1' }, moved: true })
    expect([await balance('AM-LO-0012'), await balance('AM-LO-0013')]).toEqual([of(10, 0), of(10, 5)])
    expect((await get('/v1/capacity?region=AM-LO')).body.regions[0]).toEqual(before)
  })

  test('is refused as a whole where it cannot be, and neither shelter changes', async () => {
    await shelter('AM-LO-0003', 10)
    await shelter('AM-LO-0004', 1)
    const { stay } = await arrive('AM-LO-0003', 4)
    const transfer = (body: object) => post(`/v1/stays/${stay.id}/transfer`, body)
    expect((await transfer({ to: 'AM-LO-0004' })).body).toMatchObject({
      code: 'shelter_full',
      free: 1,
      requested: 4,
    })
    expect((await transfer({ to: 'AM-LO-0003' })).body.code).toBe('same_shelter')
    expect((await transfer({ to: 'AM-LO-9999' })).body.code).toBe('shelter_not_found')
    expect((await transfer({ to: 'AM-LO-0004', people: 5 })).body).toMatchObject({
      code: 'more_than_present',
      present: 4,
    })
    expect([await balance('AM-LO-0003'), await balance('AM-LO-0004')]).toEqual([of(10, 4), of(1, 0)])
    const over = await transfer({ to: 'AM-LO-0004', overflow: true })
    expect(over.body.balance).toEqual(of(4, 4, { emergency: 3 }))
  })
})

describe('an addition', () => {
  test('lets the grandmother follow, into a paused shelter too', async () => {
    await shelter('AM-LO-0005', 5)
    const { stay } = await arrive('AM-LO-0005', 3, { household: { people: 3, composition: { f_18_59: 1 } } })
    const { headers } = await get('/v1/shelters/AM-LO-0005')
    await service.call('PATCH', '/v1/shelters/AM-LO-0005', {
      key,
      body: { status: 'paused' },
      headers: { 'if-match': headers.etag ?? '' },
    })
    const add = (body: object) =>
      post(`/v1/stays/${stay.id}/additions`, { people: 1, reason: 'joined', ...body })
    const added = await add({ composition: { f_60_plus: 1 }, needs: [{ need: 'wheelchair', people: 1 }] })
    expect([added.status, added.body.stay.people, added.body.balance]).toEqual([200, 4, of(5, 4)])
    expect((await get(`/v1/stays/${stay.id}`)).body).toMatchObject({
      people_arrived: 4,
      composition: { f_18_59: 1, f_60_plus: 1 },
      needs: [{ need: 'wheelchair', people: 1 }],
    })
    expect((await add({ people: 2 })).body).toMatchObject({ code: 'shelter_full', free: 1 })
    expect((await add({ people: 2, overflow: true })).body.balance).toEqual(of(6, 6, { emergency: 1 }))
  })
})

describe('a block', () => {
  test('takes places out of service and puts them back, and past its forecast is overdue', async () => {
    await shelter('AM-LO-0006', 10)
    await arrive('AM-LO-0006', 4)
    const path = '/v1/shelters/AM-LO-0006/blocks'
    const made = await post(path, { places: 5, reason: 'no_heating', until: '2023-10-10T00:00:00Z' })
    expect([made.status, made.body.balance]).toEqual([201, of(10, 4, { blocked: 5 })])
    expect((await get(path)).body.items[0]).toMatchObject({ places: 5, overdue: true })
    expect((await post(path, { places: 2, reason: 'damage' })).body).toMatchObject({
      code: 'places_in_use',
      occupied: 4,
      blocked: 5,
    })
    const lifted = await post(`${path}/${made.body.block.id}/lift`, {})
    expect([lifted.status, lifted.body.balance]).toEqual([200, of(10, 4)])
    expect((await post(`${path}/${made.body.block.id}/lift`, {})).body.code).toBe('block_lifted')
  })
})

describe('a correction', () => {
  test('and an addition keep a household with a reference within 50, and let a group grow', async () => {
    await shelter('AM-TV-0021', 200)
    const household = { people: 49, reference: 'large 1' }
    const { stay } = await arrive('AM-TV-0021', 49, { household })
    const correct = (id: string) => post(`/v1/stays/${id}/correction`, { people: 51, reason: 'miscounted' })
    expect((await correct(stay.id)).body).toMatchObject({ status: 422, code: 'too_many_people', most: 50 })
    const grown = await post(`/v1/stays/${stay.id}/additions`, { people: 2, reason: 'joined' })
    expect(grown.body.code).toBe('too_many_people')
    const group = (await arrive('AM-TV-0021', 49)).stay
    expect((await correct(group.id)).status).toBe(200)
  })

  test('of one of five who partly left since acts at the arrival’s moment', async () => {
    await shelter('AM-SH-0001', 10, { occurred_at: '2023-09-20T00:00:00Z' })
    const { stay } = await arrive('AM-SH-0001', 5, { occurred_at: '2023-09-27T10:00:00Z' })
    await post(`/v1/stays/${stay.id}/departure`, {
      people: 2,
      destination: 'relatives',
      occurred_at: '2023-09-28T10:00:00Z',
    })
    const correct = (body: object) =>
      post(`/v1/stays/${stay.id}/correction`, { reason: 'miscounted', ...body })
    expect((await correct({ people: 1 })).body.code).toBe('more_than_present')
    const corrected = await correct({ people: 4 })
    expect([corrected.status, corrected.body.stay.people, corrected.body.balance]).toEqual([
      200,
      2,
      of(10, 2),
    ])
    const shirak = async (query: string) =>
      (await get(`/v1/capacity?region=AM-SH&${query}`)).body.regions[0].occupied
    expect(await shirak('as_of=2023-09-27T12:00:00Z')).toBe(4)
    expect(await shirak(`as_of=2023-09-27T12:00:00Z&known_seq=${corrected.body.seq - 1}`)).toBe(5)
    expect(await shirak('as_of=2023-09-28T12:00:00Z')).toBe(2)
    expect((await correct({ people: 13 })).body).toMatchObject({
      code: 'shelter_full',
      free: 8,
      requested: 9,
    })
    expect((await correct({ people: 13, overflow: true })).body.balance).toEqual(of(11, 11, { emergency: 1 }))
    expect((await correct({ people: 4 })).body.balance).toEqual(of(10, 2))
  })

  test('of a stay that has ended changes the past and nothing of now', async () => {
    await shelter('AM-SH-0002', 10, { occurred_at: '2023-09-20T00:00:00Z' })
    const { stay } = await arrive('AM-SH-0002', 3, { occurred_at: '2023-09-27T10:00:00Z' })
    await post(`/v1/stays/${stay.id}/departure`, {
      destination: 'relatives',
      occurred_at: '2023-09-28T10:00:00Z',
    })
    const corrected = await post(`/v1/stays/${stay.id}/correction`, { people: 4, reason: 'miscounted' })
    expect([corrected.body.stay.status, corrected.body.stay.people, corrected.body.balance]).toEqual([
      'departed',
      0,
      of(10, 0),
    ])
    const history = await get(
      '/v1/capacity/history?from=2023-09-27T12:00:00Z&to=2023-09-28T12:00:00Z&step=P1D&shelter=AM-SH-0002',
    )
    expect(history.body).toMatchObject([
      { occupied: 4, arrived: 4 },
      { occupied: 0, departed: 4 },
    ])
  })
})

describe('a cancellation', () => {
  test('of an arrival two days ago that never happened takes it out of the past, and both stories can be told', async () => {
    await shelter('AM-SH-0003', 10, { occurred_at: '2023-09-20T00:00:00Z' })
    const { stay } = await arrive('AM-SH-0003', 12, { occurred_at: '2023-09-27T10:00:00Z', overflow: true })
    await post(`/v1/stays/${stay.id}/departure`, {
      people: 1,
      destination: 'unknown',
      occurred_at: '2023-09-27T18:00:00Z',
    })
    const cancelled = await post(`/v1/stays/${stay.id}/cancellation`, { reason: 'never_arrived' })
    expect([cancelled.status, cancelled.body.stay, cancelled.body.balance]).toMatchObject([
      200,
      { status: 'cancelled', people: 0 },
      of(10, 0),
    ])
    const history = async (known = '') =>
      (await get(`/v1/capacity?region=AM-SH&as_of=2023-09-27T20:00:00Z${known}`)).body.regions[0]
    const now = await history()
    const then = await history(`&known_seq=${cancelled.body.seq - 1}`)
    expect(then.occupied - now.occupied).toBe(11)
    expect(then.emergency - now.emergency).toBe(1)
    expect((await post(`/v1/stays/${stay.id}/cancellation`, { reason: 'other' })).body.code).toBe(
      'stay_ended',
    )
  })

  test('gives places back to the hold that they came from, and waits for a later stay to be cancelled first', async () => {
    await shelter('AM-SH-0004', 10)
    await shelter('AM-SH-0005', 10)
    const { body } = await post('/v1/holds', {
      shelter: 'AM-SH-0004',
      people: 6,
      party: 'Bus',
      expires_at: inMinutes(60),
    })
    const { stay } = await arrive('AM-SH-0004', 4, { hold: body.hold.id })
    const cancelled = await post(`/v1/stays/${stay.id}/cancellation`, { reason: 'posted_twice' })
    expect(cancelled.body.balance).toEqual(of(10, 0, { held: 6 }))
    expect((await get(`/v1/holds/${body.hold.id}`)).body).toMatchObject({ remaining: 6, status: 'live' })

    const first = await arrive('AM-SH-0004', 2)
    const moved = await post(`/v1/stays/${first.stay.id}/transfer`, { to: 'AM-SH-0005' })
    const cancel = (id: string) => post(`/v1/stays/${id}/cancellation`, { reason: 'typing_error' })
    expect((await cancel(first.stay.id)).body.code).toBe('stay_continued')
    expect((await cancel(moved.body.stay.id)).body.balance).toEqual(of(10, 0))
    expect((await cancel(first.stay.id)).status).toBe(200)
  })

  test('takes back only the emergency places that are still there', async () => {
    await shelter('AM-SH-0006', 5)
    const { stay } = await arrive('AM-SH-0006', 7, { overflow: true })
    const other = await arrive('AM-SH-0006', 3, { overflow: true })
    expect(other.balance).toEqual(of(10, 10, { emergency: 5 }))
    await post(`/v1/stays/${other.stay.id}/departure`, { destination: 'unknown' })
    expect(await balance('AM-SH-0006')).toEqual(of(7, 7, { emergency: 2 }))
    const cancelled = await post(`/v1/stays/${stay.id}/cancellation`, { reason: 'posted_twice' })
    expect(cancelled.body.balance).toEqual(of(5, 0))
  })
})

describe('a headcount', () => {
  test('that booked people as gone leaves the others in their stays, whatever is cancelled since', async () => {
    await shelter('AM-GR-0031', 20)
    const gone = (await arrive('AM-GR-0031', 2)).stay
    const there = (await arrive('AM-GR-0031', 3)).stay
    const { headcount } = (
      await post('/v1/shelters/AM-GR-0031/headcounts', { people: 1, method: 'headcount' })
    ).body
    await post(`/v1/shelters/AM-GR-0031/headcounts/${headcount.id}/settlement`, {})
    // Of the four who left untold two are found: they are in no balance any more.
    const left = await post(`/v1/stays/${gone.id}/departure`, { destination: 'unknown' })
    expect(left.body.balance).toEqual(of(20, 0))
    expect((await post(`/v1/stays/${gone.id}/cancellation`, { reason: 'typing_error' })).status).toBe(200)
    const all = await post(`/v1/stays/${there.id}/departure`, { destination: 'unknown' })
    expect(all.body.balance).toEqual(of(20, 0))
  })

  test('stands beside the balance; settled, it books who left untold, and their stays are not counted twice', async () => {
    await shelter('AM-TV-0001', 50)
    const stays = [await arrive('AM-TV-0001', 30), await arrive('AM-TV-0001', 10)]
    const path = '/v1/shelters/AM-TV-0001/headcounts'
    const counted = await post(path, { people: 10, method: 'headcount' })
    expect([counted.status, counted.body.headcount.difference, counted.body.balance]).toEqual([
      201,
      -30,
      of(50, 40),
    ])
    const settle = () => post(`${path}/${counted.body.headcount.id}/settlement`, {})
    const settled = await settle()
    expect([settled.status, settled.body.balance]).toEqual([200, of(50, 10)])
    expect((await settle()).body.code).toBe('headcount_settled')
    for (const { stay } of stays) await post(`/v1/stays/${stay.id}/departure`, { destination: 'unknown' })
    expect(await balance('AM-TV-0001')).toEqual(of(50, 0))
    expect((await get(path)).body.items).toHaveLength(1)
    const last = (await get('/v1/headcounts?region=AM-TV')).body
    expect(last.items[0]).toMatchObject({ shelter_code: 'AM-TV-0001', difference: -30 })
    expect(last.difference).toBe(0)
  })

  test('takes in a building that was full before the service began', async () => {
    await shelter('AM-TV-0002', 20)
    const path = '/v1/shelters/AM-TV-0002/headcounts'
    const counted = await post(path, { people: 23, method: 'register' })
    const settled = await post(`${path}/${counted.body.headcount.id}/settlement`, {})
    expect(settled.body.balance).toEqual(of(23, 23, { emergency: 3 }))
    expect((await get('/v1/stays?shelter=AM-TV-0002')).body.items).toMatchObject([
      { people: 23, reference: null },
    ])
  })

  test('of a moment that has passed is compared with that moment', async () => {
    await shelter('AM-TV-0003', 50, { occurred_at: '2023-09-20T00:00:00Z' })
    await arrive('AM-TV-0003', 7, { occurred_at: '2023-09-27T10:00:00Z' })
    await arrive('AM-TV-0003', 5, { occurred_at: '2023-09-28T10:00:00Z' })
    const counted = await post('/v1/shelters/AM-TV-0003/headcounts', {
      people: 8,
      method: 'estimate',
      occurred_at: '2023-09-27T20:00:00Z',
    })
    expect(counted.body.headcount).toMatchObject({ occupied: 7, difference: 1 })
    const staff = await service.issue('shelter_staff', { regions: ['AM-TV'] })
    const settling = await service.call(
      'POST',
      `/v1/shelters/AM-TV-0003/headcounts/${counted.body.headcount.id}/settlement`,
      { key: staff, body: {} },
    )
    expect(settling.body.code).toBe('forbidden_scope')
  })
})

describe('the evening of 29 September, 20:00', () => {
  test('as known at 20:00 and as known the next morning, after 120 late posts and 3 corrections: both answered, both again', async () => {
    await shelter('AM-AR-0001', 2_000, { occurred_at: '2023-09-20T00:00:00+04:00' })
    const evening = '2023-09-29T20:00:00+04:00'
    const stays: string[] = []
    for (let number = 0; number < 30; number++) {
      stays.push((await arrive('AM-AR-0001', 4, { occurred_at: '2023-09-29T18:00:00+04:00' })).stay.id)
    }
    const at_eight = (await get('/v1/capacity')).body.seq
    const ask = async (known: number | undefined) => {
      const limit = known === undefined ? '' : `&known_seq=${known}`
      return (await get(`/v1/capacity?region=AM-AR&as_of=${encodeURIComponent(evening)}${limit}`)).body
        .regions[0].occupied
    }
    expect(await ask(undefined)).toBe(120)

    // The night: what happened before eight is posted after it.
    const items = Array.from({ length: 120 }, () => ({
      key: newIdempotencyKey(),
      shelter: 'AM-AR-0001',
      household: { people: 3 },
      occurred_at: '2023-09-29T19:30:00+04:00',
    }))
    await post('/v1/arrivals/batch', { items })
    for (const stay of stays.slice(0, 3))
      await post(`/v1/stays/${stay}/correction`, { people: 5, reason: 'miscounted' })
    const morning = (await get('/v1/capacity')).body.seq

    const later = 120 + 120 * 3 + 3
    expect([await ask(at_eight), await ask(morning), await ask(undefined)]).toEqual([120, later, later])
    // What comes after changes neither answer.
    await post(`/v1/stays/${stays[9]}/cancellation`, { reason: 'posted_twice' })
    expect([await ask(at_eight), await ask(morning), await ask(undefined)]).toEqual([120, later, later - 4])
  })
})

describe('a phone’s offline queue', () => {
  test('goes out in one call, later items naming stays by the ids that earlier ones chose', async () => {
    await shelter('AM-AV-0001', 20)
    await shelter('AM-AV-0002', 20)
    const stay = '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e20'
    const moved = '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e21'
    const items = [
      {
        key: 'queue-item-1',
        operation: 'postArrival',
        body: { id: stay, shelter: 'AM-AV-0001', household: { people: 5 } },
      },
      { key: 'queue-item-2', operation: 'postAddition', body: { stay, people: 1, reason: 'born' } },
      {
        key: 'queue-item-3',
        operation: 'postDeparture',
        body: { stay, people: 2, destination: 'relatives' },
      },
      { key: 'queue-item-4', operation: 'postTransfer', body: { stay, id: moved, to: 'AM-AV-0002' } },
      {
        key: 'queue-item-5',
        operation: 'postCorrection',
        body: { stay: moved, people: 3, reason: 'miscounted' },
      },
      {
        key: 'queue-item-6',
        operation: 'postHeadcount',
        body: { shelter: 'AM-AV-0002', people: 3, method: 'headcount' },
      },
      {
        key: 'queue-item-7',
        operation: 'postDeparture',
        body: { stay: moved, people: 9, destination: 'unknown' },
      },
      { key: 'queue-item-8', operation: 'registerShelter', body: {} },
    ]
    const send = () => post('/v1/batch', { items }, { idempotency_key: null })
    const answer = await send()
    expect(answer.body.items.map((item: { status: number }) => item.status)).toEqual([
      201, 200, 200, 201, 200, 201, 409, 422,
    ])
    expect(answer.body.items[5].body.headcount.difference).toBe(0)
    expect(await balance('AM-AV-0002')).toEqual(of(20, 3))
    expect((await send()).body.items.slice(0, 6)).toEqual(answer.body.items.slice(0, 6))
    expect(await balance('AM-AV-0002')).toEqual(of(20, 3))
  })

  test('answers in its line what is outside the remit or the rights', async () => {
    const own = await shelter('AM-AV-0003', 20)
    const staff = await service.issue('shelter_staff', { shelters: [own], overflow: false })
    const items = [
      {
        key: 'rights-item-1',
        operation: 'postArrival',
        body: { shelter: 'AM-AV-0001', household: { people: 1 } },
      },
      {
        key: 'rights-item-2',
        operation: 'postArrival',
        body: { shelter: 'AM-AV-0003', household: { people: 1 }, overflow: true },
      },
      { key: 'rights-item-3', operation: 'settleHeadcount', body: { shelter: 'AM-AV-0003', headcount: own } },
      {
        key: 'rights-item-4',
        operation: 'postArrival',
        body: { shelter: 'AM-AV-0003', household: { people: 1 } },
      },
    ]
    const { body } = await service.call('POST', '/v1/batch', { key: staff, body: { items } })
    expect(
      body.items.map((item: { status: number; body: { code?: string } }) => [item.status, item.body.code]),
    ).toEqual([
      [403, 'outside_remit'],
      [403, 'overflow_not_allowed'],
      [403, 'forbidden_scope'],
      [201, undefined],
    ])
  })
})

describe('closing a shelter', () => {
  test('is refused while people or holds are in it, with what is in the way', async () => {
    await shelter('AM-VD-0001', 10)
    const { body } = await post('/v1/holds', {
      shelter: 'AM-VD-0001',
      people: 2,
      party: 'Bus',
      expires_at: inMinutes(60),
    })
    const close = () =>
      service.call('PATCH', '/v1/shelters/AM-VD-0001', {
        key,
        body: { status: 'closed' },
        headers: { 'if-match': '*' },
      })
    expect((await close()).body).toMatchObject({ code: 'places_in_use', held: 2, occupied: 0 })
    await post(`/v1/holds/${body.hold.id}/release`, {})
    expect((await close()).status).toBe(200)
  })
})
