import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Role, role_names, scopeOf } from '../../src/access/scopes.ts'
import { type Operation, operationsOf } from './document.ts'
import { bytesOf, type Parts, partsOf } from './faults.ts'
import { readAnswer, send } from './raw.ts'
import { startWorld, type World } from './world.ts'

/* Promise: who may do what is what the contract says under *Rights*, and nothing opens by being forgotten. */

let world: World
let operations: Operation[]

beforeAll(async () => {
  world = await startWorld()
  operations = operationsOf(world.document)
})
afterAll(() => world?.stop())

const everybody: readonly Role[] = role_names
const coordinators = ['national_coordinator', 'regional_coordinator', 'admin'] as const
const staff = [...coordinators, 'shelter_staff'] as const

/**
 * Who may do what, by the operations that exist. Rights, sentence by sentence: coordinators do everything about
 * shelters, places, stays and holds; staff post arrivals, additions, departures, corrections, cancellations,
 * headcounts and transfers; they read supplies, consignments, access, alerts and standards, and acknowledge alerts.
 * Staff move stock and receive consignments beside, in their shelters; logistics do so everywhere, keep the catalogue,
 * stores and services, and send consignments. Partners read capacity, shelters without contact, access and changes, and
 * post nothing; auditors read everything and write nothing; admins do all, and alone change standards. Capacity is
 * visible to all, and who acts for shelters has to see them.
 */
const rights: Record<string, readonly Role[]> = {
  listRegions: everybody,
  listShelters: everybody,
  getShelter: everybody,
  registerShelter: coordinators,
  changeShelter: coordinators,
  changePlaces: coordinators,
  listBlocks: everybody,
  blockPlaces: coordinators,
  liftBlock: coordinators,
  getCapacity: everybody,
  getCapacityHistory: everybody,
  listHolds: [...staff, 'auditor'],
  getHold: [...staff, 'auditor'],
  placeHold: coordinators,
  releaseHold: coordinators,
  listHeadcounts: [...staff, 'auditor'],
  listLastHeadcounts: [...staff, 'auditor'],
  postHeadcount: staff,
  settleHeadcount: coordinators,
  postArrival: staff,
  postArrivals: staff,
  postAddition: staff,
  postDeparture: staff,
  postTransfer: staff,
  postCorrection: staff,
  postCancellation: staff,
  listStays: [...staff, 'auditor'],
  getStay: [...staff, 'auditor'],
  listItems: [...staff, 'logistics', 'auditor'],
  getItem: [...staff, 'logistics', 'auditor'],
  addItem: ['logistics', 'admin'],
  changeItem: ['logistics', 'admin'],
  listNeeds: [...staff, 'logistics', 'auditor'],
  setNeed: ['logistics', 'admin'],
  listStores: [...staff, 'logistics', 'auditor'],
  getStore: [...staff, 'logistics', 'auditor'],
  openStore: ['logistics', 'admin'],
  getStock: [...staff, 'logistics', 'auditor'],
  listStockMovements: [...staff, 'logistics', 'auditor'],
  getStockMovement: [...staff, 'logistics', 'auditor'],
  postStockMovement: ['shelter_staff', 'logistics', 'admin'],
  reverseStockMovement: ['shelter_staff', 'logistics', 'admin'],
  listMealServices: [...staff, 'logistics', 'auditor'],
  startMealService: ['logistics', 'admin'],
  endMealService: ['logistics', 'admin'],
  listHealthServices: [...staff, 'logistics', 'auditor'],
  startHealthService: ['logistics', 'admin'],
  endHealthService: ['logistics', 'admin'],
  listStandards: [...staff, 'logistics', 'auditor'],
  setStandard: ['admin'],
  listConsignments: [...staff, 'logistics', 'auditor'],
  getConsignment: [...staff, 'logistics', 'auditor'],
  announceConsignment: ['logistics', 'admin'],
  dispatchConsignment: ['logistics', 'admin'],
  postCheckpoint: ['logistics', 'admin'],
  cancelConsignment: ['logistics', 'admin'],
  receiveConsignment: ['shelter_staff', 'logistics', 'admin'],
  getFoodAccess: everybody,
  getMedicineAccess: everybody,
  listAlerts: [...staff, 'logistics', 'auditor'],
  acknowledgeAlert: [...staff, 'logistics'],
  // Of each line its own scope is asked too.
  postBatch: [...staff, 'logistics'],
  listChanges: [...coordinators, 'logistics', 'partner', 'auditor'],
}

