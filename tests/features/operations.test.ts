import { afterAll, beforeAll, expect, test } from 'vitest'
import { aShelter, type Service, startService } from '../setup/service.ts'

/* Promise: whoever runs the service sees how it is doing, and nobody reads personal data out of its figures. */

let service: Service
let key: string

beforeAll(async () => {
  service = await startService()
  key = await service.issue('admin')
})
afterAll(() => service.stop())

test('metrics tell requests by route and status, the writer’s commits by phase, and the pool', async () => {
  await service.call('POST', '/v1/shelters', { key, body: aShelter('AM-KT-0001', 3) })
  await service.call('POST', '/v1/arrivals', {
    key,
    body: { shelter: 'AM-KT-0001', household: { people: 9 } },
  })
  await service.call('GET', '/v1/shelters/AM-KT-0001', { key })
  await service.call('GET', '/nowhere', { key })
  const { status, body, headers } = await service.call('GET', '/metrics', { key })
  expect(status).toBe(200)
  expect(headers['content-type']).toMatch(/^text\/plain/)
  expect(body).toContain(
    'http_request_duration_seconds_count{method="POST",route="/v1/arrivals",status="409"} 1',
  )
  expect(body).toContain(
    'http_request_duration_seconds_count{method="GET",route="/v1/shelters/:shelter",status="200"} 1',
  )
  expect(body).toContain('route="none",status="404"} 1')
  for (const phase of ['lock', 'load', 'decide', 'build', 'write', 'commit']) {
    expect(body).toMatch(new RegExp(`writer_phase_seconds_count\\{phase="${phase}"\\} [1-9]`))
  }
  expect(body).toMatch(/writer_batch_commands_count [1-9]/)
  expect(body).toContain('writer_queue_commands 0')
  expect(body).toMatch(/database_pool_connections [1-9]/)
  expect(body).not.toContain('AM-KT-0001')
})

test('metrics are not for everybody', async () => {
  expect((await service.call('GET', '/metrics')).status).toBe(401)
  const partner = await service.issue('partner')
  expect((await service.call('GET', '/metrics', { key: partner })).status).toBe(403)
  const auditor = await service.issue('auditor')
  expect((await service.call('GET', '/metrics', { key: auditor })).status).toBe(200)
})
