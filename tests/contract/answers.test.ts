import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProblemCode } from '../../src/http/problem.ts'
import { type Answer, aShelter, type CallOptions } from '../setup/service.ts'
import { isRecord, type Operation, operationsOf, parametersOf } from './document.ts'
import { type AnswerCheck, answersMatch, schemaCompiler } from './validate.ts'
import { type Prepared, SHELTER, startWorld, type World } from './world.ts'

/*
 * Promise: what comes over the wire is what the document says, of every operation, when it succeeds and when it
 * refuses: the status, the content type, every field and no other.
 */

let world: World
let operations: Operation[]
let matches: AnswerCheck
/** what was answered so far, `postArrival 201` */
const answered = new Set<string>()

beforeAll(async () => {
  world = await startWorld({ PLACES_GOAL: '1000' })
  operations = operationsOf(world.document)
  matches = answersMatch(world.document)
})
afterAll(() => world?.stop())

function checked(operation: string, answer: Answer): Answer {
  matches(operation, answer.status, answer.body, answer.headers['content-type'])
  answered.add(`${operation} ${answer.status}`)
  return answer
}

/** Calls as the admin and checks the answer by the document. */
async function ask(operation: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const method = operations.find(({ id }) => id === operation)?.method ?? 'GET'
  return checked(operation, await world.service.call(method, path, { key: world.keys.admin, ...options }))
}

async function refused(code: ProblemCode, operation: string, path: string, options: CallOptions = {}) {
  const answer = await ask(operation, path, options)
  expect([operation, answer.body.code]).toEqual([operation, code])
  return answer.body
}

/** Sends a prepared request, with some headers changed; `undefined` leaves one out. */
async function sent(prepared: Prepared, changed: Record<string, string | undefined> = {}, body?: string) {
  const { operation, method, path, query } = prepared
  const headers = Object.entries({ ...prepared.headers, ...changed }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  )
  const search = new URLSearchParams(query).toString()
  const response = await fetch(`${world.service.base}${path}${search === '' ? '' : `?${search}`}`, {
    method,
    headers,
    ...(prepared.body !== undefined && { body: body ?? JSON.stringify(prepared.body) }),
  })
  const content_type = response.headers.get('content-type') ?? ''
  const text = await response.text()
  const is_json = /^application\/([a-z]+\+)?json/.test(content_type)
  return checked(operation.id, {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: is_json ? JSON.parse(text) : text,
  })
}

describe('every operation', () => {
  test('succeeds as its example says, and answers what the document says', async () => {
    for (const operation of operations) {
      const { status, body } = await sent(await world.request(operation))
      expect([operation.id, Math.floor(status / 100), body]).toEqual([operation.id, 2, body])
    }
  })

  test('answers in each format that it offers', async () => {
    for (const operation of operations) {
      const format = parametersOf(world.document, operation, 'query').find(({ name }) => name === 'format')
      for (const name of Array.isArray(format?.schema.enum) ? format.schema.enum : []) {
        const prepared = await world.request(operation)
        const { status } = await sent({ ...prepared, query: { ...prepared.query, format: String(name) } })
        expect([operation.id, name, status]).toEqual([operation.id, name, 200])
      }
    }
  })

  test('refuses strangers, wrong formats and unknown parameters as documented', async () => {
    for (const operation of operations) {
      const prepared = await world.request(operation)
      const statuses = [
        operation.object.security?.length === 0
          ? 401
          : (await sent(prepared, { authorization: undefined })).status,
        (await sent(prepared, { accept: 'image/png' })).status,
        (await sent({ ...prepared, query: { ...prepared.query, colour: 'red' } })).status,
      ]
      expect([operation.id, ...statuses]).toEqual([operation.id, 401, 406, 400])
    }
  })

  test('with a body refuses what is no JSON, wrong, too large or in a wrong wrapping, as documented', async () => {
    for (const operation of operations.filter(({ object }) => object.requestBody !== undefined)) {
      const prepared = await world.request(operation)
      const { body } = prepared
      const statuses = [
        (await sent(prepared, {}, '{')).status,
        (await sent(prepared, {}, JSON.stringify({ ...(isRecord(body) ? body : {}), colour: 'red' }))).status,
        (await sent(prepared, { 'content-type': 'text/plain' })).status,
        (await sent(prepared, { 'content-encoding': 'gzip' })).status,
        (await sent(prepared, {}, JSON.stringify({ note: 'x'.repeat(1_048_576) }))).status,
      ]
      expect([operation.id, ...statuses]).toEqual([operation.id, 400, 422, 415, 415, 413])
    }
  })

  test('refuses a key without its scope as documented', async () => {
    for (const operation of operations.filter(({ object }) => object.security?.length !== 0)) {
      const prepared = await world.request(operation)
      // A partner may write nothing of what there is, logistics sees no stays and posts none.
      const poor = operation.method === 'GET' ? world.keys.logistics : world.keys.partner
      const { status, body } = await sent(prepared, { authorization: `Bearer ${poor}` })
      if (status < 400) continue
      expect([operation.id, status, body.code]).toEqual([operation.id, 403, 'forbidden_scope'])
    }
    expect(answered).toContain('postArrival 403')
    expect(answered).toContain('getStay 403')
  })
})

