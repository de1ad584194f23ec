import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProblemCode } from '../../src/http/problem.ts'
import { type Answer, aShelter, type CallOptions } from '../setup/service.ts'
import { type Asker, askerOf } from './ask.ts'
import { OTHER_SHELTER, SHELTER, startWorld, type World } from './world.ts'

/*
 * Promise: every refusal that the document names can happen, looks as documented, and nothing is refused in a way
 * that the document does not name; so are the answers of an operation in all its forms.
 */

let world: World
let asker: Asker
let regional: string
let staff: string
let careful: string

const ask = (operation: string, path: string, options?: CallOptions) => asker.ask(operation, path, options)
const refused = (code: ProblemCode, operation: string, path: string, options?: CallOptions) =>
  asker.refused(code, operation, path, options)

beforeAll(async () => {
  world = await startWorld({ PLACES_GOAL: '1000' })
  asker = askerOf(world)
  regional = world.keys.regional_coordinator
  staff = world.keys.shelter_staff
  careful = await world.service.issue('shelter_staff', { shelters: [world.shelter_id], overflow: false })
  await register(ELSEWHERE, 10, { region: 'AM-SU' })
})
afterAll(() => world?.stop())

/** Outside the remit of staff and of the regional coordinator. */
const ELSEWHERE = 'AM-SU-0001'
const NOWHERE = 'AM-KT-9999'
const NO_ID = '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9eff'

const hours = (number: number): string => new Date(Date.now() + number * 3_600_000).toISOString()
const too_late = { occurred_at: hours(1) }
const too_old = { occurred_at: '1999-12-31T23:59:59Z' }

const register = (code: string, places: number, more: object = {}): Promise<Answer> =>
  ask('registerShelter', '/v1/shelters', { body: aShelter(code, places, more) })

const arrive = (shelter: string, people: number, more: object = {}, told: object = {}): CallOptions => ({
  body: { shelter, household: { people, ...told }, ...more },
})

/** A stay of so many people, by its id. */
async function stayOf(shelter: string, people: number, more: object = {}, told: object = {}) {
  const { status, body } = await ask('postArrival', '/v1/arrivals', arrive(shelter, people, more, told))
  expect(status).toBe(201)
  return String(body.stay.id)
}

/** What is refused wherever a moment is named. */
async function refuseMoments(operation: string, path: string, body: object) {
  await refused('in_the_future', operation, path, { body: { ...body, ...too_late } })
  await refused('before_2000', operation, path, { body: { ...body, ...too_old } })
}

/** What is refused wherever a shelter stands in the address. */
async function refuseShelters(operation: string, path: (shelter: string) => string, options: CallOptions) {
  await refused('shelter_not_found', operation, path(NOWHERE), options)
  await refused('outside_remit', operation, path(ELSEWHERE), { key: regional, ...options })
}

