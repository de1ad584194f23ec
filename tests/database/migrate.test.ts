import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { type FreshDatabase, freshDatabase } from '../setup/database.ts'

/* Promise: however many processes start at once, each migration runs once, and none waits for ever. */

let fresh: FreshDatabase
let folder: string
let client: pg.Client

/** Migrations of the test's own, later than any real one, on top of those the database has. */
async function writeMigration(statements: string): Promise<void> {
  await mkdir(join(folder, 'meta'), { recursive: true })
  await writeFile(join(folder, '9000_test.sql'), statements)
  const entries = [{ idx: 0, version: '7', when: 9_000_000_000_000, tag: '9000_test', breakpoints: true }]
  await writeFile(
    join(folder, 'meta/_journal.json'),
    JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
  )
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shelter-capacity-migrations-'))
  fresh = await freshDatabase()
  client = new pg.Client({ connectionString: fresh.url })
  await client.connect()
})

afterEach(async () => {
  await client?.end()
  await fresh?.drop()
  await rm(folder, { recursive: true, force: true })
})

test('four processes that start at once migrate once', async () => {
  await writeMigration(`create table once (n int);--> statement-breakpoint
select pg_sleep(0.2);--> statement-breakpoint
insert into once values (1);`)
  await Promise.all([1, 2, 3, 4].map(() => migrate(fresh.url, { folder })))
  expect((await client.query('select n from once')).rows).toEqual([{ n: 1 }])
})

test('a migration that fails leaves nothing of itself', async () => {
  await writeMigration('create table half (n int);--> statement-breakpoint\nselect 1 / 0;')
  await expect(migrate(fresh.url, { folder })).rejects.toThrow()
  expect((await client.query(`select to_regclass('half') as half`)).rows).toEqual([{ half: null }])
})

test('a migration that cannot get its lock gives up', async () => {
  await client.query('create table busy (n int)')
  await client.query('begin')
  await client.query('lock table busy in access exclusive mode')
  await writeMigration('alter table busy add column m int;')
  await expect(migrate(fresh.url, { folder, lock_ms_max: 50 })).rejects.toMatchObject({
    cause: { code: '55P03' },
  })
  await client.query('rollback')
})

test('a database that is up to date stays as it is', async () => {
  const applied = 'select count(*)::int as applied from drizzle.__drizzle_migrations'
  const before = (await client.query(applied)).rows
  await migrate(fresh.url)
  expect((await client.query(applied)).rows).toEqual(before)
})