describe('the register', () => {
  const register = (code: string, more: object = {}) => ({ body: aShelter(code, 10, more) })

  test('shows a shelter with everything that can be known of it', async () => {
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
    const made = await ask('registerShelter', '/v1/shelters', register('AM-KT-0201', everything))
    expect([made.status, made.body.warnings]).toEqual([
      201,
      [expect.objectContaining({ code: 'outside_region_box' })],
    ])
    for (const key of [world.keys.admin, world.keys.partner]) {
      const shown = await ask('getShelter', '/v1/shelters/AM-KT-0201', { key })
      expect('contact' in shown.body).toBe(key === world.keys.admin)
    }
    const page = await ask('listShelters', '/v1/shelters?limit=1')
    expect(page.body.next_cursor).toEqual(expect.any(String))
    await ask('listShelters', `/v1/shelters?limit=1&cursor=${page.body.next_cursor}`)
  })

  test('answers a caller who has the newest already with 304 and nothing else', async () => {
    for (const [operation, path] of [
      ['getShelter', `/v1/shelters/${SHELTER}`],
      ['getCapacity', '/v1/capacity'],
      ['getStay', `/v1/stays/${await world.newStay()}`],
    ] as const) {
      const { headers } = await ask(operation, path)
      const again = await ask(operation, path, { headers: { 'if-none-match': headers.etag ?? '' } })
      expect([operation, again.status, again.body]).toEqual([operation, 304, ''])
    }
  })

  test('refuses as documented', async () => {
    const id = '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e01'
    await ask('registerShelter', '/v1/shelters', register('AM-KT-0202', { id }))
    await refused('code_taken', 'registerShelter', '/v1/shelters', register('AM-KT-0202'))
    await refused('id_taken', 'registerShelter', '/v1/shelters', register('AM-KT-0203', { id }))
    const key = world.keys.regional_coordinator
    await refused('outside_remit', 'registerShelter', '/v1/shelters', { key, ...register('AM-SU-0203') })
    const far = { occurred_at: new Date(Date.now() + 3_600_000).toISOString() }
    await refused('in_the_future', 'registerShelter', '/v1/shelters', register('AM-KT-0204', far))
    const old = { occurred_at: '1999-12-31T00:00:00Z' }
    await refused('before_2000', 'registerShelter', '/v1/shelters', register('AM-KT-0204', old))
    const idempotency_key = 'answers-test-key'
    await ask('registerShelter', '/v1/shelters', { idempotency_key, ...register('AM-KT-0205') })
    const replayed = await ask('registerShelter', '/v1/shelters', {
      idempotency_key,
      ...register('AM-KT-0205'),
    })
    expect(replayed.headers['idempotency-replayed']).toBe('true')
    const other = { idempotency_key, ...register('AM-KT-0206') }
    await refused('idempotency_key_reused', 'registerShelter', '/v1/shelters', other)
    const none = { idempotency_key: null, ...register('AM-KT-0206') }
    await refused('idempotency_key_missing', 'registerShelter', '/v1/shelters', none)
    await refused('shelter_not_found', 'getShelter', '/v1/shelters/AM-KT-9999')
    await refused('invalid_parameters', 'listShelters', '/v1/shelters?cursor=nonsense')
  })

  test('is changed, and refuses to be, as documented', async () => {
    const path = '/v1/shelters/AM-KT-0210'
    await ask('registerShelter', '/v1/shelters', register('AM-KT-0210'))
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
    await refused('shelter_not_found', 'changeShelter', '/v1/shelters/AM-KT-9999', patch({}, '*'))
    const key = world.keys.regional_coordinator
    await ask('registerShelter', '/v1/shelters', register('AM-SU-0210', { region: 'AM-SU' }))
    const elsewhere = { key, ...patch({ address: 'x' }, '*') }
    await refused('outside_remit', 'changeShelter', '/v1/shelters/AM-SU-0210', elsewhere)
    await ask('postArrival', '/v1/arrivals', { body: { shelter: 'AM-KT-0210', household: { people: 1 } } })
    await refused('places_in_use', 'changeShelter', path, patch({ status: 'closed' }, '*'))
  })
})

