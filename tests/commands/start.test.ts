import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stopEmbeddedIfUnused } from '../../src/database/embedded.ts'
import { type Asked, type Caller, openCaller } from '../setup/caller.ts'
import { emptyDatabase } from '../setup/empty-database.ts'
import { issueKeys } from '../setup/keys.ts'
import { openProcesses, type ServiceProcess } from '../setup/processes.ts'
import { aShelter, newIdempotencyKey } from '../setup/service.ts'
import { sessionsWhere, writer_waits } from '../setup/sessions.ts'
import { until } from '../setup/wait.ts'

/*
 * Promise: one command starts the service, with a database or without; keys are given and taken while it runs; and
 * it goes away without losing anything.
 */

const processes = openProcesses()
afterAll(() => processes.close())

const get = async (caller: Caller, path: string, key?: string) => {
  const { status, headers, text } = await caller.ask('GET', path, key === undefined ? {} : { key })
  return { status, headers, body: JSON.parse(text) }
}
const post = async (caller: Caller, path: string, key: string, body: unknown, more: Asked = {}) => {
  const reply = await caller.ask('POST', path, {
    key,
    body,
    idempotency_key: newIdempotencyKey(),
    ...more,
  })
  return { ...reply, body: JSON.parse(reply.text) }
}
const arrivalIn = (shelter: string, more: object = {}) => ({ shelter, household: { people: 2 }, ...more })

const a_key = /^shc_test_([0-9A-Za-z]{12})_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}$/