describe('shelters', () => {
  test('are registered with everything that can be known of them, and shown page by page', async () => {
    const facts = { step_free: 'yes', heated: 'no', kitchen: 'unknown', medical_room: 'yes', pets: 'no' }
    const everything = {
      community: 'Abovyan',
      address: 'Hatis street 7',
      location_accuracy: 'street',
      operator: 'Municipality',
      operator_kind: 'municipal',
      contact: 'duty phone',
      available_until: '2024-01-31T20:00:00+04:00',
      facts: { ...facts, infant_corner: 'unknown' },
      public_listing: true,
      occurred_at: '2023-09-25T00:00:00Z',
      latitude: 44.7,
      longitude: 40.4,
    }
    const made = await register('AM-KT-0201', 10, everything)
    expect(made.body.warnings).toEqual([expect.objectContaining({ code: 'outside_region_box' })])
    for (const key of [world.keys.admin, world.keys.partner]) {
      const shown = await ask('getShelter', '/v1/shelters/AM-KT-0201', { key })
      expect('contact' in shown.body).toBe(key === world.keys.admin)
    }
    const page = await ask('listShelters', '/v1/shelters?limit=1')
    expect(page.body.next_cursor).toEqual(expect.any(String))
    await ask('listShelters', `/v1/shelters?limit=1&cursor=${page.body.next_cursor}`)
    await refused('invalid_parameters', 'listShelters', '/v1/shelters?cursor=nonsense')
    await refused('shelter_not_found', 'getShelter', `/v1/shelters/${NOWHERE}`)
  })

  test('are registered once, with a free code and id, inside the remit', async () => {
    await register('AM-KT-0202', 10, { id: NO_ID })
    const body = aShelter('AM-KT-0203', 10)
    const path = '/v1/shelters'
    await refused('code_taken', 'registerShelter', path, { body: aShelter('AM-KT-0202', 10) })
    await refused('id_taken', 'registerShelter', path, { body: { ...body, id: NO_ID } })
    await refused('outside_remit', 'registerShelter', path, {
      key: regional,
      body: aShelter('AM-SU-0203', 1),
    })
    await refuseMoments('registerShelter', path, body)
    const idempotency_key = 'refusals-test-key'
    await ask('registerShelter', path, { idempotency_key, body })
    const replayed = await ask('registerShelter', path, { idempotency_key, body })
    expect(replayed.headers['idempotency-replayed']).toBe('true')
    await refused('idempotency_key_reused', 'registerShelter', path, {
      idempotency_key,
      body: aShelter('AM-KT-0204', 10),
    })
    await refused('idempotency_key_missing', 'registerShelter', path, { idempotency_key: null, body })
    await refused('idempotency_key_invalid', 'registerShelter', path, { idempotency_key: 'short', body })
  })

  test('are changed by who has read them', async () => {
    const path = '/v1/shelters/AM-KT-0210'
    await register('AM-KT-0210', 10)
    const { headers } = await ask('getShelter', path)
    const patch = (body: object, if_match?: string): CallOptions => ({
      body,
      ...(if_match !== undefined && { headers: { 'if-match': if_match } }),
    })
    const change = { address: 'Hatis street 7', community: null, facts: { heated: 'yes', pets: null } }
    await ask('changeShelter', path, patch(change, headers.etag))
    await refused('precondition_failed', 'changeShelter', path, patch({ address: 'x' }, headers.etag))
    await refused('precondition_required', 'changeShelter', path, patch({ address: 'x' }))
    await refused('invalid_parameters', 'changeShelter', path, patch({ address: 'x' }, 'x'))
    await refuseShelters(
      'changeShelter',
      (shelter) => `/v1/shelters/${shelter}`,
      patch({ address: 'x' }, '*'),
    )
    await stayOf('AM-KT-0210', 1)
    await refused('places_in_use', 'changeShelter', path, patch({ status: 'closed' }, '*'))
  })

  test('and everything else that has an ETag answer 304 to who has the newest already', async () => {
    const hold = { shelter: SHELTER, people: 1, party: 'Bus 1', expires_at: hours(1) }
    const placed = await ask('placeHold', '/v1/holds', { body: hold })
    for (const [operation, path] of [
      ['getShelter', `/v1/shelters/${SHELTER}`],
      ['getCapacity', '/v1/capacity'],
      ['getStay', `/v1/stays/${await stayOf(SHELTER, 1)}`],
      ['getHold', `/v1/holds/${placed.body.hold.id}`],
    ] as const) {
      const { headers } = await ask(operation, path)
      const again = await ask(operation, path, { headers: { 'if-none-match': headers.etag ?? '' } })
      expect([operation, again.status, again.body]).toEqual([operation, 304, ''])
    }
  })
})