test('an id in capitals is the same id, for the service and for the document', async () => {
  const id = (await world.newStay()).toUpperCase()
  const compile = schemaCompiler()
  const getting = operations.filter(({ id }) => id === 'getStay')
  for (const { schema } of getting.flatMap((operation) => parametersOf(world.document, operation, 'path')))
    expect(compile(schema)(id)).toBe(true)
  expect((await ask('getStay', `/v1/stays/${id}`)).body.id).toBe(id.toLowerCase())
})

describe('places', () => {
  test('are changed, and refuse to be, as documented', async () => {
    await ask('registerShelter', '/v1/shelters', { body: aShelter('AM-KT-0220', 10) })
    const path = '/v1/shelters/AM-KT-0220/places'
    const change = (body: object) => ({ body })
    await ask('changePlaces', path, change({ change: 5, reason: 'expanded', note: 'The gym is ready' }))
    await ask('changePlaces', path, change({ places: 12, expected_places: 15, reason: 'reduced' }))
    const stale = change({ places: 20, expected_places: 15, reason: 'expanded' })
    const changed = await refused('changed_meanwhile', 'changePlaces', path, stale)
    expect(changed.places).toBe(12)
    const full = { shelter: 'AM-KT-0220', household: { people: 12 } }
    await ask('postArrival', '/v1/arrivals', { body: full })
    await refused('places_in_use', 'changePlaces', path, change({ change: -1, reason: 'reduced' }))
    await refused('too_many_places', 'changePlaces', path, change({ change: 19_999, reason: 'expanded' }))
    await refused('reason_does_not_fit', 'changePlaces', path, change({ change: 1, reason: 'reduced' }))
    await refused('invalid_body', 'changePlaces', path, change({ change: 0, reason: 'correction' }))
    await refused(
      'shelter_not_found',
      'changePlaces',
      '/v1/shelters/AM-KT-9999/places',
      change({
        change: 1,
        reason: 'expanded',
      }),
    )
    const elsewhere = { key: world.keys.regional_coordinator, ...change({ change: 1, reason: 'expanded' }) }
    await ask('registerShelter', '/v1/shelters', { body: aShelter('AM-SU-0220', 1, { region: 'AM-SU' }) })
    await refused('outside_remit', 'changePlaces', '/v1/shelters/AM-SU-0220/places', elsewhere)
    const past = change({ change: 1, reason: 'expanded', occurred_at: '1999-01-01T00:00:00Z' })
    await refused('before_2000', 'changePlaces', path, past)
  })

  test('of the past and of regions are answered as documented', async () => {
    await ask('getCapacity', '/v1/capacity?as_of=2023-09-26T00:00:00Z&region=AM-KT')
    await ask('getCapacity', '/v1/capacity?known_seq=3')
    await ask('getCapacity', '/v1/capacity?known_at=2023-09-26T00:00:00%2B04:00')
    await refused(
      'invalid_parameters',
      'getCapacity',
      '/v1/capacity?known_at=2023-09-26T00:00:00Z&known_seq=1',
    )
  })
})

