import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEmbedded } from '../../src/database/embedded.ts'

/* Promise: the database of a laptop keeps its data whatever happens to the process, and is gone when nobody uses it. */

const embedded_module = new URL('../../src/database/embedded.ts', import.meta.url).href

/** One folder for all tests: making a database takes a second, and each test leaves it stopped. */
let data_dir: string

beforeAll(async () => {
  data_dir = await mkdtemp(join(tmpdir(), 'shelter-capacity-embedded-'))
  await chmod(data_dir, 0o755)
})

afterAll(async () => {
  const pid = await postmaster()
  // A test that failed half-way must leave no server behind: the one of its own folder, and no other.
  if (pid !== undefined) process.kill(pid, 'SIGQUIT')
  await rm(data_dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
})

const postmaster = (): Promise<number | undefined> =>
  readFile(join(data_dir, 'postgres/postmaster.pid'), 'utf8').then(
    (text) => Number(text.split('\n')[0]),
    () => undefined,
  )

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Another process that uses the same folder: it prints the url, then does as told. */
async function another(then_do: string): Promise<{ process: ChildProcess; url: string }> {
  const program = `
    const { startEmbedded } = await import(${JSON.stringify(embedded_module)})
    const embedded = await startEmbedded({ data_dir: ${JSON.stringify(data_dir)} })
    process.stdout.write(embedded.url)
    ${then_do}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [url] = await once(child.stdout, 'data')
  return { process: child, url: String(url) }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not come true')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('data survive a restart; only the first start is the first; fsync is on; it listens on this machine alone', async () => {
  const first = await startEmbedded({ data_dir })
  await query(first.url, `create table kept as select 'ա' as letter`)
  expect(
    await query(
      first.url,
      `select current_setting('fsync') as fsync, current_setting('listen_addresses') as at, upper('ա') as upper`,
    ),
  ).toEqual([{ fsync: 'on', at: '127.0.0.1', upper: 'Ա' }])
  await first.stop()
  expect(await postmaster()).toBeUndefined()

  const second = await startEmbedded({ data_dir })
  expect([first.first_start, second.first_start]).toEqual([true, false])
  expect(await query(second.url, 'select letter from kept')).toEqual([{ letter: 'ա' }])
  await second.stop()
})

test('the password is in a file that only its owner reads, and is asked for', async () => {
  const { url, stop } = await startEmbedded({ data_dir })
  const path = join(data_dir, 'postgres.password')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(new URL(url).password).toBe(await readFile(path, 'utf8'))
  const guess = new URL(url)
  guess.password = 'postgres'
  await expect(query(guess.href, 'select')).rejects.toThrow('password authentication failed')
  await stop()
})

test('a process killed with -9 leaves the server running; the next start goes on with it and stops it', async () => {
  const killed = await another('setInterval(() => undefined, 1000)')
  const pid = await postmaster()
  killed.process.kill('SIGKILL')
  await once(killed.process, 'exit')
  const { url, stop } = await startEmbedded({ data_dir })
  expect(url).toBe(killed.url)
  expect(await postmaster()).toBe(pid)
  await stop()
  expect(await postmaster()).toBeUndefined()
})

test('a process that exits without stopping leaves nothing running', async () => {
  const careless = await another('process.exit(0)')
  await once(careless.process, 'exit')
  await until(async () => (await postmaster()) === undefined)
})

test('two processes share one server, and the last one out stops it', async () => {
  const [mine, other] = await Promise.all([
    startEmbedded({ data_dir }),
    another(
      `process.on('SIGTERM', () => embedded.stop().then(() => process.exit(0))); setInterval(() => undefined, 1000)`,
    ),
  ])
  expect(other.url).toBe(mine.url)
  await mine.stop()
  expect(await query(mine.url, 'select 1 as one')).toEqual([{ one: 1 }])
  other.process.kill('SIGTERM')
  await once(other.process, 'exit')
  expect(await postmaster()).toBeUndefined()
})

test('a stale postmaster.pid that names a foreign process stops neither the start nor that process', async () => {
  // Of the server's own account: one of another account PostgreSQL itself sees through.
  const { uid, gid } = await stat(join(data_dir, 'postgres'))
  const bystander = spawn('sleep', ['600'], { uid, gid })
  await writeFile(
    join(data_dir, 'postgres/postmaster.pid'),
    `${bystander.pid}\n${data_dir}/postgres\n1700000000\n5999\n\n127.0.0.1\n`,
  )
  const { url, stop } = await startEmbedded({ data_dir })
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  await stop()
  expect(isAlive(bystander.pid ?? 0)).toBe(true)
  bystander.kill()
})
