import { eq } from 'drizzle-orm'
import Fastify, { type FastifyInstance } from 'fastify'
import type pg from 'pg'
import { uuidv7 } from 'uuidv7'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { newKey } from '../../src/access/api-keys.ts'
import { authentication } from '../../src/access/authenticate.ts'
import type { Role } from '../../src/access/scopes.ts'
import { type Database, database, openPool } from '../../src/database/client.ts'
import { api_keys, principals } from '../../src/database/tables/access.ts'
import { Problem, problemDocument, problemHeaders, statusOf } from '../../src/http/problem.ts'
import { type FreshDatabase, freshDatabase } from '../setup/database.ts'

/*
 * Promise: each request is asked who it is and refused in one place, 401 before 403; a key that was revoked, has
 * expired or belongs to nobody any more is dead within its cache time; a route cannot be opened by forgetting.
 */

let fresh: FreshDatabase
let pool: pg.Pool
let db: Database
let queries = 0
const apps: FastifyInstance[] = []

const NOON = Date.parse('2023-09-26T12:00:00.000Z')
/** The service's clock in these tests. */
let now = NOON

beforeAll(async () => {
  fresh = await freshDatabase()
  pool = openPool({ url: fresh.url, max: 4, application_name: 'access test', statement_timeout_ms: 5_000 })
  pool.on('acquire', () => {
    queries += 1
  })
  db = database(pool)
})

afterEach(async () => {
  now = NOON
  await Promise.all(apps.splice(0).map((app) => app.close()))
})

afterAll(async () => {
  await pool?.end()
  await fresh?.drop()
})

async function issue(role: Role, row: Partial<typeof principals.$inferInsert> = {}, expires_at?: string) {
  const principal = uuidv7()
  const created_at = '2023-09-26T00:00:00.000Z'
  await db
    .insert(principals)
    .values({ id: principal, name: 'Test', kind: 'person', role, overflow: true, created_at, ...row })
  const { id, key, secret_hash } = newKey('test')
  await db.insert(api_keys).values({ id, principal, secret_hash, created_at, expires_at: expires_at ?? null })
  return { principal, id, key, authorization: `Bearer ${key}` }
}

const asking = (cache_max = 100) =>
  authentication({ database: db, cache_ms: 3_000, cache_max, clock: () => now })

const revoke = (id: string) =>
  db.update(api_keys).set({ revoked_at: '2023-09-26T12:00:00.000Z' }).where(eq(api_keys.id, id))

function serviceWith(register: (app: FastifyInstance) => void): FastifyInstance {
  const app = Fastify()
  apps.push(app)
  asking().protect(app, { open_prefixes: ['/docs'] })
  app.setErrorHandler((error, request, reply) => {
    if (!(error instanceof Problem)) return reply.code(500).send({ code: 'internal' })
    const { refusal } = error
    return reply
      .code(statusOf(refusal.code))
      .headers(problemHeaders(refusal))
      .send(problemDocument(refusal, request.id))
  })
  register(app)
  return app
}

const service = () =>
  serviceWith((app) => {
    app.get('/v1/capacity', { config: { scope: 'capacity:read' } }, (request) => ({
      who: request.principal.id,
    }))
    app.post('/v1/arrivals', { config: { scope: 'arrivals:write' } }, () => ({}))
    app.get('/healthz', { config: { scope: null } }, (request) => ({ who: request.identified }))
    app.get('/careless', { config: { scope: null } }, (request) => ({ who: request.principal.id }))
    app.get('/docs/json', () => ({}))
  })

test('a caller is recognised with its role, rights and remit', async () => {
  const shelter = uuidv7()
  const { principal, id, authorization } = await issue('shelter_staff', { shelters: [shelter], name: 'Ani' })
  expect(await asking().identify(authorization)).toMatchObject({
    id: principal,
    name: 'Ani',
    kind: 'person',
    role: 'shelter_staff',
    remit: { everywhere: false, regions: [], shelters: [shelter] },
    overflow: true,
    key_id: id,
  })
})

test('overflow is for keys that were issued with it, and for roles that may', async () => {
  const without = await issue('shelter_staff', { shelters: [uuidv7()], overflow: false })
  const partner = await issue('partner', { overflow: true })
  const { identify } = asking()
  expect((await identify(without.authorization))?.overflow).toBe(false)
  expect((await identify(partner.authorization))?.overflow).toBe(false)
})

test('401 without a key, 403 without the scope, 200 with it, in this order', async () => {
  const app = service()
  const partner = await issue('partner')
  const post = (headers: Record<string, string>) =>
    app.inject({ method: 'POST', url: '/v1/arrivals', headers })
  const anonymous = await post({})
  expect([anonymous.statusCode, anonymous.json().code, anonymous.headers['www-authenticate']]).toEqual([
    401,
    'unauthenticated',
    expect.stringMatching(/^Bearer/),
  ])
  const forbidden = await post({ authorization: partner.authorization })
  expect(forbidden.json()).toMatchObject({
    status: 403,
    code: 'forbidden_scope',
    required_scope: 'arrivals:write',
  })
  const headers = { authorization: `bearer  ${partner.key}` }
  const answer = await app.inject({ url: '/v1/capacity', headers })
  expect([answer.statusCode, answer.json()]).toEqual([200, { who: partner.principal }])
  expect((await app.inject({ method: 'HEAD', url: '/v1/capacity' })).statusCode).toBe(401)
})

