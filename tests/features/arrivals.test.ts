import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aShelter, newIdempotencyKey, type Service, startService } from '../setup/service.ts'

/*
 * Promise: a household that staff post is in the right shelter exactly once; nobody is booked onto a place that is
 * taken, and nobody who is there is turned away.
 */

let service: Service
let national: string
let staff: string
let partner: string
let shelter_id: string

beforeAll(async () => {
  service = await startService()
  national = await service.issue('national_coordinator')
  const made = await service.call('POST', '/v1/shelters', {
    key: national,
    body: aShelter('AM-KT-0001', 100),
  })
  shelter_id = made.body.shelter.id
  await service.call('POST', '/v1/shelters', { key: national, body: aShelter('AM-KT-0002', 10) })
  staff = await service.issue('shelter_staff', { shelters: [shelter_id] })
  partner = await service.issue('partner')
})
afterAll(() => service.stop())

const post = (body: object, options: { key?: string; idempotency_key?: string | null } = {}) =>
  service.call('POST', '/v1/arrivals', { key: staff, body, ...options })

const household = (people: number, more: object = {}) => ({
  shelter: 'AM-KT-0001',
  household: { people },
  ...more,
})

/** A shelter of its own for a test that counts. */
async function freshShelter(code: string, places: number, more: object = {}): Promise<string> {
  const made = await service.call('POST', '/v1/shelters', {
    key: national,
    body: aShelter(code, places, more),
  })
  expect(made.status).toBe(201)
  return made.body.shelter.id
}
const arrive = (shelter: string, people: number, more: object = {}) =>
  service.call('POST', '/v1/arrivals', { key: national, body: { shelter, household: { people }, ...more } })

