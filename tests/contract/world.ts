import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { type Role, role_names } from '../../src/access/scopes.ts'
import { type Answer, aShelter, newIdempotencyKey, startService } from '../setup/service.ts'
import { bodySchema, type Document, examplesOf, isRecord, type Operation, parametersOf } from './document.ts'

/*
 * A service with one of everything that an operation can name, and for each operation of its document a request that
 * succeeds. Tests that walk over all operations start from here, so whoever adds an operation teaches this file what
 * a request of it needs: a value for a new path parameter, or content where the document's example will not do.
 */

/** A route as it was registered, with what hooks made of it. */
export type Route = RouteOptions & { methods: string[] }

/** All routes of the application that `work` builds. Fastify tells of each instance it makes, the application first. */
async function withRoutes<Result>(work: () => Promise<Result>): Promise<{ made: Result; routes: Route[] }> {
  const routes: Route[] = []
  const listen = (message: unknown): void => {
    // Plug-ins make instances for purposes of their own.
    unsubscribe('fastify.initialization', listen)
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onRoute', (route) => {
      // The object itself and no copy: hooks that come later change it.
      routes.push(Object.assign(route, { methods: [route.method].flat().map(String) }))
    })
  }
  subscribe('fastify.initialization', listen)
  return { made: await work(), routes }
}

/** A request to an operation, ready to go out. */
export type Prepared = {
  operation: Operation
  method: string
  /** with its parameters filled in */
  path: string
  /** what must be there, by name */
  query: Record<string, string>
  headers: Record<string, string>
  body?: unknown
}

export type World = Awaited<ReturnType<typeof startWorld>>

/** The shelter that the examples of the document name. */
export const SHELTER = 'AM-KT-0007'
/** Where they may go from there. */
export const OTHER_SHELTER = 'AM-KT-0008'
/** The warehouse that they name. */
export const WAREHOUSE = 'WH-GORIS'

function succeeded(answer: Answer): Answer {
  if (answer.status < 300) return answer
  throw new Error(`the world of these tests could not be made: ${JSON.stringify(answer.body)}`)
}

/** Room for a stay of every request to come, and for the places that an example adds. */
const ROOM = 15_000