describe('places', () => {
  const path = '/v1/shelters/AM-KT-0220/places'
  const change = (change: number, reason: string, more: object = {}) => ({
    body: { change, reason, ...more },
  })

  test('are changed in each way, and not taken from under people', async () => {
    await register('AM-KT-0220', 10)
    await ask('changePlaces', path, change(5, 'expanded', { note: 'The gym is ready' }))
    await ask('changePlaces', path, { body: { places: 12, expected_places: 15, reason: 'reduced' } })
    const stale = { body: { places: 20, expected_places: 15, reason: 'expanded' } }
    expect((await refused('changed_meanwhile', 'changePlaces', path, stale)).places).toBe(12)
    await stayOf('AM-KT-0220', 12)
    await refused('places_in_use', 'changePlaces', path, change(-1, 'reduced'))
    await refused('too_many_places', 'changePlaces', path, change(19_999, 'expanded'))
    await refused('reason_does_not_fit', 'changePlaces', path, change(1, 'reduced'))
    await refused('invalid_body', 'changePlaces', path, change(0, 'correction'))
    await refuseMoments('changePlaces', path, { change: 1, reason: 'expanded' })
    const of = (shelter: string) => `/v1/shelters/${shelter}/places`
    await refuseShelters('changePlaces', of, change(1, 'expanded'))
  })

  test('are blocked and put back', async () => {
    const of = (shelter: string) => `/v1/shelters/${shelter}/blocks`
    await register('AM-KT-0221', 10)
    const body = { id: NO_ID, places: 4, reason: 'damage', until: '2023-12-01T00:00:00Z', note: 'The roof' }
    const made = await ask('blockPlaces', of('AM-KT-0221'), { body })
    expect(made.body.block).toMatchObject({ overdue: true, lifted_at: null })
    await refused('id_taken', 'blockPlaces', of('AM-KT-0221'), { body: { ...body, id: NO_ID } })
    const too_many = { body: { places: 7, reason: 'outbreak' } }
    await refused('places_in_use', 'blockPlaces', of('AM-KT-0221'), too_many)
    await refuseMoments('blockPlaces', of('AM-KT-0221'), { places: 1, reason: 'damage' })
    await refuseShelters('blockPlaces', of, { body: { places: 1, reason: 'damage' } })

    const lift = (shelter: string, block = NO_ID) => `${of(shelter)}/${block}/lift`
    await ask('liftBlock', lift('AM-KT-0221'), { body: {} })
    await refused('block_lifted', 'liftBlock', lift('AM-KT-0221'), { body: {} })
    await refused('block_not_found', 'liftBlock', lift('AM-KT-0221', made.body.block.shelter), { body: {} })
    await refuseShelters('liftBlock', lift, { body: {} })
    expect((await ask('listBlocks', of('AM-KT-0221'))).body.items).toHaveLength(1)
    await refused('shelter_not_found', 'listBlocks', of(NOWHERE))
  })

  test('of the past, of regions and shelters are told', async () => {
    await ask('getCapacity', '/v1/capacity?as_of=2023-09-26T00:00:00Z&region=AM-KT')
    await ask('getCapacity', '/v1/capacity?known_seq=3')
    await ask('getCapacity', '/v1/capacity?known_at=2023-09-26T00:00:00%2B04:00')
    const both = '/v1/capacity?known_at=2023-09-26T00:00:00Z&known_seq=1'
    await refused('invalid_parameters', 'getCapacity', both)
    const history = '/v1/capacity/history?from=2023-09-26T00:00:00Z&to=2023-09-27T00:00:00Z&step=PT6H'
    expect((await ask('getCapacityHistory', `${history}&shelter=${SHELTER}`)).body).toHaveLength(5)
    await refused('shelter_not_found', 'getCapacityHistory', `${history}&shelter=${NOWHERE}`)
    await refused(
      'invalid_parameters',
      'getCapacityHistory',
      history.replace('PT6H', 'PT1M').replace('27', '30'),
    )
  })
})

describe('holds', () => {
  const hold = (shelter: string, people: number, more: object = {}) => ({
    body: { shelter, people, party: 'Bus 12', expires_at: hours(2), ...more },
  })

  test('are placed, used, released and no longer usable then', async () => {
    await register('AM-KT-0230', 10)
    const more = { id: NO_ID, origin: 'Goris', expected_at: hours(1) }
    await ask('placeHold', '/v1/holds', hold('AM-KT-0230', 4, more))
    await refused('id_taken', 'placeHold', '/v1/holds', hold('AM-KT-0230', 4, more))
    const full = await refused('shelter_full', 'placeHold', '/v1/holds', hold('AM-KT-0230', 7))
    expect(full).toMatchObject({ free: 6, requested: 7, alternatives: expect.any(Array) })
    for (const expires_at of [hours(73), hours(-1)])
      await refused('hold_too_long', 'placeHold', '/v1/holds', hold('AM-KT-0230', 1, { expires_at }))
    await register('AM-KT-0231', 10, { status: 'paused' })
    await refused('shelter_not_open', 'placeHold', '/v1/holds', hold('AM-KT-0231', 1))
    await refused('shelter_not_found', 'placeHold', '/v1/holds', hold(NOWHERE, 1))
    await refused('outside_remit', 'placeHold', '/v1/holds', { key: regional, ...hold(ELSEWHERE, 1) })

    await stayOf('AM-KT-0230', 3, { hold: NO_ID })
    expect((await ask('getHold', `/v1/holds/${NO_ID}`)).body.remaining).toBe(1)
    await ask('releaseHold', `/v1/holds/${NO_ID}/release`, { body: {} })
    await refused('hold_not_usable', 'releaseHold', `/v1/holds/${NO_ID}/release`, { body: {} })
    const unknown = NO_ID.replace(/.$/, '0')
    await refused('hold_not_found', 'releaseHold', `/v1/holds/${unknown}/release`, { body: {} })
    await refused('hold_not_found', 'getHold', `/v1/holds/${unknown}`)
    await ask('listHolds', '/v1/holds?shelter=AM-KT-0230')
    await refused('shelter_not_found', 'listHolds', `/v1/holds?shelter=${NOWHERE}`)
  })
})

