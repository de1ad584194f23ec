import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProblemCode } from '../../src/http/problem.ts'
import { type Answer, aShelter, type CallOptions } from '../setup/service.ts'
import { type Asker, askerOf } from './ask.ts'
import { OTHER_SHELTER, SHELTER, startWorld, WAREHOUSE, type World } from './world.ts'

/*
 * Promise: every refusal that the document names can happen, looks as documented, and nothing is refused in a way
 * that the document does not name; so are the answers of an operation in all its forms.
 */

let world: World
let asker: Asker
let regional: string
let staff: string
let careful: string
let logistics: string

const ask = (operation: string, path: string, options?: CallOptions) => asker.ask(operation, path, options)
const refused = (code: ProblemCode, operation: string, path: string, options?: CallOptions) =>
  asker.refused(code, operation, path, options)

beforeAll(async () => {
  world = await startWorld({ PLACES_GOAL: '1000' })
  asker = askerOf(world)
  regional = world.keys.regional_coordinator
  staff = world.keys.shelter_staff
  careful = await world.service.issue('shelter_staff', { shelters: [world.shelter_id], overflow: false })
  // Everywhere is what the role reaches; a key may be of fewer regions.
  logistics = await world.service.issue('logistics', { regions: ['AM-KT'] })
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
    const family = await stayOf(SHELTER, 1, {}, { reference: 'Refusals 3' })
    const crowd = { body: { ...body, people: 51 } }
    await refused('too_many_people', 'postCorrection', `/v1/stays/${family}/correction`, crowd)
    await refuseStays('postCorrection', 'correction', body)
    await refuseStays('postCancellation', 'cancellation', { reason: 'posted_twice' })
  })
})

describe('the catalogue of supplies', () => {
  const names = { hy: 'Կտոր', ru: 'Кусок', en: 'Piece' }
  const nothing_such = '/v1/items/nothing_such'

  test('is kept by who has read it, without two of one code', async () => {
    const item = { code: 'refusals_item', names, category: 'food', unit: 'kg', decimals: 1 }
    const body = { ...item, storage: 'frozen', controlled: true, kcal_per_unit: 900_000, atc_code: 'A10BA02' }
    await ask('addItem', '/v1/items', { body })
    await refused('code_taken', 'addItem', '/v1/items', { body })
    const path = '/v1/items/refusals_item'
    const { headers } = await ask('getItem', path)
    expect((await ask('getItem', path, { headers: { 'if-none-match': headers.etag ?? '' } })).status).toBe(
      304,
    )
    const patch = (if_match?: string): CallOptions => ({
      body: { kcal_per_unit: null, atc_code: null, names },
      ...(if_match !== undefined && { headers: { 'if-match': if_match } }),
    })
    await ask('changeItem', path, patch(headers.etag))
    await refused('precondition_failed', 'changeItem', path, patch(headers.etag))
    await refused('precondition_required', 'changeItem', path, patch())
    await refused('item_not_found', 'changeItem', nothing_such, patch('*'))
    await refused('item_not_found', 'getItem', nothing_such)
    const page = await ask('listItems', '/v1/items?limit=1&category=food')
    await ask('listItems', `/v1/items?q=rice&cursor=${page.body.next_cursor}`)
  })

  test('says what people need, and what they take in a day', async () => {
    const path = '/v1/needs/refusals_need'
    expect((await ask('setNeed', path, { body: { names } })).status).toBe(201)
    const insulin = { names, item: 'insulin', daily_quantity: '15', source: 'A physician' }
    expect((await ask('setNeed', path, { body: insulin })).status).toBe(200)
    await refused('item_not_found', 'setNeed', path, { body: { names, item: 'nothing_such' } })
    const exact = { body: { ...insulin, daily_quantity: '1.5' } }
    await refused('too_many_decimals', 'setNeed', path, exact)
    await refused('invalid_body', 'setNeed', path, { body: { names, daily_quantity: '1' } })
    await refused('need_not_found', 'setNeed', '/v1/needs/Nothing', { body: insulin })
    await ask('listNeeds', '/v1/needs')
  })

  test('has stores, each with an id and a code of its own', async () => {
    const id = NO_ID.replace(/.$/, '1')
    const position = { latitude: 40, longitude: 45 }
    const body = { id, code: 'WH-REFUSALS', name: 'Store', region: 'AM-KT', ...position }
    await ask('openStore', '/v1/stores', { body })
    const another = { ...body, id: undefined }
    await refused('code_taken', 'openStore', '/v1/stores', { body: another })
    await refused('id_taken', 'openStore', '/v1/stores', { body: { ...body, code: 'WH-OTHER' } })
    const far = { key: logistics, body: { name: 'Store', region: 'AM-SU' } }
    await refused('outside_remit', 'openStore', '/v1/stores', far)
    for (const wrong of [{ longitude: undefined }, { code: 'AM-KT-0999' }])
      await refused('invalid_body', 'openStore', '/v1/stores', { body: { ...another, ...wrong } })
    const { headers } = await ask('getStore', `/v1/stores/${id}`)
    const known = { headers: { 'if-none-match': headers.etag ?? '' } }
    expect((await ask('getStore', '/v1/stores/WH-REFUSALS', known)).status).toBe(304)
    await refused('store_not_found', 'getStore', `/v1/stores/${NOWHERE}`)
    const page = await ask('listStores', '/v1/stores?limit=1&kind=shelter')
    await ask('listStores', `/v1/stores?region=AM-KT&cursor=${page.body.next_cursor}`)
  })
})