describe('two processes started at once on one empty database', () => {
  let drop: () => Promise<void>
  let settings: { DATABASE_URL: string }
  let both: ServiceProcess[]
  let callers: Caller[]
  let national: string

  const keys = (...words: string[]) => processes.run(['keys', ...words], settings)
  const statuses = async (key: string) =>
    Promise.all(callers.map(async (caller) => (await get(caller, '/v1/capacity', key)).status))
  const oneOf = <Item>(items: Item[], index: number): Item => {
    const item = items[index]
    if (item === undefined) throw new Error(`there is no process ${index}`)
    return item
  }

  beforeAll(async () => {
    const database = await emptyDatabase()
    drop = database.drop
    settings = { DATABASE_URL: database.url }
    both = await Promise.all([processes.serve(settings), processes.serve(settings)])
    callers = both.map(({ base }) => openCaller(base))
    national = (await issueKeys(database.url, ['national_coordinator'])).national_coordinator
    const made = await post(oneOf(callers, 0), '/v1/shelters', national, aShelter('AM-KT-0001', 3))
    expect(made.status).toBe(201)
  }, 120_000)
  afterAll(async () => {
    for (const caller of callers) await caller.close()
    await processes.close()
    await drop()
  })

  test('both come up, migrated and with the eleven regions, and print no keys', async () => {
    for (const [index, caller] of callers.entries()) {
      expect(await get(caller, '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } })
      expect(oneOf(both, index).output()).not.toContain('shc_')
    }
    const { rows } = await withClient(settings.DATABASE_URL, (client) =>
      client.query('select count(*)::int as regions from regions'),
    )
    expect(rows).toEqual([{ regions: 11 }])
  })

  test('keys issue prints the key alone, and it opens both at once; revoked, it is dead on both within 5 s', async () => {
    const issued = await keys('issue', '--name', 'The ministry', '--role', 'national_coordinator')
    expect(issued).toMatchObject({ code: 0, stderr: '' })
    const key = issued.stdout.trimEnd()
    expect(key).toMatch(a_key)
    expect(issued.stdout).toBe(`${key}\n`)
    expect(await statuses(key)).toEqual([200, 200])

    expect(await keys('revoke', a_key.exec(key)?.[1] ?? '')).toMatchObject({ code: 0, stderr: '' })
    await until(
      'both refuse the revoked key',
      async () => (await statuses(key)).every((s) => s === 401),
      5_000,
    )
    expect(await statuses(national)).toEqual([200, 200])
  })

  test('a port that is taken stops the start with a message, and the process ends', async () => {
    const { port } = new URL(oneOf(both, 0).base)
    const stopped = await processes.run(['serve'], { ...settings, PORT: port })
    expect(stopped).toMatchObject({ code: 1, stdout: '' })
    expect(stopped.stderr).toContain(`address already in use 127.0.0.1:${port}`)
  })

  test('on SIGTERM what is in flight is answered, idle connections do not hold it up, and it exits with 0', async () => {
    const leaving = oneOf(both, 0)
    const caller = oneOf(callers, 0)
    const idle = await keepAlive(leaving.base)
    const silent = await openSocket(leaving.base)
    const idle_closed = once(idle, 'close')

    const answer = await withClient(settings.DATABASE_URL, async (client) => {
      // Whoever holds the head holds every change: so the arrival is under way for as long as we like.
      await client.query('begin')
      await client.query('select seq from journal_head for update')
      const posted = post(caller, '/v1/arrivals', national, arrivalIn('AM-KT-0001'))
      await until('the arrival waits for the head of the journal', async () => {
        return (await sessionsWhere(client, writer_waits)).length === 1
      })
      leaving.terminate()
      // It has begun to leave when it has closed the connection on which nothing is under way.
      await idle_closed
      await client.query('rollback')
      return posted
    })
    const answered_at = performance.now()
    expect([answer.status, answer.headers.connection]).toEqual([201, 'close'])
    expect(await leaving.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - answered_at).toBeLessThan(5_000)
    silent.destroy()

    const seen = await get(oneOf(callers, 1), `/v1/stays/${answer.body.stay.id}`, national)
    expect(seen.body).toMatchObject({ people: 2, status: 'present' })
    await expect(caller.ask('GET', '/healthz')).rejects.toThrow()
  })
})

describe('started without a database', () => {
  let data_dir: string
  let service: ServiceProcess
  let caller: Caller
  let kept: Record<string, string>

  async function start(): Promise<void> {
    service = await processes.serve({ DATA_DIR: data_dir })
    caller = openCaller(service.base)
  }

  beforeAll(async () => {
    data_dir = await mkdtemp(join(tmpdir(), 'shelter-start-'))
    // As root, PostgreSQL runs as another account, which has to pass through here.
    await chmod(data_dir, 0o755)
    await start()
    kept = JSON.parse(await readFile(join(data_dir, 'keys.json'), 'utf8'))
  }, 120_000)
  afterAll(async () => {
    await caller.close()
    await processes.close()
    await stopEmbeddedIfUnused(data_dir)
    await rm(data_dir, { recursive: true, force: true })
  })

  test('it prints where it listens, where the documentation is, and four keys', async () => {
    const { base } = service
    expect(service.output()).toContain(`The service listens on ${base}\n`)
    expect(service.output()).toMatch(new RegExp(`^Documentation: +${base}/docs$`, 'm'))
    expect((await caller.ask('GET', '/docs')).status).toBeLessThan(400)
    for (const [role, key] of Object.entries(kept)) {
      expect(service.output()).toMatch(new RegExp(`^ +${role} +${key}$`, 'm'))
    }
  })

  test('it keeps the four keys in a file that only its owner may read', async () => {
    expect(Object.keys(kept)).toEqual(['admin', 'national_coordinator', 'shelter_staff', 'partner'])
    for (const key of Object.values(kept)) expect(key).toMatch(a_key)
    expect((await stat(join(data_dir, 'keys.json'))).mode & 0o777).toBe(0o600)
  })

  test('each key does what its role may, and no more', async () => {
    const { admin = '', national_coordinator = '', shelter_staff = '', partner = '' } = kept
    const shelter = aShelter('AM-SU-0001', 50)
    const register = async (key: string) => (await post(caller, '/v1/shelters', key, shelter)).status
    const arrive = async (key: string) =>
      (await post(caller, '/v1/arrivals', key, arrivalIn('AM-SU-0001'))).status
    for (const key of Object.values(kept)) expect((await get(caller, '/v1/capacity', key)).status).toBe(200)
    expect([await register(partner), await register(shelter_staff)]).toEqual([403, 403])
    expect(await register(national_coordinator)).toBe(201)
    expect([await arrive(partner), await arrive(shelter_staff), await arrive(admin)]).toEqual([403, 201, 201])
  })

  test('what was acknowledged is there after a kill -9 and a start, with the same keys and no new ones', async () => {
    const { national_coordinator = '', partner = '' } = kept
    const before = await get(caller, '/v1/shelters/AM-SU-0001', partner)
    expect(before.body).toMatchObject({ balance: { occupied: 4 } })
    await service.kill()
    await caller.close()
    await start()
    expect((await get(caller, '/v1/shelters/AM-SU-0001', partner)).body).toEqual(before.body)
    expect(service.output()).not.toContain('shc_')
    expect(JSON.parse(await readFile(join(data_dir, 'keys.json'), 'utf8'))).toEqual(kept)
    expect((await get(caller, '/v1/capacity', national_coordinator)).body.national.occupied).toBe(4)
  })

  test('keys issue works beside it: with --no-overflow, for arrivals in its shelters up to their places', async () => {
    const { national_coordinator = '' } = kept
    for (const code of ['AM-KT-0001', 'AM-KT-0002']) {
      expect((await post(caller, '/v1/shelters', national_coordinator, aShelter(code, 3))).status).toBe(201)
    }
    const issued = await processes.run(
      [
        'keys',
        'issue',
        '--name',
        'Gate',
        '--role',
        'shelter_staff',
        '--shelters',
        'AM-KT-0001',
        '--no-overflow',
      ],
      { DATA_DIR: data_dir },
    )
    expect(issued).toMatchObject({ code: 0, stderr: '' })
    const gate = issued.stdout.trimEnd()
    expect((await post(caller, '/v1/arrivals', gate, arrivalIn('AM-KT-0001'))).status).toBe(201)
    const beyond = await post(caller, '/v1/arrivals', gate, arrivalIn('AM-KT-0001', { overflow: true }))
    expect([beyond.status, beyond.body.code]).toEqual([403, 'overflow_not_allowed'])
    const elsewhere = await post(caller, '/v1/arrivals', gate, arrivalIn('AM-KT-0002'))
    expect([elsewhere.status, elsewhere.body.code]).toEqual([403, 'outside_remit'])
  })

  test('on SIGTERM it exits with 0, and its PostgreSQL ends with it', async () => {
    const postmaster = join(data_dir, 'postgres', 'postmaster.pid')
    expect((await stat(postmaster)).isFile()).toBe(true)
    expect(await service.terminate()).toEqual({ code: 0, signal: null })
    await expect(stat(postmaster)).rejects.toThrow('ENOENT')
  })
})

test('Ctrl-C while it starts leaves no PostgreSQL behind', async () => {
  const data_dir = await mkdtemp(join(tmpdir(), 'shelter-start-'))
  try {
    await chmod(data_dir, 0o755)
    const postmaster = join(data_dir, 'postgres', 'postmaster.pid')
    const started = processes.launch(['serve'], { DATA_DIR: data_dir, PORT: '0' })
    await until(
      'PostgreSQL runs',
      () =>
        stat(postmaster).then(
          () => true,
          () => false,
        ),
      60_000,
    )
    started.child.kill('SIGINT')
    await started.ended
    await until('PostgreSQL has ended', () =>
      stat(postmaster).then(
        () => false,
        () => true,
      ),
    )
  } finally {
    await stopEmbeddedIfUnused(data_dir)
    await rm(data_dir, { recursive: true, force: true })
  }
})

test('a wrong setting stops the start with a message that names it', async () => {
  const stopped = await processes.run(['serve'], { PORT: 'abc', DATA_DIR: '/nowhere' })
  expect(stopped).toMatchObject({ code: 1, stdout: '' })
  expect(stopped.stderr).toContain('PORT must be a whole number')
  expect(stopped.stderr.split('\n')).toHaveLength(2)
})

async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function openSocket(base: string): Promise<Socket> {
  const { hostname, port } = new URL(base)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return socket
}

/** A connection that was answered once and is kept open, as browsers and proxies do. */
async function keepAlive(base: string): Promise<Socket> {
  const socket = await openSocket(base)
  socket.write('GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n')
  const [answer] = await once(socket.setEncoding('utf8'), 'data')
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer).not.toMatch(/^connection: close/im)
  return socket.resume()
}