/** The request without its body, which is asked for only after the scope: whoever may do it gets no further. */
async function statusFor(operation: Operation, authorization: string | undefined): Promise<[number, string]> {
  const prepared = partsOf(await world.request(operation))
  const headers = prepared.headers.filter(([name]) => name !== 'authorization')
  const parts: Parts = {
    ...prepared,
    body: undefined,
    headers: authorization === undefined ? headers : [...headers, ['authorization', authorization]],
  }
  const { status, text } = readAnswer(await send(world.port, bytesOf(parts)))
  return [status, status >= 400 ? JSON.parse(text).code : '']
}

describe('every operation', () => {
  test('has its row in the table of rights', () => {
    expect(Object.keys(rights).toSorted()).toEqual(operations.map(({ id }) => id).toSorted())
  })

  test('is open to the roles of its row and to no other', async () => {
    for (const operation of operations) {
      const allowed: string[] = []
      for (const role of role_names) {
        const [status, code] = await statusFor(operation, `Bearer ${world.keys[role]}`)
        expect([operation.id, role, status]).not.toEqual([operation.id, role, 401])
        if (code !== 'forbidden_scope') allowed.push(role)
        else expect([operation.id, role, status]).toEqual([operation.id, role, 403])
        // Whoever is let through is told of the missing body next, or answered.
        if (code !== 'forbidden_scope' && operation.object.requestBody !== undefined)
          expect([operation.id, role, status, code]).toEqual([operation.id, role, 400, 'malformed_json'])
        if (code !== 'forbidden_scope' && operation.object.requestBody === undefined)
          expect([operation.id, role, status]).toEqual([operation.id, role, expect.toBeOneOf([200, 404])])
      }
      const expected = rights[operation.id] ?? []
      expect([operation.id, allowed.toSorted()]).toEqual([operation.id, expected.toSorted()])
    }
  })

  test('is closed to whoever bears no key', async () => {
    for (const operation of operations) {
      const is_open = operation.object.security?.length === 0
      if (is_open) continue
      expect([operation.id, ...(await statusFor(operation, undefined))]).toEqual([
        operation.id,
        401,
        'unauthenticated',
      ])
    }
  })
})

describe('every route', () => {
  test('names its scope, or says that it is open', () => {
    expect(world.routes.length).toBeGreaterThan(operations.length)
    const silent = world.routes.filter(
      ({ config }) => config?.scope !== null && scopeOf(config?.scope ?? undefined) === undefined,
    )
    expect(silent.map(({ methods, url }) => `${methods} ${url}`)).toEqual([])
  })

  test('that is open is one of those that the contract leaves open', () => {
    const open = world.routes.filter(({ config }) => config?.scope === null).map(({ url }) => url)
    const left_open =
      /^(\/|\/console(\/.*)?|\/docs(\/.*)?|\/openapi[^/]*\.json|\/problems(\/:code)?|\/healthz|\/readyz|\/v1\/public\/.*)$/
    expect(open.filter((url) => !left_open.test(url))).toEqual([])
  })

  test('has in the document the scope that it asks for', () => {
    for (const { id, object } of operations) {
      const route = world.routes.find(({ schema }) => schema?.operationId === id)
      const scope = route?.config?.scope
      expect([id, object.security]).toEqual([id, scope === null ? [] : [{ bearer: [scope] }]])
    }
  })
})
