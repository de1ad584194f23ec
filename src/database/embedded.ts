import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chown, link, mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Command, Programs } from './embedded-programs.ts'

/*
 * A real PostgreSQL for development and tests, with nothing to install. Its data survive restarts; it listens on
 * 127.0.0.1 alone, with a random password.
 *
 * Several processes may use one folder at once (`npm run keys` beside `npm start`). Each holds a lease: a shared
 * advisory lock on a connection that lives as long as the process does. Whoever ends and could take the lock alone
 * was the last one, and stops the server. So a process killed with -9 leaves nothing to clean up: its lease is gone,
 * the server stays, and the next start finds it running and goes on with it. Nothing is ever stopped by a guess:
 * only the process that the folder's own postmaster.pid names, after a connection to it has shown this very folder.
 */

export type Embedded = {
  url: string
  /** true for the one process that made the database's files */
  first_start: boolean
  /** Gives the lease back, and stops the server if nobody else holds one. */
  stop(): Promise<void>
}

export type EmbeddedSettings = {
  /** where `postgres/`, `postgres.password` (mode 600) and `postgres.log` go */
  data_dir: string
  /** a free one if none is given; a server that runs already keeps its own */
  port?: number
  /** false only for tests: a crash of the machine may then lose everything */
  durable?: boolean
}

const DATABASE = 'shelter_capacity'

/** Advisory locks in the database `postgres`: who uses this server, and who may make the service's database. */
const LEASE = 7_342_001
const CREATION = 7_342_002

/** Recovery after a crash replays up to `max_wal_size`, which can take a while on a slow disk. */
const START_MS_MAX = 120_000
const STOP_MS_MAX = 60_000
const POLL_MS = 15

/**
 * For a laptop with a few gigabytes, and for honest figures in the bench: nothing here trades safety for speed.
 * Constraint errors come without their detail, because that quotes values and the log is not the place for those.
 */
const server_settings: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '512MB',
  // On two cores, tidying up behind the one writer must not take a core from it.
  autovacuum_max_workers: '1',
  autovacuum_vacuum_cost_delay: '10ms',
  max_connections: '200',
  effective_cache_size: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  log_checkpoints: 'off',
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
}

const not_durable: Record<string, string> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
}

/** Starts the server in `data_dir`, or goes on with the one that runs there. At most two minutes, then an error. */
export async function startEmbedded(settings: EmbeddedSettings): Promise<Embedded> {
  await mkdir(settings.data_dir, { recursive: true })
  const data_dir = await realpath(settings.data_dir)
  const files = join(data_dir, 'postgres')
  const programs = await loadPrograms()
  const password = await passwordOf(data_dir)
  const first_start = await initialise(programs, data_dir, password, settings)
  const { lease, port } = await leaseServer(programs, data_dir, password, settings)

  const onExit = (): void => stopAfterExit(data_dir)
  process.on('exit', onExit)
  let stopped: Promise<void> | undefined
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/${DATABASE}`,
    first_start,
    stop() {
      stopped ??= (async () => {
        process.off('exit', onExit)
        await lease.end().catch(() => undefined)
        await stopUnused(files, password)
      })()
      return stopped
    },
  }
}

/** Stops the server of `data_dir` unless somebody uses it. For processes that look after one which has ended. */
export async function stopEmbeddedIfUnused(data_dir: string): Promise<void> {
  const folder = await realpath(data_dir)
  await stopUnused(join(folder, 'postgres'), await passwordOf(folder))
}

/** A dynamic import: the package is a development dependency, and a container goes without it. */
async function loadPrograms(): Promise<Programs> {
  const { findPrograms } = await import('./embedded-programs.ts')
  try {
    return await findPrograms()
  } catch (cause) {
    throw new Error('no embedded PostgreSQL for this machine: set DATABASE_URL to a server of your own', {
      cause,
    })
  }
}

/** One password for the folder, whoever comes first: linking a finished file fails where there is one already. */
async function passwordOf(data_dir: string): Promise<string> {
  const path = join(data_dir, 'postgres.password')
  const known = await readFile(path, 'utf8').catch(() => undefined)
  if (known !== undefined) return known
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, randomBytes(24).toString('hex'), { mode: 0o600, flag: 'wx' })
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(draft)
  return readFile(path, 'utf8')
}

/** Makes the database's files beside their place and moves them there when complete. True if it was us. */
async function initialise(
  programs: Programs,
  data_dir: string,
  password: string,
  { durable = true }: EmbeddedSettings,
): Promise<boolean> {
  const files = join(data_dir, 'postgres')
  if (await exists(files)) return false
  const draft = `${files}.${process.pid}.${randomBytes(4).toString('hex')}`
  const password_file = `${draft}.password`
  try {
    await mkdir(draft, { mode: 0o700 })
    await writeFile(password_file, password, { mode: 0o600 })
    if (programs.account !== undefined) {
      for (const path of [draft, password_file]) await chown(path, programs.account.uid, programs.account.gid)
    }
    const arguments_ = [
      `--pgdata=${draft}`,
      '--username=postgres',
      `--pwfile=${password_file}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The same order and the same lower case (Armenian too) on every machine, whatever its locales.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(durable ? [] : ['--no-sync']),
    ]
    await finished(launch(programs.command(programs.initdb, arguments_, draft), 'pipe'))
    return await rename(draft, files).then(
      () => true,
      async (error: unknown) => {
        if (await exists(files)) return false
        throw error
      },
    )
  } finally {
    await rm(password_file, { force: true })
    await rm(draft, { recursive: true, force: true })
  }
}

