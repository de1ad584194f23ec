import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../setup/database.ts'
import { aShelter, newIdempotencyKey, serviceOn } from '../setup/service.ts'

/*
 * Promise: without its database the service says so, within a moment and as a problem document; when the database is
 * there again, so is the service, without a restart, and a post that got no answer is sent again with its key.
 */

/** The road to the database, which can be cut. */
async function openRoad(url: string) {
  const target = new URL(url)
  const [host, far_port] = [target.hostname, Number(target.port)]
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let port = 0
  async function open(): Promise<void> {
    server = createServer((near) => {
      const far = dial(far_port, host)
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one)
        one.pipe(other)
        one.on('error', () => other.destroy()).on('close', () => other.destroy())
      }
    })
    const opening = server
    await new Promise<void>((resolve) => opening.listen(port, '127.0.0.1', resolve))
    const address = opening.address()
    if (address !== null && typeof address === 'object') port = address.port
  }
  async function cut(): Promise<void> {
    const closing = server
    server = undefined
    const closed = new Promise((resolve) => closing?.close(resolve))
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    await closed
  }
  await open()
  target.port = String(port)
  return { url: target.href, open, cut }
}

let database: FreshDatabase
let road: Awaited<ReturnType<typeof openRoad>>
let service: Awaited<ReturnType<typeof serviceOn>>
let key: string

beforeAll(async () => {
  database = await freshDatabase()
  road = await openRoad(database.url)
  service = await serviceOn(road.url)
  key = await service.issue('national_coordinator')
})
afterAll(async () => {
  await service.close()
  await road.cut()
  await database.drop()
})

test('the database goes and comes back', async () => {
  const post = (body: object, path: string, idempotency_key = newIdempotencyKey()) =>
    service.call('POST', path, { key, body, idempotency_key })
  const get = (path: string) => service.call('GET', path, { key })
  await post(aShelter('AM-KT-0001', 20), '/v1/shelters')
  expect((await get('/readyz')).status).toBe(200)

  await road.cut()
  const again = newIdempotencyKey()
  const arrival = { shelter: 'AM-KT-0001', household: { people: 4 } }
  const answers = await Promise.all([
    get('/readyz'),
    get('/v1/capacity'),
    get('/v1/shelters'),
    post(arrival, '/v1/arrivals', again),
  ])
  for (const { status, headers, body } of answers) {
    expect([status, body.code]).toEqual([503, 'database_unavailable'])
    expect(headers['retry-after']).toBe('1')
    expect(headers['content-type']).toBe('application/problem+json')
  }
  expect((await get('/healthz')).status).toBe(200)

  await road.open()
  expect((await get('/readyz')).status).toBe(200)
  const posted = await post(arrival, '/v1/arrivals', again)
  expect([posted.status, posted.body.balance.occupied]).toEqual([201, 4])
  expect((await post(arrival, '/v1/arrivals', again)).body).toEqual(posted.body)
  expect((await get('/v1/capacity')).body.national).toMatchObject({ occupied: 4, free: 16 })
})
