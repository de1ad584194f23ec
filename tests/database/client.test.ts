import { sql } from 'drizzle-orm'
import { pgTable } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { database, openPool } from '../../src/database/client.ts'
import { bytea, instant, instantFromText } from '../../src/database/tables/columns.ts'
import { type FreshDatabase, freshDatabase } from '../setup/database.ts'

/* Promise: a value is the same thing in the database and in the program, and no session waits without a limit. */

let fresh: FreshDatabase
let pool: pg.Pool

const settings = {
  max: 2,
  application_name: 'client test',
  statement_timeout_ms: 1_000,
  lock_timeout_ms: 100,
}

beforeAll(async () => {
  fresh = await freshDatabase()
  pool = openPool({ ...settings, url: fresh.url })
})

afterAll(async () => {
  await pool?.end()
  await fresh?.drop()
})

test('moments come as UTC with milliseconds, counts as numbers, dates and decimals as text', async () => {
  const { rows } = await pool.query(
    `select timestamptz '2023-09-26 14:00:00.5+04' as moment, 40000::bigint as places,
            date '2023-09-26' as day, 12.50::numeric as quantity, null::timestamptz as never`,
  )
  expect(rows).toEqual([
    { moment: '2023-09-26T10:00:00.500Z', places: 40_000, day: '2023-09-26', quantity: '12.50', never: null },
  ])
})

test.each([
  ['2023-09-26 10:00:00+00', '2023-09-26T10:00:00.000Z'],
  ['2023-09-26 10:00:00.1+00', '2023-09-26T10:00:00.100Z'],
  ['2023-09-26 10:00:00.012+00', '2023-09-26T10:00:00.012Z'],
  ['2023-09-26 10:00:00.999999+00', '2023-09-26T10:00:00.999Z'],
  ['2023-09-26T10:00:00.012Z', '2023-09-26T10:00:00.012Z'],
])('%s is %s', (text, moment) => {
  expect(instantFromText(text)).toBe(moment)
})

test.each(['infinity', '2023-09-26 14:00:00+04', '10000-01-01 00:00:00+00', '0001-01-01 00:00:00+00 BC', ''])(
  '"%s" is no moment we know',
  (text) => {
    expect(() => instantFromText(text)).toThrow(TypeError)
  },
)

test('moments and bytes go through drizzle unchanged', async () => {
  const things = pgTable('things', {
    at: instant('at').notNull(),
    hash: bytea('hash').notNull(),
    until: instant('until'),
  })
  const drizzle = database(pool)
  await drizzle.execute(sql`create table ${things} (at timestamptz(3), hash bytea, until timestamptz(3))`)
  const row = { at: '2023-09-26T10:00:00.120Z', hash: Buffer.from([0, 255, 7]), until: null }
  await drizzle.insert(things).values(row)
  expect(await drizzle.select().from(things)).toEqual([row])
})

test('a session is in UTC and knows its limits', async () => {
  const { rows } = await pool.query(
    `select current_setting('TimeZone') as zone, current_setting('statement_timeout') as statement,
            current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle,
            current_setting('application_name') as name`,
  )
  expect(rows).toEqual([{ zone: 'UTC', statement: '1s', lock: '100ms', idle: '2s', name: 'client test' }])
})

test('a statement that runs too long, or waits too long for a lock, is ended', async () => {
  await expect(pool.query('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' })
  const holder = await pool.connect()
  await holder.query('select pg_advisory_lock(1)')
  await expect(pool.query('select pg_advisory_lock(1)')).rejects.toMatchObject({ code: '55P03' })
  await holder.query('select pg_advisory_unlock(1)')
  holder.release()
})

test('a connection that breaks while idle ends nothing: it is reported, and the next query has a new one', async () => {
  const errors: Error[] = []
  const broken = openPool({ ...settings, url: fresh.url, on_error: (error) => errors.push(error) })
  const { rows } = await broken.query('select pg_backend_pid() as pid')
  const reported = new Promise((resolve) => broken.once('error', resolve))
  await pool.query('select pg_terminate_backend($1)', [rows[0].pid])
  await reported
  expect(errors).toHaveLength(1)
  expect((await broken.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await broken.end()
})