describe('headcounts', () => {
  const of = (shelter: string) => `/v1/shelters/${shelter}/headcounts`

  test('are posted, listed and settled once', async () => {
    await register('AM-KT-0240', 10)
    const stay = await stayOf('AM-KT-0240', 5)
    const count = (people: number, more: object = {}) => ({ body: { people, method: 'headcount', ...more } })
    const counted = await ask('postHeadcount', of('AM-KT-0240'), count(0, { id: NO_ID }))
    expect(counted.body.headcount.difference).toBe(-5)
    await refused('id_taken', 'postHeadcount', of('AM-KT-0240'), count(1, { id: NO_ID }))
    await refuseMoments('postHeadcount', of('AM-KT-0240'), count(1).body)
    await refuseShelters('postHeadcount', of, count(1))

    const settle = (shelter: string, headcount = NO_ID) => `${of(shelter)}/${headcount}/settlement`
    await ask('postDeparture', `/v1/stays/${stay}/departure`, { body: { destination: 'unknown' } })
    await refused('more_than_present', 'settleHeadcount', settle('AM-KT-0240'), { body: {} })
    const more = await ask('postHeadcount', of('AM-KT-0240'), count(2))
    const { id } = more.body.headcount
    await ask('settleHeadcount', settle('AM-KT-0240', id), { body: {} })
    await refused('headcount_settled', 'settleHeadcount', settle('AM-KT-0240', id), { body: {} })
    await refused('headcount_not_found', 'settleHeadcount', settle('AM-KT-0240', stay), { body: {} })
    await refuseShelters('settleHeadcount', settle, { body: {} })

    expect((await ask('listHeadcounts', of('AM-KT-0240'))).body.items).toHaveLength(2)
    await refuseShelters('listHeadcounts', of, {})
    expect((await ask('listLastHeadcounts', '/v1/headcounts')).body.items.length).toBeGreaterThan(0)
  })
})

describe('arrivals', () => {
  const path = '/v1/arrivals'

  test('keep what a household told, add places by overflow, and move people', async () => {
    await register('AM-KT-0250', 10)
    await register('AM-KT-0251', 10)
    const told = {
      reference: 'Refusals 1',
      composition: { f_0_4: 1, m_60_plus: 1 },
      needs: [{ need: 'insulin', people: 1 }],
    }
    const id = '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e02'
    await stayOf('AM-KT-0250', 4, { id, occurred_at: '2023-09-29T20:00:00+04:00' }, told)
    const full = arrive('AM-KT-0250', 20, { overflow: true })
    expect((await ask('postArrival', path, full)).body.balance.emergency).toBe(14)
    await stayOf('AM-KT-0251', 4, { moved: true }, { reference: 'refusals-1' })
    expect((await ask('getStay', `/v1/stays/${id}`)).body.status).toBe('transferred')
    expect((await ask('listStays', '/v1/stays?reference=refusals1')).body.items).toHaveLength(2)
    const page = await ask('listStays', '/v1/stays?limit=1')
    await ask('listStays', `/v1/stays?limit=1&cursor=${page.body.next_cursor}`)
    await refused('shelter_not_found', 'listStays', `/v1/stays?shelter=${NOWHERE}`)
    await refused('stay_not_found', 'getStay', `/v1/stays/${id}`, { key: staff })
  })

  test('are refused where nobody fits, nobody may or nobody can be', async () => {
    await register('AM-KT-0252', 2)
    const full = await refused('shelter_full', 'postArrival', path, arrive('AM-KT-0252', 3))
    expect(full).toMatchObject({ free: 2, requested: 3, alternatives: expect.any(Array) })
    const told = { reference: 'Refusals 2' }
    const id = await stayOf('AM-KT-0252', 1, {}, told)
    await refused('already_present', 'postArrival', path, arrive('AM-KT-0252', 1, {}, told))
    await refused('id_taken', 'postArrival', path, arrive('AM-KT-0252', 1, { id }))
    await refused('hold_not_usable', 'postArrival', path, arrive('AM-KT-0252', 1, { hold: NO_ID }))
    await register('AM-KT-0253', 2, { status: 'planned' })
    await refused('shelter_not_open', 'postArrival', path, arrive('AM-KT-0253', 1))
    await refused('shelter_not_found', 'postArrival', path, arrive(NOWHERE, 1))
    await refused('outside_remit', 'postArrival', path, { key: staff, ...arrive('AM-KT-0252', 1) })
    const overflow = arrive(SHELTER, 1, { overflow: true })
    await refused('overflow_not_allowed', 'postArrival', path, { key: careful, ...overflow })
    await refuseMoments('postArrival', path, arrive(SHELTER, 1).body as object)
    const before = { moved: true, occurred_at: '2023-01-01T00:00:00Z' }
    await refused('before_arrival', 'postArrival', path, arrive(SHELTER, 1, before, told))
  })
})