test('open routes ask nobody, and have no principal', async () => {
  const app = service()
  expect((await app.inject('/healthz')).json()).toEqual({ who: null })
  expect((await app.inject('/docs/json')).statusCode).toBe(200)
  expect((await app.inject('/careless')).statusCode).toBe(500)
  expect((await app.inject('/nowhere')).statusCode).toBe(404)
})

test('a route that names no scope, or one that does not exist, stops the start', () => {
  expect(() => serviceWith((app) => app.get('/v1/forgotten', () => ({})))).toThrow(
    'GET /v1/forgotten names no scope',
  )
  expect(() =>
    serviceWith((app) => app.get('/v1/misspelt', { config: { scope: 'capacity:raed' } }, () => ({}))),
  ).toThrow('names no scope')
  expect(() => serviceWith((app) => app.get('/docsx', () => ({})))).toThrow('names no scope')
})

test('whatever is not a good key is nobody', async () => {
  const { identify } = asking()
  const { key } = await issue('admin')
  const other_secret = newKey('test').key.split('_')
  const of_that_id = [...key.split('_').slice(0, 3), ...other_secret.slice(3)].join('_')
  const wrong = [undefined, '', 'Bearer', `Basic ${key}`, key, `Bearer ${key}x`, `Bearer ${key} ${key}`]
  for (const header of [...wrong, `Bearer ${of_that_id}`, `Bearer ${newKey('test').key}`]) {
    expect([header, await identify(header)]).toEqual([header, null])
  }
  expect(await identify(`Bearer ${key}`)).not.toBeNull()
})

test('a secret that is wrong but well formed is nobody, even for an id that is known', async () => {
  const { identify } = asking()
  const mine = await issue('admin')
  const { key, secret_hash } = newKey('test')
  const theirs = await issue('partner')
  expect((await identify(mine.authorization))?.id).toBe(mine.principal)
  // The row of `theirs` gets another secret: the key that was handed out opens nothing any more.
  await db.update(api_keys).set({ secret_hash }).where(eq(api_keys.id, theirs.id))
  expect(await identify(theirs.authorization)).toBeNull()
  expect(await identify(`Bearer ${key}`)).toBeNull()
})

test('a revoked key lives for its cache time at most, a disabled principal too', async () => {
  const { identify } = asking()
  const [revoked, disabled] = [await issue('admin'), await issue('admin')]
  for (const { authorization } of [revoked, disabled]) expect(await identify(authorization)).not.toBeNull()
  await revoke(revoked.id)
  await db
    .update(principals)
    .set({ disabled_at: '2023-09-26T12:00:00.000Z' })
    .where(eq(principals.id, disabled.principal))
  now += 2_999
  for (const { authorization } of [revoked, disabled]) expect(await identify(authorization)).not.toBeNull()
  now += 1
  for (const { authorization } of [revoked, disabled]) expect(await identify(authorization)).toBeNull()
})

test('a key expires to the millisecond, cached or not', async () => {
  const { identify } = asking()
  const { authorization } = await issue('admin', {}, '2023-09-26T12:00:01.000Z')
  now += 999
  expect(await identify(authorization)).not.toBeNull()
  now += 1
  expect(await identify(authorization)).toBeNull()
})

test('the database is asked once, however many requests come at once and while the answer is fresh', async () => {
  const { identify } = asking()
  const { authorization } = await issue('admin')
  queries = 0
  await Promise.all(Array.from({ length: 50 }, () => identify(authorization)))
  now += 2_999
  await identify(authorization)
  expect(queries).toBe(1)
})

test('an unknown key is not asked for again and again, but is found soon after it was issued', async () => {
  const { identify } = asking()
  const { id, key, secret_hash } = newKey('test')
  queries = 0
  for (let times = 0; times < 20; times++) expect(await identify(`Bearer ${key}`)).toBeNull()
  expect(queries).toBe(1)
  const { principal } = await issue('admin')
  await db.insert(api_keys).values({ id, principal, secret_hash, created_at: '2023-09-26T12:00:00.000Z' })
  now += 500
  expect(await identify(`Bearer ${key}`)).not.toBeNull()
})

test('the memory is bounded, and made-up keys push no real one out', async () => {
  const { identify } = asking(3)
  const real = [await issue('admin'), await issue('admin'), await issue('admin'), await issue('admin')]
  for (const { authorization } of real.slice(0, 3)) await identify(authorization)
  for (let times = 0; times < 10; times++) await identify(`Bearer ${newKey('test').key}`)
  queries = 0
  for (const { authorization } of real.slice(0, 3)) await identify(authorization)
  expect(queries).toBe(0)
  await identify(real[3]?.authorization)
  await identify(real[1]?.authorization)
  expect(queries).toBe(1)
  await identify(real[0]?.authorization)
  expect(queries).toBe(2)
})

test('a database that fails is no reason to remember anything', async () => {
  const broken = openPool({
    url: 'postgres://x:y@127.0.0.1:1/z',
    max: 1,
    application_name: 'x',
    statement_timeout_ms: 1,
  })
  const { identify } = authentication({ database: database(broken), cache_ms: 3_000, cache_max: 10 })
  const { authorization } = await issue('admin')
  await expect(identify(authorization)).rejects.toThrow()
  await expect(identify(authorization)).rejects.toThrow()
  await broken.end()
})