describe('stock', () => {
  const path = '/v1/stock-movements'
  const move = (kind: string, line: object, more: object = {}): CallOptions => ({
    body: { kind, store: SHELTER, lines: [{ item: 'insulin', ...line }], ...more },
  })
  const lot = { lot: 'refusals', expires_on: '2999-12-31' }

  test('moves in each way, as far as it is there', async () => {
    await ask(
      'postStockMovement',
      path,
      move('receipt', { ...lot, quantity: '100' }, { id: NO_ID, note: 'By van' }),
    )
    await refused(
      'id_taken',
      'postStockMovement',
      path,
      move('receipt', { ...lot, quantity: '1' }, { id: NO_ID }),
    )
    await ask('postStockMovement', path, move('quarantine', { ...lot, quantity: '30' }))
    await ask('postStockMovement', path, move('release', { ...lot, quantity: '10' }))
    await ask('postStockMovement', path, move('disposal', { ...lot, quantity: '5' }, { reason: 'damage' }))
    await ask('postStockMovement', path, move('adjustment', { ...lot, quantity: '-5' }, { reason: 'count' }))
    await ask('postStockMovement', path, move('transfer', { quantity: '5' }, { to_store: OTHER_SHELTER }))
    await ask('postStockMovement', path, move('issue', { quantity: '5' }))
    const short = await refused(
      'insufficient_stock',
      'postStockMovement',
      path,
      move('issue', { quantity: '1000' }),
    )
    expect(short).toMatchObject({
      line: 0,
      item: 'insulin',
      requested: '1000',
      available: expect.any(String),
    })
    const unknown_lot = move('issue', { lot: 'nobody has it', quantity: '1' })
    await refused('lot_not_found', 'postStockMovement', path, unknown_lot)
    const unknown_item = move('receipt', { item: 'nothing_such', quantity: '1' })
    await refused('item_not_found', 'postStockMovement', path, unknown_item)
    await refused('too_many_decimals', 'postStockMovement', path, move('receipt', { quantity: '0.5' }))
    const expired = move('receipt', { expires_on: '2020-01-01', quantity: '1' })
    await refused('lot_expired', 'postStockMovement', path, expired)
    const here = move('transfer', { quantity: '1' }, { to_store: SHELTER })
    await refused('same_store', 'postStockMovement', path, here)
    for (const more of [{ store: NOWHERE }, { kind: 'transfer', to_store: NOWHERE }])
      await refused('store_not_found', 'postStockMovement', path, move('issue', { quantity: '1' }, more))
    const outside = { key: staff, ...move('receipt', { quantity: '1' }, { store: OTHER_SHELTER }) }
    await refused('outside_remit', 'postStockMovement', path, outside)
    await refuseMoments('postStockMovement', path, move('receipt', { quantity: '1' }).body as object)
  })

  test('that was moved by mistake is moved back once, while it is there', async () => {
    const of = (movement: string) => `${path}/${movement}/reversal`
    const came = async (store: string) =>
      String(
        (await ask('postStockMovement', path, move('receipt', { quantity: '7' }, { store }))).body.movement
          .id,
      )
    const back = await came(SHELTER)
    await ask('reverseStockMovement', of(back), { body: {} })
    await refused('movement_reversed', 'reverseStockMovement', of(back), { body: {} })
    const gone = await came(WAREHOUSE)
    await ask('postStockMovement', path, move('issue', { quantity: '7' }, { store: WAREHOUSE }))
    await refused('insufficient_stock', 'reverseStockMovement', of(gone), { body: {} })
    await refused('outside_remit', 'reverseStockMovement', of(gone), { key: staff, body: {} })
    const unknown = NO_ID.replace(/.$/, '0')
    await refused('movement_not_found', 'reverseStockMovement', of(unknown), { body: {} })
    await refused('movement_not_found', 'getStockMovement', `${path}/${gone}`, { key: staff })
    const { headers } = await ask('getStockMovement', `${path}/${back}`)
    const known = { headers: { 'if-none-match': headers.etag ?? '' } }
    expect((await ask('getStockMovement', `${path}/${back}`, known)).status).toBe(304)
  })

  test('is shown to whom it concerns', async () => {
    const of = (store: string) => `/v1/stores/${store}/stock`
    const { headers } = await ask('getStock', of(SHELTER), { key: staff })
    const known = { headers: { 'if-none-match': headers.etag ?? '' } }
    expect((await ask('getStock', of(SHELTER), known)).status).toBe(304)
    await ask('getStock', `${of(SHELTER)}?as_of=2023-09-29T16:00:00Z&item=insulin&status=usable`)
    await refused('store_not_found', 'getStock', of(NOWHERE))
    await refused('outside_remit', 'getStock', of(OTHER_SHELTER), { key: staff })
    const page = await ask('listStockMovements', `${path}?limit=1&store=${SHELTER}`)
    await ask('listStockMovements', `${path}?kind=receipt&cursor=${page.body.next_cursor}`)
    await refused('store_not_found', 'listStockMovements', `${path}?store=${NOWHERE}`)
  })
})