describe('a stay', () => {
  let number = 260
  /** A stay of 4 in a shelter of 6, by its address. */
  async function freshStay(more: object = {}): Promise<string> {
    const code = `AM-KT-0${++number}`
    await register(code, 6)
    return `/v1/stays/${await stayOf(code, 4, { occurred_at: '2023-09-29T20:00:00Z', ...more })}`
  }
  const early = { occurred_at: '2023-01-01T00:00:00Z' }

  /** What is refused for every post about a stay. */
  async function refuseStays(operation: string, action: string, body: object) {
    const stay = await freshStay()
    await refused('stay_not_found', operation, `${stay}/${action}`, { key: staff, body })
    await ask('postCancellation', `${stay}/cancellation`, {
      body: { reason: 'never_arrived', note: 'No show' },
    })
    await refused('stay_ended', operation, `${stay}/${action}`, { body })
  }

  test('grows', async () => {
    const stay = await freshStay()
    const body = { people: 1, reason: 'born' }
    const more = { composition: { f_0_4: 1 }, needs: [{ need: 'infant_food', people: 1 }] }
    await ask('postAddition', `${stay}/additions`, { body: { ...body, ...more } })
    await refused('shelter_full', 'postAddition', `${stay}/additions`, { body: { ...body, people: 2 } })
    await refused('hold_not_usable', 'postAddition', `${stay}/additions`, { body: { ...body, hold: NO_ID } })
    await refused('before_arrival', 'postAddition', `${stay}/additions`, { body: { ...body, ...early } })
    await refuseMoments('postAddition', `${stay}/additions`, body)
    const group = await stayOf(SHELTER, 2_000)
    await refused('too_many_people', 'postAddition', `/v1/stays/${group}/additions`, { body })
    const overflow = { key: careful, body: { ...body, overflow: true } }
    await refused('overflow_not_allowed', 'postAddition', `/v1/stays/${group}/additions`, overflow)
    await refuseStays('postAddition', 'additions', body)
  })

  test('shrinks and ends', async () => {
    const stay = await freshStay()
    const body = { destination: 'hospital' }
    await ask('postDeparture', `${stay}/departure`, { body: { ...body, people: 1 } })
    await refused('more_than_present', 'postDeparture', `${stay}/departure`, { body: { ...body, people: 4 } })
    await refused('before_arrival', 'postDeparture', `${stay}/departure`, { body: { ...body, ...early } })
    await refuseMoments('postDeparture', `${stay}/departure`, body)
    await refuseStays('postDeparture', 'departure', body)
  })

  test('goes on in another shelter', async () => {
    const stay = await freshStay()
    const path = `${stay}/transfer`
    const to = (shelter: string, more: object = {}) => ({ body: { to: shelter, ...more } })
    const moved = await ask('postTransfer', path, to(OTHER_SHELTER, { people: 1, id: NO_ID }))
    expect(moved.body.from.balance.occupied).toBe(3)
    await refused('id_taken', 'postTransfer', path, to(OTHER_SHELTER, { people: 1, id: NO_ID }))
    await refused('more_than_present', 'postTransfer', path, to(OTHER_SHELTER, { people: 4 }))
    await refused('same_shelter', 'postTransfer', path, to(`AM-KT-0${number}`))
    await refused('shelter_not_found', 'postTransfer', path, to(NOWHERE))
    await refused('hold_not_usable', 'postTransfer', path, to(OTHER_SHELTER, { hold: NO_ID }))
    await register('AM-KT-0254', 1)
    expect(await refused('shelter_full', 'postTransfer', path, to('AM-KT-0254'))).toMatchObject({
      free: 1,
      requested: 3,
      alternatives: expect.any(Array),
    })
    await register('AM-KT-0255', 9, { status: 'paused' })
    await refused('shelter_not_open', 'postTransfer', path, to('AM-KT-0255'))
    await refused('before_arrival', 'postTransfer', path, to(OTHER_SHELTER, early))
    await refuseMoments('postTransfer', path, to(OTHER_SHELTER).body)
    const own = `/v1/stays/${await stayOf(SHELTER, 1)}/transfer`
    const overflow = { key: careful, ...to(OTHER_SHELTER, { overflow: true }) }
    await refused('overflow_not_allowed', 'postTransfer', own, overflow)
    await refused('stay_continued', 'postCancellation', `${stay}/cancellation`, {
      body: { reason: 'wrong_shelter' },
    })
    await refuseStays('postTransfer', 'transfer', to(OTHER_SHELTER).body)
  })

  test('is corrected and taken back', async () => {
    const stay = await freshStay()
    const body = { people: 5, reason: 'miscounted', note: 'The baby was not counted' }
    const more = { composition: { f_0_4: 1 }, needs: [{ need: 'infant_food', people: 1 }] }
    await ask('postCorrection', `${stay}/correction`, { body: { ...body, ...more } })
    const path = `${stay}/correction`
    await refused('shelter_full', 'postCorrection', path, { body: { ...body, people: 7 } })
    const many = { body: { reason: 'other', composition: { f_0_4: 6 } } }
    await refused('composition_too_large', 'postCorrection', path, many)
    await ask('postDeparture', `${stay}/departure`, { body: { people: 2, destination: 'relatives' } })
    await refused('more_than_present', 'postCorrection', path, { body: { ...body, people: 1 } })
    const household = await stayOf(SHELTER, 2, {}, { reference: 'Refusals 50' })
    await refused('too_many_people', 'postCorrection', `/v1/stays/${household}/correction`, {
      body: { ...body, people: 51 },
    })
    const own = `/v1/stays/${await stayOf(SHELTER, 1)}/correction`
    const overflow = { key: careful, body: { ...body, overflow: true } }
    await refused('overflow_not_allowed', 'postCorrection', own, overflow)
    await refuseStays('postCorrection', 'correction', body)
    await refuseStays('postCancellation', 'cancellation', { reason: 'posted_twice' })
  })
})