describe('arrivals and stays', () => {
  const arrive = (shelter: string, household: object, more: object = {}) => ({
    body: { shelter, household, ...more },
  })

  test('are answered as documented, with what a household told', async () => {
    await ask('registerShelter', '/v1/shelters', { body: aShelter('AM-KT-0230', 10) })
    const told = {
      reference: 'Answers 1',
      people: 4,
      composition: { f_0_4: 1, m_60_plus: 1 },
      needs: [{ need: 'insulin', people: 1 }],
    }
    const id = '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e02'
    const more = { id, occurred_at: '2023-09-29T20:00:00+04:00' }
    const made = await ask('postArrival', '/v1/arrivals', arrive('AM-KT-0230', told, more))
    expect([made.status, made.body.stay.id]).toEqual([201, id])
    await ask('getStay', `/v1/stays/${id}`)
    const part = { people: 1, destination: 'hospital' }
    await ask('postDeparture', `/v1/stays/${id}/departure`, { body: part })
    const overflow = arrive('AM-KT-0230', { people: 20 }, { overflow: true })
    expect((await ask('postArrival', '/v1/arrivals', overflow)).body.balance.emergency).toBe(13)
    await ask('registerShelter', '/v1/shelters', { body: aShelter('AM-KT-0231', 10) })
    const moved = arrive('AM-KT-0231', { ...told, people: 3, composition: {} }, { moved: true })
    await ask('postArrival', '/v1/arrivals', moved)
    await ask('getStay', `/v1/stays/${id}`)
    const found = await ask('listStays', '/v1/stays?reference=answers1')
    expect(found.body.items).toHaveLength(2)
    const page = await ask('listStays', '/v1/stays?limit=1')
    await ask('listStays', `/v1/stays?limit=1&cursor=${page.body.next_cursor}`)
  })

  test('refuse as documented', async () => {
    await ask('registerShelter', '/v1/shelters', { body: aShelter('AM-KT-0240', 2) })
    const full = await refused(
      'shelter_full',
      'postArrival',
      '/v1/arrivals',
      arrive('AM-KT-0240', { people: 3 }),
    )
    expect(full).toMatchObject({ free: 2, requested: 3, alternatives: expect.any(Array) })
    const known = arrive('AM-KT-0240', { people: 1, reference: 'Answers 2' })
    const { body: there } = await ask('postArrival', '/v1/arrivals', known)
    await refused('already_present', 'postArrival', '/v1/arrivals', known)
    const twice = arrive('AM-KT-0240', { people: 1 }, { id: there.stay.id })
    await refused('id_taken', 'postArrival', '/v1/arrivals', twice)
    await ask('registerShelter', '/v1/shelters', { body: aShelter('AM-KT-0241', 2, { status: 'paused' }) })
    await refused('shelter_not_open', 'postArrival', '/v1/arrivals', arrive('AM-KT-0241', { people: 1 }))
    await refused('shelter_not_found', 'postArrival', '/v1/arrivals', arrive('AM-KT-9999', { people: 1 }))
    const key = world.keys.shelter_staff
    const elsewhere = { key, ...arrive('AM-KT-0240', { people: 1 }) }
    await refused('outside_remit', 'postArrival', '/v1/arrivals', elsewhere)
    const careful = await world.service.issue('shelter_staff', {
      shelters: [world.shelter_id],
      overflow: false,
    })
    const overflow = { key: careful, ...arrive(SHELTER, { people: 1 }, { overflow: true }) }
    await refused('overflow_not_allowed', 'postArrival', '/v1/arrivals', overflow)
    const future = arrive(
      SHELTER,
      { people: 1 },
      { occurred_at: new Date(Date.now() + 3_600_000).toISOString() },
    )
    await refused('in_the_future', 'postArrival', '/v1/arrivals', future)

    const stay = `/v1/stays/${there.stay.id}`
    const leave = (more: object = {}) => ({ body: { destination: 'unknown', ...more } })
    await refused('more_than_present', 'postDeparture', `${stay}/departure`, leave({ people: 2 }))
    const early = leave({ occurred_at: '2023-01-01T00:00:00Z' })
    await refused('before_arrival', 'postDeparture', `${stay}/departure`, early)
    await refused('stay_not_found', 'postDeparture', `${stay}/departure`, { key, ...leave() })
    await ask('postDeparture', `${stay}/departure`, leave())
    await refused('stay_ended', 'postDeparture', `${stay}/departure`, leave())
    await refused('stay_not_found', 'getStay', stay, { key })
    await refused('shelter_not_found', 'listStays', '/v1/stays?shelter=AM-KT-9999')
  })
})

describe('the journal', () => {
  test('is answered as documented, to auditors and, veiled, to partners', async () => {
    for (const key of [world.keys.auditor, world.keys.partner]) {
      let after = 0
      for (;;) {
        const { body } = await ask('listChanges', `/v1/changes?after=${after}&limit=500`, { key })
        if (body.items.length === 0) break
        after = body.next
      }
      expect(after).toBeGreaterThan(20)
    }
  })
})

test('no operation was left out', () => {
  const driven = operations.filter(({ id }) => [...answered].some((one) => one.startsWith(`${id} 2`)))
  expect(driven.map(({ id }) => id)).toEqual(operations.map(({ id }) => id))
})