describe('services', () => {
  const days = { provider: 'School kitchen 7', starts_on: '2023-09-29' }
  const ended = { ends_on: '2023-10-01' }

  test('of meals begin and end', async () => {
    const path = '/v1/meal-services'
    const end = (service: string) => `${path}/${service}/end`
    const body = { ...days, shelter: SHELTER, meals_per_day: 30 }
    const meals = (more: object): CallOptions => ({ body: { ...body, ...more } })
    const warehouse = (await ask('getStore', `/v1/stores/${WAREHOUSE}`)).body.id
    await ask('startMealService', path, meals({ id: NO_ID, ends_on: '2999-12-31' }))
    await refused('id_taken', 'startMealService', path, meals({ id: NO_ID }))
    await refused('shelter_not_found', 'startMealService', path, meals({ shelter: NOWHERE }))
    await refused('shelter_not_found', 'startMealService', path, meals({ shelter: warehouse }))
    const far = meals({ shelter: ELSEWHERE })
    await refused('outside_remit', 'startMealService', path, { key: logistics, ...far })
    await refused('invalid_body', 'startMealService', path, meals({ ends_on: '2023-09-28' }))
    const elsewhere = (await ask('startMealService', path, far)).body.meal_service.id
    await refused('outside_remit', 'endMealService', end(elsewhere), { key: logistics, body: ended })
    await refused('before_start', 'endMealService', end(NO_ID), { body: { ends_on: '2023-09-28' } })
    await ask('endMealService', end(NO_ID), { body: ended })
    await refused('service_ended', 'endMealService', end(NO_ID), { body: {} })
    await refused('service_not_found', 'endMealService', end(world.shelter_id), { body: ended })
    const page = await ask('listMealServices', `${path}?limit=1`)
    await ask('listMealServices', `${path}?region=AM-KT&shelter=${SHELTER}&cursor=${page.body.next_cursor}`)
    await refused('shelter_not_found', 'listMealServices', `${path}?shelter=${NOWHERE}`)
  })

  test('of health begin and end, in a shelter or elsewhere', async () => {
    const path = '/v1/health-services'
    const end = (service: string) => `${path}/${service}/end`
    const health = (more: object): CallOptions => ({ body: { ...days, kind: 'clinic', ...more } })
    const position = { latitude: 39.51, longitude: 46.34 }
    await ask('startHealthService', path, health({ id: NO_ID, position, weekdays: [1, 4] }))
    await ask('startHealthService', path, health({ shelter: SHELTER, ends_on: '2999-12-31' }))
    await refused('id_taken', 'startHealthService', path, health({ id: NO_ID, position }))
    await refused('shelter_not_found', 'startHealthService', path, health({ shelter: NOWHERE }))
    const far = { key: logistics, ...health({ shelter: ELSEWHERE }) }
    await refused('outside_remit', 'startHealthService', path, far)
    await refused('invalid_body', 'startHealthService', path, health({ position, shelter: SHELTER }))
    await refused('before_start', 'endHealthService', end(NO_ID), { body: { ends_on: '2023-09-28' } })
    await ask('endHealthService', end(NO_ID), { body: ended })
    await refused('service_ended', 'endHealthService', end(NO_ID), { body: {} })
    await refused('service_not_found', 'endHealthService', end(world.shelter_id), { body: ended })
    const page = await ask('listHealthServices', `${path}?limit=1`)
    await ask('listHealthServices', `${path}?kind=clinic&cursor=${page.body.next_cursor}`)
  })
})