describe('a batch', () => {
  test('answers each item in its place, as the single call would', async () => {
    const items = [
      { key: 'batch-key-1', operation: 'postArrival', body: arrive(SHELTER, 1).body },
      { key: 'batch-key-2', operation: 'postArrival', body: { shelter: SHELTER } },
      { key: 'short', operation: 'postArrival', body: {} },
      { key: 'batch-key-4', operation: 'dance', body: {} },
    ]
    const { body } = await ask('postBatch', '/v1/batch', { body: { items } })
    expect(body.items.map(({ status }: { status: number }) => status)).toEqual([201, 422, 400, 422])
    await ask('postArrivals', '/v1/arrivals/batch', {
      body: { items: [{ key: 'batch-key-5', ...(arrive(NOWHERE, 1).body as object) }] },
    })
  })
})

describe('the journal', () => {
  test('is told to auditors and, veiled, to partners', async () => {
    for (const key of [world.keys.auditor, world.keys.partner]) {
      let after = 0
      for (;;) {
        const { body } = await ask('listChanges', `/v1/changes?after=${after}&limit=500`, { key })
        if (body.items.length === 0) break
        after = body.next
      }
      expect(after).toBeGreaterThan(50)
    }
  })
})

/** What any operation may answer; tried for all of them in answers.test.ts and malformed.test.ts, or never in a test. */
const of_all: ReadonlySet<string> = new Set([
  'database_unavailable',
  'forbidden_scope',
  'idempotency_key_invalid',
  'idempotency_key_missing',
  'idempotency_key_reused',
  'internal_error',
  'invalid_body',
  'invalid_parameters',
  'malformed_json',
  'not_acceptable',
  'overloaded',
  'payload_too_large',
  'too_many_requests',
  'unauthenticated',
  'unsupported_media_type',
])

test('every refusal that the document names for an operation of its own was met', () => {
  const unmet = asker.operations.flatMap(({ id, object }) =>
    Object.entries(object.responses)
      .filter(([status]) => Number(status) >= 400)
      .flatMap(([, { description }]) =>
        Array.from(description.matchAll(/`([a-z0-9_]+)`: /g), ([, code]) => code),
      )
      .filter((code) => code !== undefined && !of_all.has(code) && !asker.answered.has(`${id} ${code}`))
      .map((code) => `${id} ${code}`),
  )
  expect(unmet).toEqual([])
})