/** Starts the server if none runs, and waits until it gives a lease. */
async function leaseServer(
  programs: Programs,
  data_dir: string,
  password: string,
  settings: EmbeddedSettings,
): Promise<{ lease: pg.Client; port: number }> {
  const files = join(data_dir, 'postgres')
  const deadline = performance.now() + START_MS_MAX
  let started: ChildProcess | undefined
  let failures = 0
  while (performance.now() < deadline) {
    const running = await readPostmaster(files)
    if (running !== undefined && isPostmaster(running.pid, files)) {
      const lease = await tryLease(running, password, files)
      if (lease !== undefined) return { lease, port: running.port }
    } else if (started === undefined || hasEnded(started)) {
      // It gives up where another one was faster, where the port was taken meanwhile, or for good.
      if (started !== undefined && ++failures === 5) throw new Error(await complaint(data_dir))
      if (running !== undefined) await forgetPostmaster(files, running)
      const port = settings.port ?? (await freePort())
      started = await launchServer(programs, data_dir, port, settings.durable ?? true)
    }
    await sleep(POLL_MS)
  }
  throw new Error(`${await complaint(data_dir)} (within ${START_MS_MAX / 1000} seconds)`)
}

async function launchServer(
  programs: Programs,
  data_dir: string,
  port: number,
  durable: boolean,
): Promise<ChildProcess> {
  const files = join(data_dir, 'postgres')
  const flags = Object.entries({ ...server_settings, ...(durable ? {} : not_durable) })
  const arguments_ = [
    '-D',
    files,
    '-p',
    String(port),
    ...flags.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  // A file, not a pipe: the server may outlive us, and must not fail for want of a reader.
  const log = await open(join(data_dir, 'postgres.log'), 'a', 0o600)
  try {
    const child = launch(programs.command(programs.postgres, arguments_, files), log.fd)
    child.on('error', () => undefined)
    child.unref()
    return child
  } finally {
    await log.close()
  }
}

/** In a session of its own: Ctrl-C at the terminal must reach the service, not the database under it. */
function launch({ file, arguments_, account }: Command, output: number | 'pipe'): ChildProcess {
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'))
  return spawn(file, arguments_, {
    ...account,
    cwd: '/',
    detached: true,
    env: { ...Object.fromEntries(environment), LC_ALL: 'C' },
    stdio: ['ignore', output === 'pipe' ? 'ignore' : output, output],
  })
}

async function finished(child: ChildProcess): Promise<void> {
  const said: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`initdb failed: ${Buffer.concat(said).toString().trim()}`)
}

type Postmaster = { pid: number; port: number }

/** postmaster.pid: the process in line 1, the port in line 4; half-written ones count as not there yet. */
async function readPostmaster(files: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(files, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const pid = Number(lines[0])
  const port = Number(lines[3])
  return Number.isInteger(pid) && pid > 0 && Number.isInteger(port) && port > 0 ? { pid, port } : undefined
}

/**
 * True where the process is a PostgreSQL of this folder. After a restart of the machine the number may be anybody's;
 * where we cannot tell whose folder it is, it counts as ours, and the connection to it will show.
 */
function isPostmaster(pid: number, files: string): boolean {
  const words = commandOf(pid)
  const at = words.indexOf('-D')
  return basename(words[0] ?? '').startsWith('postgres') && (at < 0 || words[at + 1] === files)
}

function commandOf(pid: number): string[] {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).split(' ')
  } catch {
    return []
  }
}

/**
 * Removes a postmaster.pid whose process is none of ours. PostgreSQL does so itself where the process is dead, but
 * not where its number now belongs to another program: then it would refuse to start for ever.
 */