test('standards are changed with their source, and no others are made up', async () => {
  const body = { value: 12.5, source: 'A decision' }
  await ask('setStandard', '/v1/standards/near_full_percent', { body: { ...body, value: 95 } })
  await refused('standard_not_found', 'setStandard', '/v1/standards/nothing_such', { body })
  await ask('listStandards', '/v1/standards')
})

describe('a consignment', () => {
  const path = '/v1/consignments'
  const cargo = { item: 'insulin', lot: 'refusals', expires_on: '2999-12-31', quantity: '100' }
  const announced = (more: object = {}): CallOptions => ({
    body: {
      reference: 'Refusals',
      sender: 'Red Cross',
      origin: 'Goris',
      destination: SHELTER,
      lines: [cargo],
      ...more,
    },
  })
  const fresh = async (more: object = {}): Promise<string> =>
    `${path}/${(await ask('announceConsignment', path, announced(more))).body.consignment.id}`
  const receipt = (line: object, more: object = {}): CallOptions => ({
    body: { lines: [{ line: 0, received: '1', ...line }], ...more },
  })

  test('is announced and shown', async () => {
    const everything = {
      id: NO_ID,
      corridor: 'Lachin road',
      expected_at: '2023-09-29T16:00:00Z',
      vehicles: [{ kind: 'truck', plate: '12 AB 345' }, { kind: 'car' }],
      gross_weight_kg: 999_999,
      note: 'With an escort',
      occurred_at: '2023-09-28T16:00:00Z',
    }
    await ask('announceConsignment', path, announced(everything))
    await refused('id_taken', 'announceConsignment', path, announced({ id: NO_ID }))
    await refused('store_not_found', 'announceConsignment', path, announced({ destination: NOWHERE }))
    const unknown = announced({ lines: [{ ...cargo, item: 'nothing_such' }] })
    await refused('item_not_found', 'announceConsignment', path, unknown)
    const exact = announced({ lines: [{ ...cargo, quantity: '0.5' }] })
    await refused('too_many_decimals', 'announceConsignment', path, exact)
    await refuseMoments('announceConsignment', path, announced().body as object)
    const { headers } = await ask('getConsignment', `${path}/${NO_ID}`)
    const known = { headers: { 'if-none-match': headers.etag ?? '' } }
    expect((await ask('getConsignment', `${path}/${NO_ID}`, known)).status).toBe(304)
    const elsewhere = await fresh({ destination: ELSEWHERE })
    await refused('consignment_not_found', 'getConsignment', elsewhere, { key: staff })
    const page = await ask('listConsignments', `${path}?limit=1&destination=${SHELTER}`)
    const next = `${path}?status=announced&region=AM-KT&cursor=${page.body.next_cursor}`
    await ask('listConsignments', next)
  })

  test('comes, or does not', async () => {
    const one = await fresh()
    await ask('dispatchConsignment', `${one}/dispatch`, { body: {} })
    const held = { name: 'Checkpoint', status: 'held', note: 'Papers' }
    await ask('postCheckpoint', `${one}/checkpoint`, { body: held })
    const to = `${one}/receipt`
    await refused('line_not_found', 'receiveConsignment', to, receipt({ line: 1 }))
    await refused('too_many_decimals', 'receiveConsignment', to, receipt({ damaged: '0.5' }))
    await refused('more_than_announced', 'receiveConsignment', to, receipt({ damaged: '100' }))
    await refused('lot_expired', 'receiveConsignment', to, receipt({ expires_on: '2020-01-01' }))
    const more = { partial: true, note: 'The rest comes tomorrow' }
    await ask('receiveConsignment', to, { key: staff, ...receipt({ damaged: '1', lot: 'other' }, more) })
    const damaged = await ask('receiveConsignment', to, receipt({ received: '0', damaged: '1' }))
    expect(damaged.body).toMatchObject({ movement: null, consignment: { status: 'received' } })
    const elsewhere = await fresh({ destination: ELSEWHERE })
    const outside = { key: staff, ...receipt({}) }
    await refused('outside_remit', 'receiveConsignment', `${elsewhere}/receipt`, outside)
    await ask('cancelConsignment', `${elsewhere}/cancellation`, {
      body: { reason: 'other', note: 'A mistake' },
    })

    const open = await fresh()
    for (const [operation, action, body] of [
      ['dispatchConsignment', 'dispatch', {}],
      ['postCheckpoint', 'checkpoint', { name: 'Checkpoint', status: 'cleared' }],
      ['receiveConsignment', 'receipt', receipt({}).body as object],
      ['cancelConsignment', 'cancellation', { reason: 'blocked' }],
    ] as const) {
      await refused('consignment_closed', operation, `${one}/${action}`, { body })
      const unknown = `${path}/${world.shelter_id}/${action}`
      await refused('consignment_not_found', operation, unknown, { body })
      if (action !== 'cancellation') await refuseMoments(operation, `${open}/${action}`, body)
    }
  })
})