describe('an arrival', () => {
  test('is booked, and answers with the stay, the balance and the journal entry that made it so', async () => {
    const code = 'AM-KT-0100'
    const shelter = await freshShelter(code, 50)
    const answer = await arrive(code, 5, { occurred_at: '2023-09-29T20:00:00+04:00' })
    expect(answer.status).toBe(201)
    expect(answer.body.stay).toMatchObject({
      shelter,
      people: 5,
      status: 'present',
      arrived_at: '2023-09-29T16:00:00.000Z',
      departed_at: null,
    })
    expect(answer.body.balance).toEqual({
      places: 50,
      blocked: 0,
      occupied: 5,
      held: 0,
      emergency: 0,
      free: 45,
    })
    expect(answer.headers.location).toBe(`/v1/stays/${answer.body.stay.id}`)
    const seen = await service.call('GET', `/v1/shelters/${code}`, { key: partner })
    expect(seen.body.balance).toEqual(answer.body.balance)
    expect(seen.body.seq).toBe(answer.body.seq)
  })

  test('keeps what the household told, for those inside the remit only', async () => {
    const told = {
      reference: 'Test 12-34',
      people: 3,
      composition: { f_18_59: 1, m_0_4: 2 },
      needs: [{ need: 'insulin', people: 1 }],
    }
    const answer = await post({ shelter: 'AM-KT-0001', household: told })
    const path = answer.headers.location ?? ''
    const seen = await service.call('GET', path, { key: staff })
    expect(seen.body).toMatchObject({
      reference: told.reference,
      composition: told.composition,
      needs: told.needs,
    })
    const elsewhere = await service.issue('regional_coordinator', { regions: ['AM-SU'] })
    const staff_elsewhere = await service.issue('shelter_staff', { regions: ['AM-SU'] })
    expect((await service.call('GET', path, { key: elsewhere })).status).toBe(404)
    expect((await service.call('GET', path, { key: partner })).status).toBe(403)
    const listed = await service.call('GET', '/v1/stays?reference=test1234', { key: national })
    expect(listed.body.items).toHaveLength(1)
    expect(
      (await service.call('GET', '/v1/stays?reference=test1234', { key: staff_elsewhere })).body.items,
    ).toHaveLength(0)
  })

  test('leaves no personal data in the journal', async () => {
    await post(
      household(2, {
        household: { people: 2, reference: 'PRIVATE-77', needs: [{ need: 'insulin', people: 1 }] },
      }),
    )
    const changes = await service.call('GET', '/v1/changes?limit=500', { key: partner })
    const text = JSON.stringify(changes.body).toLowerCase()
    expect(text).not.toContain('private')
    expect(text).not.toContain('insulin')
  })

  test('happens once however often it is posted, and answers the same each time', async () => {
    const code = 'AM-KT-0101'
    await freshShelter(code, 50)
    const idempotency_key = newIdempotencyKey()
    const send = () =>
      service.call('POST', '/v1/arrivals', {
        key: national,
        idempotency_key,
        body: { shelter: code, household: { people: 4 } },
      })
    const answers = await Promise.all(Array.from({ length: 20 }, send))
    const first = answers[0]
    for (const answer of answers) {
      expect(answer.status).toBe(201)
      expect(answer.body).toEqual(first?.body)
    }
    expect(answers.filter((answer) => answer.headers['idempotency-replayed'] === undefined)).toHaveLength(1)
    const stay = `/v1/stays/${first?.body.stay.id}`
    await service.call('POST', `${stay}/departure`, { key: national, body: { destination: 'relatives' } })
    const later = await send()
    expect([later.status, later.body]).toEqual([201, first?.body])
    expect(later.headers['idempotency-replayed']).toBe('true')
    expect((await service.call('GET', `/v1/shelters/${code}`, { key: partner })).body.balance.occupied).toBe(
      0,
    )
  })

  test('with the same key and other content is refused', async () => {
    const idempotency_key = newIdempotencyKey()
    expect((await post(household(1), { idempotency_key })).status).toBe(201)
    const other = await post(household(2), { idempotency_key })
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused'])
  })

  test('that was refused may be tried again with the same key', async () => {
    const code = 'AM-KT-0102'
    await freshShelter(code, 3)
    const idempotency_key = newIdempotencyKey()
    const send = () =>
      service.call('POST', '/v1/arrivals', {
        key: national,
        idempotency_key,
        body: { shelter: code, household: { people: 4 } },
      })
    expect((await send()).status).toBe(409)
    await service.call('POST', `/v1/shelters/${code}/places`, {
      key: national,
      body: { change: 5, reason: 'expanded' },
    })
    expect((await send()).status).toBe(201)
  })

  test('of more people than fit is refused with what is free, and the nearest shelters with room', async () => {
    await freshShelter('AM-KT-0103', 3)
    await freshShelter('AM-KT-0104', 40, { latitude: 40.381 })
    const full = await arrive('AM-KT-0103', 4)
    expect(full.status).toBe(409)
    expect(full.headers['content-type']).toBe('application/problem+json')
    expect(full.body).toMatchObject({
      code: 'shelter_full',
      type: '/problems/shelter-full',
      free: 3,
      requested: 4,
    })
    expect(full.body.alternatives.length).toBeGreaterThan(0)
    for (const alternative of full.body.alternatives) {
      expect(alternative.free).toBeGreaterThanOrEqual(4)
      expect(alternative.code).not.toBe('AM-KT-0103')
    }
  })

  test('of people who stand in a full building is posted by overflow, with just the places they lack', async () => {
    await freshShelter('AM-KT-0105', 3)
    const answer = await arrive('AM-KT-0105', 5, { overflow: true })
    expect(answer.body.balance).toEqual({
      places: 5,
      blocked: 0,
      occupied: 5,
      held: 0,
      emergency: 2,
      free: 0,
    })
    const stay = answer.body.stay.id
    const left = await service.call('POST', `/v1/stays/${stay}/departure`, {
      key: national,
      body: { people: 1, destination: 'unknown' },
    })
    expect(left.body.balance).toEqual({ places: 4, blocked: 0, occupied: 4, held: 0, emergency: 1, free: 0 })
    const kept = await service.call('POST', '/v1/shelters/AM-KT-0105/places', {
      key: national,
      body: { keep_emergency: 1, reason: 'expanded' },
    })
    expect(kept.body.balance).toEqual({ places: 4, blocked: 0, occupied: 4, held: 0, emergency: 0, free: 0 })
  })

  test('by overflow needs a key with that right', async () => {
    const careful = await service.issue('shelter_staff', { shelters: [shelter_id], overflow: false })
    const answer = await post(household(1, { overflow: true }), { key: careful })
    expect([answer.status, answer.body.code]).toEqual([403, 'overflow_not_allowed'])
  })

  test('of a household that is present already is refused, and says where only to those who may know', async () => {
    const body = { shelter: 'AM-KT-0001', household: { reference: 'AB-100 200', people: 2 } }
    const first = await post(body)
    expect(first.status).toBe(201)
    const again = await service.call('POST', '/v1/arrivals', {
      key: national,
      body: { shelter: 'AM-KT-0002', household: { reference: 'ab100200', people: 2 } },
    })
    expect(again.status).toBe(409)
    expect(again.body).toMatchObject({
      code: 'already_present',
      shelter: 'AM-KT-0001',
      stay: first.body.stay.id,
    })
    const syunik = await freshShelter('AM-SU-0001', 20)
    const stranger = await service.issue('shelter_staff', { shelters: [syunik] })
    const unseen = await service.call('POST', '/v1/arrivals', {
      key: stranger,
      body: { shelter: 'AM-SU-0001', household: { reference: 'AB 100200', people: 2 } },
    })
    expect(unseen.body.code).toBe('already_present')
    expect(unseen.body).not.toHaveProperty('shelter')
    expect(unseen.body).not.toHaveProperty('stay')
  })

  test('of people who moved ends their stay elsewhere in the same commit, and asks for rights only where they are', async () => {
    await freshShelter('AM-SU-0002', 20)
    const to = await freshShelter('AM-SU-0003', 20)
    const first = await service.call('POST', '/v1/arrivals', {
      key: national,
      body: { shelter: 'AM-SU-0002', household: { reference: 'MOVED-1', people: 4 } },
    })
    const key = await service.issue('shelter_staff', { shelters: [to] })
    const moved = await service.call('POST', '/v1/arrivals', {
      key,
      body: { shelter: 'AM-SU-0003', household: { reference: 'moved 1', people: 5 }, moved: true },
    })
    expect(moved.status).toBe(201)
    expect(moved.body.balance.occupied).toBe(5)
    expect(moved.body.stay.household).toBe(first.body.stay.household)
    const before = await service.call('GET', `/v1/stays/${first.body.stay.id}`, { key: national })
    expect(before.body).toMatchObject({ status: 'transferred', people: 0 })
    expect(
      (await service.call('GET', '/v1/shelters/AM-SU-0002', { key: partner })).body.balance.occupied,
    ).toBe(0)
    const changes = await service.call('GET', `/v1/changes?after=${moved.body.seq - 3}`, { key: partner })
    expect(
      changes.body.items.map((entry: { type: string; people: number }) => [entry.type, entry.people]),
    ).toEqual([
      ['household_transferred_out', 4],
      ['household_transferred_in', 4],
      ['household_arrived', 1],
    ])
  })

  test('keeps the id that the client chose, and refuses one that is taken', async () => {
    const id = '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e10'
    const answer = await post(household(1, { id }))
    expect(answer.body.stay.id).toBe(id)
    const again = await post(household(1, { id }))
    expect([again.status, again.body.code]).toEqual([409, 'id_taken'])
  })

  test('in a shelter that is paused or planned passes only by overflow, and in a closed one only for before', async () => {
    for (const status of ['paused', 'planned']) {
      const code = status === 'paused' ? 'AM-LO-0001' : 'AM-LO-0002'
      await freshShelter(code, 5, { status })
      expect((await arrive(code, 1)).body.code).toBe('shelter_not_open')
      expect((await arrive(code, 1, { overflow: true })).status).toBe(201)
    }
    await freshShelter('AM-LO-0003', 5, { status: 'closed' })
    expect((await arrive('AM-LO-0003', 1, { overflow: true })).body.code).toBe('shelter_not_open')
    expect((await arrive('AM-LO-0003', 1, { occurred_at: '2023-09-29T20:00:00Z' })).status).toBe(201)
  })

  test('a little ahead of the service’s clock counts as now; far ahead or long ago is refused', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString()
    const taken = await post(household(1, { occurred_at: soon }))
    expect(taken.status).toBe(201)
    expect(taken.body.stay.arrived_at < soon).toBe(true)
    const far = await post(household(1, { occurred_at: new Date(Date.now() + 3_600_000).toISOString() }))
    expect([far.status, far.body.code]).toEqual([422, 'in_the_future'])
    const old = await post(household(1, { occurred_at: '1999-12-31T23:59:59Z' }))
    expect([old.status, old.body.code]).toEqual([422, 'before_2000'])
  })

  test('needs a key, the scope, the remit, a shelter and an Idempotency-Key, and says which is missing', async () => {
    const body = household(1)
    expect((await service.call('POST', '/v1/arrivals', { body })).body.code).toBe('unauthenticated')
    expect((await post(body, { key: partner })).body.code).toBe('forbidden_scope')
    expect((await post(household(1, { shelter: 'AM-KT-0002' }))).body.code).toBe('outside_remit')
    expect((await post(household(1, { shelter: 'AM-KT-9999' }))).body.code).toBe('shelter_not_found')
    const keyless = await post(body, { idempotency_key: null })
    expect([keyless.status, keyless.body.code]).toEqual([400, 'idempotency_key_missing'])
  })

  test('that is malformed is told where and why, and nothing is guessed', async () => {
    const wrong: [object, string, string][] = [
      [{ shelter: 'AM-KT-0001', household: { people: '5' } }, '/household/people', 'wrong_type'],
      [{ shelter: 'AM-KT-0001', household: { people: 0 } }, '/household/people', 'too_small'],
      [
        { shelter: 'AM-KT-0001', household: { people: 51, reference: 'R-1' } },
        '/household/people',
        'invalid',
      ],
      [
        { shelter: 'AM-KT-0001', household: { people: 2, composition: { f_0_4: 3 } } },
        '/household/composition',
        'invalid',
      ],
      [{ shelter: 'AM-KT-0001', household: { people: 2, name: 'no' } }, '/household/name', 'unknown_field'],
      [{ household: { people: 2 } }, '/shelter', 'missing'],
    ]
    for (const [body, pointer, code] of wrong) {
      const answer = await post(body)
      expect(answer.status).toBe(422)
      expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer, code }))
    }
  })
})