async function forgetPostmaster(files: string, stale: Postmaster): Promise<void> {
  const now = await readPostmaster(files)
  if (now?.pid === stale.pid && !isPostmaster(now.pid, files))
    await rm(join(files, 'postmaster.pid'), { force: true })
}

function connectTo(port: number, password: string): pg.Client {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password,
    database: 'postgres',
    application_name: 'embedded lease',
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
  })
  // Losing it is no error of ours: whoever uses the database will notice by its own connections.
  client.on('error', () => undefined)
  return client
}

/** Refused connection, "starting up", "shutting down", no room: worth another try. */
const passing = new Set(['ECONNREFUSED', 'ECONNRESET', '57P03', '57P01', '53300'])

function isPassing(error: unknown): boolean {
  const { code, message } = error as { code?: string; message: string }
  return passing.has(code ?? '') || message.startsWith('Connection terminated')
}

/**
 * Connects to the server of this folder and works there; undefined where there is none to work with: it starts, it
 * stops, or `work` says so. The connection stays open only where `work` had a result.
 */
async function tryWith<Result>(
  { port }: Postmaster,
  password: string,
  files: string,
  work: (client: pg.Client) => Promise<Result | undefined>,
): Promise<{ client: pg.Client; result: Result } | undefined> {
  const client = connectTo(port, password)
  let result: Result | undefined
  try {
    await client.connect()
    const { rows } = await client.query<{ folder: string }>(
      `select current_setting('data_directory') as folder`,
    )
    if (rows[0]?.folder !== files) {
      throw new Error(`port ${port} of 127.0.0.1 belongs to another PostgreSQL than ${files} says`)
    }
    result = await work(client)
    if (result !== undefined) return { client, result }
  } catch (error) {
    if (!isPassing(error)) throw error
  } finally {
    if (result === undefined) await client.end().catch(() => undefined)
  }
  return undefined
}

async function tryLease(
  running: Postmaster,
  password: string,
  files: string,
): Promise<pg.Client | undefined> {
  const leased = await tryWith(running, password, files, async (client) => {
    // Refused where somebody holds it alone, to stop the server.
    if (!(await tryLock(client, 'pg_try_advisory_lock_shared'))) return undefined
    // It may also be ours because that session has just ended with the server. Then this cannot succeed any more.
    await ensureDatabase(client)
    return true
  })
  return leased?.client
}

async function tryLock(
  client: pg.Client,
  by: 'pg_try_advisory_lock' | 'pg_try_advisory_lock_shared',
): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(`select ${by}(${LEASE}) as held`)
  return rows[0]?.held === true
}

/** The service's own database, made once; the lock because two processes may start together. */
async function ensureDatabase(client: pg.Client): Promise<void> {
  await client.query(`select pg_advisory_lock(${CREATION})`)
  const { rowCount } = await client.query(`select from pg_database where datname = '${DATABASE}'`)
  if (rowCount === 0) await client.query(`create database ${DATABASE}`)
  await client.query(`select pg_advisory_unlock(${CREATION})`)
}

async function stopUnused(files: string, password: string): Promise<void> {
  const running = await readPostmaster(files)
  if (running === undefined || !isPostmaster(running.pid, files)) return
  const alone = await tryWith(running, password, files, async (client) =>
    (await tryLock(client, 'pg_try_advisory_lock')) ? true : undefined,
  )
  if (alone === undefined) return
  try {
    // SIGINT is a fast shutdown: sessions are ended, what was committed is written down.
    process.kill(running.pid, 'SIGINT')
    const deadline = performance.now() + STOP_MS_MAX
    while ((await readPostmaster(files))?.pid === running.pid && isPostmaster(running.pid, files)) {
      if (performance.now() > deadline) throw new Error(`PostgreSQL (process ${running.pid}) does not stop`)
      await sleep(POLL_MS)
    }
  } finally {
    await alone.client.end().catch(() => undefined)
  }
}

/** For a process that ends without `stop()`: nothing can be awaited any more, so another one looks after it. */
function stopAfterExit(data_dir: string): void {
  const program = `
    const { stopEmbeddedIfUnused } = await import(${JSON.stringify(import.meta.url)})
    await stopEmbeddedIfUnused(${JSON.stringify(data_dir)})`
  spawn(process.execPath, ['--input-type=module', '--eval', program], {
    detached: true,
    stdio: 'ignore',
  }).unref()
}

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined

async function complaint(data_dir: string): Promise<string> {
  const log = await readFile(join(data_dir, 'postgres.log'), 'utf8').catch(() => '')
  return `PostgreSQL in ${data_dir} did not start: ${log.trim().split('\n').slice(-5).join(' | ')}`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