describe('access and alerts', () => {
  test('are told of shelters that there are, to who knows what they have', async () => {
    for (const [operation, path] of [
      ['getFoodAccess', '/v1/food/access'],
      ['getMedicineAccess', '/v1/medicine/access'],
    ] as const) {
      await refused('shelter_not_found', operation, `${path}?shelter=${NOWHERE}`)
      const page = await ask(operation, `${path}?limit=1&days=3`)
      await ask(operation, `${path}?region=AM-KT&status=none&cursor=${page.body.next_cursor}`)
      await ask(operation, `${path}?shelter=${SHELTER}&format=csv&hxl=true`)
      const { headers } = await ask(operation, path)
      const known = { headers: { 'if-none-match': headers.etag ?? '' } }
      expect([operation, (await ask(operation, path, known)).status]).toEqual([operation, 304])
    }
    await ask('getFoodAccess', '/v1/food/access?temperature_c=-20')
  })

  test('are acknowledged by who may see them', async () => {
    const counted = { body: { people: 0, method: 'headcount' } }
    await ask('postHeadcount', `/v1/shelters/${SHELTER}/headcounts`, counted)
    const page = await ask('listAlerts', `/v1/alerts?limit=1`)
    await ask('listAlerts', `/v1/alerts?cursor=${page.body.next_cursor}`)
    const differing = `/v1/alerts?shelter=${SHELTER}&kind=headcount_differs`
    const [alert] = (await ask('listAlerts', differing)).body.items
    await ask('acknowledgeAlert', `/v1/alerts/${alert.id}/acknowledgement`, { key: staff, body: {} })
    const unknown = `/v1/alerts/${world.shelter_id}/acknowledgement`
    await refused('alert_not_found', 'acknowledgeAlert', unknown, { body: {} })
    await ask('listAlerts', '/v1/alerts?status=closed&severity=critical&region=AM-KT')
  })
})

test('every list goes on after its own cursor; one of another list is none', async () => {
  for (const people of [1, 2])
    await ask('postHeadcount', `/v1/shelters/${SHELTER}/headcounts`, {
      body: { people, method: 'headcount' },
    })
  for (const operation of asker.operations.filter(({ method }) => method === 'GET')) {
    const parameters = operation.object.parameters ?? []
    if (!parameters.some(({ name }) => name === 'cursor')) continue
    const { path, query } = await world.request(operation)
    const first = await ask(operation.id, `${path}?${new URLSearchParams({ ...query, limit: '1' })}`)
    expect([operation.id, first.body.next_cursor]).toEqual([operation.id, expect.any(String)])
    const on = new URLSearchParams({ ...query, limit: '1', cursor: first.body.next_cursor })
    const second = await ask(operation.id, `${path}?${on}`)
    expect([operation.id, second.status, second.body.items.length]).toEqual([operation.id, 200, 1])
    expect([operation.id, second.body.items[0]]).not.toEqual([operation.id, first.body.items[0]])
    for (const values of [['nonsense'], ['nonsense', 'nonsense'], [1e300, 'nonsense', 'nonsense']]) {
      const cursor = Buffer.from(JSON.stringify(values)).toString('base64url')
      const { status } = await ask(operation.id, `${path}?${new URLSearchParams({ ...query, cursor })}`)
      expect([operation.id, values, status]).toEqual([operation.id, values, expect.toBeOneOf([200, 400])])
    }
  }
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