describe('a departure', () => {
  const leave = (stay: string, body: object, key = national) =>
    service.call('POST', `/v1/stays/${stay}/departure`, { key, body })

  test('of some leaves the others; of the rest ends the stay', async () => {
    await freshShelter('AM-TV-0001', 10)
    const { body } = await arrive('AM-TV-0001', 5)
    const some = await leave(body.stay.id, { people: 2, destination: 'relatives' })
    expect(some.status).toBe(200)
    expect(some.body.stay).toMatchObject({ people: 3, status: 'present', departed_at: null })
    expect(some.body.balance.free).toBe(7)
    const rest = await leave(body.stay.id, { destination: 'own_accommodation' })
    expect(rest.body.stay).toMatchObject({ people: 0, status: 'departed' })
    expect(rest.body.stay.departed_at).not.toBeNull()
    expect(rest.body.balance.free).toBe(10)
    expect((await leave(body.stay.id, { destination: 'unknown' })).body.code).toBe('stay_ended')
  })

  test('of more than are present, or before they came, is refused', async () => {
    await freshShelter('AM-TV-0002', 10)
    const { body } = await arrive('AM-TV-0002', 2, { occurred_at: '2023-09-28T10:00:00Z' })
    const more = await leave(body.stay.id, { people: 3, destination: 'unknown' })
    expect([more.status, more.body.code, more.body.present]).toEqual([409, 'more_than_present', 2])
    const early = await leave(body.stay.id, { destination: 'unknown', occurred_at: '2023-09-28T09:00:00Z' })
    expect([early.status, early.body.code]).toEqual([422, 'before_arrival'])
  })

  test('from another’s shelter finds no stay', async () => {
    await freshShelter('AM-TV-0003', 10)
    const { body } = await arrive('AM-TV-0003', 2)
    const answer = await leave(body.stay.id, { destination: 'unknown' }, staff)
    expect([answer.status, answer.body.code]).toEqual([404, 'stay_not_found'])
    expect((await leave('018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e99', { destination: 'unknown' })).status).toBe(404)
  })

  test('repeated with its key happens once', async () => {
    await freshShelter('AM-TV-0004', 10)
    const { body } = await arrive('AM-TV-0004', 4)
    const idempotency_key = newIdempotencyKey()
    const send = () =>
      service.call('POST', `/v1/stays/${body.stay.id}/departure`, {
        key: national,
        idempotency_key,
        body: { people: 1, destination: 'hospital' },
      })
    const answers = await Promise.all([send(), send(), send()])
    for (const answer of answers) expect(answer.body).toEqual(answers[0]?.body)
    expect(
      (await service.call('GET', '/v1/shelters/AM-TV-0004', { key: partner })).body.balance.occupied,
    ).toBe(3)
  })
})