export async function startWorld(settings: Record<string, string> = {}) {
  const { made: service, routes } = await withRoutes(() => startService(settings))
  const document: Document = succeeded(await service.call('GET', '/openapi.json')).body
  const admin = await service.issue('admin')
  const made = await service.call('POST', '/v1/shelters', { key: admin, body: aShelter(SHELTER, ROOM) })
  const shelter_id: string = succeeded(made).body.shelter.id
  succeeded(await service.call('POST', '/v1/shelters', { key: admin, body: aShelter(OTHER_SHELTER, ROOM) }))

  const warehouse = { code: WAREHOUSE, name: 'Goris sports hall, store', region: 'AM-SU' }
  succeeded(await service.call('POST', '/v1/stores', { key: admin, body: warehouse }))

  const keys = {} as Record<Role, string>
  for (const role of role_names) {
    const regions = role === 'regional_coordinator' ? ['AM-KT'] : []
    const shelters = role === 'shelter_staff' ? [shelter_id] : []
    keys[role] = role === 'admin' ? admin : await service.issue(role, { regions, shelters })
  }

  let named = 100
  const post = async (path: string, body: object): Promise<Answer> =>
    succeeded(await service.call('POST', path, { key: admin, body }))
  const newStay = async (): Promise<string> =>
    (await post('/v1/arrivals', { shelter: SHELTER, household: { people: 6 } })).body.stay.id
  const soon = (): string => new Date(Date.now() + 3_600_000).toISOString()

  async function newHold(): Promise<string> {
    const body = { shelter: SHELTER, people: 3, party: 'Bus 12', origin: 'Goris', expires_at: soon() }
    return (await post('/v1/holds', body)).body.hold.id
  }

  async function newHeadcount(): Promise<string> {
    const path = `/v1/shelters/${SHELTER}`
    const { occupied } = (await service.call('GET', path, { key: admin })).body.balance
    return (await post(`${path}/headcounts`, { people: occupied + 1, method: 'headcount' })).body.headcount.id
  }

  async function newMovement(): Promise<string> {
    const lines = [{ item: 'rice', quantity: '5' }]
    return (await post('/v1/stock-movements', { kind: 'receipt', store: SHELTER, lines })).body.movement.id
  }

  async function newService({ path }: Operation): Promise<string> {
    const given = { provider: 'Example', starts_on: '2023-09-29' }
    if (path.startsWith('/v1/meal-services')) {
      const meals = { ...given, shelter: SHELTER, meals_per_day: 30 }
      return (await post('/v1/meal-services', meals)).body.meal_service.id
    }
    const health = { ...given, shelter: SHELTER, kind: 'clinic' }
    return (await post('/v1/health-services', health)).body.health_service.id
  }

  async function newConsignment(): Promise<string> {
    const body = {
      reference: `Example ${++named}`,
      sender: 'Example',
      origin: 'Goris',
      destination: SHELTER,
      lines: [{ item: 'wheat_flour', quantity: '1000' }],
    }
    return (await post('/v1/consignments', body)).body.consignment.id
  }

  /** What a count that differs gives rise to. */
  async function anAlert(): Promise<string> {
    await newHeadcount()
    const path = `/v1/alerts?shelter=${SHELTER}&kind=headcount_differs`
    return succeeded(await service.call('GET', path, { key: admin })).body.items[0].id
  }

  /** What stands in a path under each name: something that exists, new for each request where it can be used up. */
  const path_values: Record<string, (operation: Operation) => Promise<string>> = {
    shelter: async () => SHELTER,
    stay: newStay,
    hold: newHold,
    block: async () =>
      (await post(`/v1/shelters/${SHELTER}/blocks`, { places: 1, reason: 'damage' })).body.block.id,
    headcount: newHeadcount,
    item: async () => 'wheat_flour',
    need: async () => 'insulin',
    store: async () => SHELTER,
    movement: newMovement,
    service: newService,
    standard: async () => 'food_ensured_days',
    consignment: newConsignment,
    alert: anAlert,
  }

  /** What an example cannot know: codes and references that are still free, ids of now, moments to come. */
  const changed_examples: Record<string, (example: Record<string, unknown>) => unknown> = {
    registerShelter: (example) => ({ ...example, code: `AM-KT-${String(++named).padStart(4, '0')}` }),
    postArrival: (example) => ({
      ...example,
      household: { ...(example.household as object), reference: `Example ${++named}` },
    }),
    placeHold: (example) => ({ ...example, expires_at: soon() }),
    postTransfer: (example) => ({ ...example, to: OTHER_SHELTER }),
    addItem: (example) => ({ ...example, code: `example_${++named}` }),
    openStore: (example) => ({ ...example, code: `WH-EXAMPLE-${++named}` }),
    postArrivals: () => ({
      items: [{ key: newIdempotencyKey(), shelter: SHELTER, household: { people: 2 } }],
    }),
    postBatch: () => ({
      items: [
        {
          key: newIdempotencyKey(),
          operation: 'postArrival',
          body: { shelter: SHELTER, household: { people: 2 } },
        },
      ],
    }),
  }

  const headersAsked = (operation: Operation): string[] =>
    parametersOf(document, operation, 'header').map(({ name }) => name.toLowerCase())

  /** Of a query only what is required, as the document's example has it. */
  function queryOf(operation: Operation): Record<string, string> {
    const required = parametersOf(document, operation, 'query').filter((parameter) => parameter.required)
    return Object.fromEntries(
      required.map(({ name, schema }) => {
        const [first] = examplesOf(schema)
        if (first === undefined) throw new Error(`${name} of ${operation.id} is required and has no example`)
        return [name, String(first)]
      }),
    )
  }

  function bodyOf(operation: Operation): unknown {
    const schema = bodySchema(document, operation)
    if (schema === undefined) return undefined
    const { example } = schema
    if (!isRecord(example)) throw new Error(`the body of ${operation.id} has no example`)
    return changed_examples[operation.id]?.(example) ?? example
  }

  return {
    service,
    document,
    routes,
    keys,
    port: Number(new URL(service.base).port),
    shelter_id,
    newStay,
    /** A request that would succeed, as the admin; nothing is sent. */
    async request(operation: Operation): Promise<Prepared> {
      let path = operation.path
      for (const { name } of parametersOf(document, operation, 'path')) {
        const value = path_values[name]
        if (value === undefined) throw new Error(`teach tests/contract/world.ts a value for {${name}}`)
        path = path.replace(`{${name}}`, await value(operation))
      }
      const body = bodyOf(operation)
      const headers: Record<string, string> = {
        authorization: `Bearer ${admin}`,
        ...(headersAsked(operation).includes('idempotency-key') && {
          'idempotency-key': newIdempotencyKey(),
        }),
        ...(operation.method === 'PATCH' && { 'if-match': '*' }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      }
      return {
        operation,
        method: operation.method,
        path,
        query: queryOf(operation),
        headers,
        ...(body !== undefined && { body }),
      }
    },
    stop: () => service.stop(),
  }
}
