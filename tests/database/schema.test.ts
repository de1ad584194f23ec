import { readdir, readFile } from 'node:fs/promises'
import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { instantFromText } from '../../src/database/tables/columns.ts'
import type { FreshDatabase } from '../setup/database.ts'
import { emptyDatabase } from '../setup/empty-database.ts'

/*
 * Promise: what the program believes of its tables is what the migrations make of an empty database, however many
 * processes start at once; and whoever applies a migration can read why, what it locks and how to undo it.
 */

const tables_folder = new URL('../../src/database/tables/', import.meta.url)
const migrations_folder = new URL('../../migrations/', import.meta.url)

let empty: FreshDatabase
let client: pg.Client
let tables: PgTable[]
let migrating: PromiseSettledResult<void>[]

beforeAll(async () => {
  empty = await emptyDatabase()
  // Three processes that start together on the first day; the tests below look at what they left.
  migrating = await Promise.allSettled([1, 2, 3].map(() => migrate(empty.url)))
  client = new pg.Client({ connectionString: empty.url })
  await client.connect()
  const files = (await readdir(tables_folder)).filter((file) => file.endsWith('.ts'))
  const modules = await Promise.all(files.map((file) => import(new URL(file, tables_folder).href)))
  tables = modules.flatMap((exported) => Object.values(exported)).filter((value) => is(value, PgTable))
})
afterAll(async () => {
  await client?.end()
  await empty?.drop()
})

/** One column of rows of text, sorted. */
async function names(statement: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(statement)
  return rows.map(({ name }) => name).toSorted()
}

const constraints = (types: string) =>
  names(
    `select conrelid::regclass || ' ' || conname as name from pg_constraint
    where connamespace = 'public'::regnamespace and contype in (${types})`,
  )

const configs = () => tables.map(getTableConfig)

describe('an empty database', () => {
  test('is migrated by three processes at once, each migration once', async () => {
    expect(migrating.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
    const { rows } = await client.query('select count(*)::int as applied from drizzle.__drizzle_migrations')
    const files = (await readdir(migrations_folder)).filter((file) => file.endsWith('.sql'))
    expect(rows).toEqual([{ applied: files.length }])
    const head = await client.query('select seq, encode(hash, $1) as hash from journal_head', ['hex'])
    expect(head.rows).toEqual([{ seq: '0', hash: '0'.repeat(64) }])
  })

  test('has the tables of the program then, and no other', async () => {
    const there = await names(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    )
    expect(tables.length).toBeGreaterThan(10)
    expect(there).toEqual(
      configs()
        .map(({ name }) => name)
        .toSorted(),
    )
  })

  test('has in each table the columns that the program reads: type, nullability, default', async () => {
    const { rows } = await client.query<
      Record<'table' | 'name' | 'nullable' | 'type', string> & { default: boolean }
    >(
      `select table_name as "table", column_name as name, is_nullable as nullable,
        format_type(atttypid, atttypmod) as type, column_default is not null as "default"
      from information_schema.columns
      join pg_attribute on attrelid = format('%I.%I', table_schema, table_name)::regclass and attname = column_name
      where table_schema = 'public'`,
    )
    const there = rows.map((row) =>
      [row.table, row.name, row.type, row.nullable === 'YES' ? 'null' : 'not null', row.default].join(' '),
    )
    const believed = configs().flatMap(({ name, columns }) =>
      columns.map((column) =>
        [
          name,
          column.name,
          column.getSQLType(),
          column.notNull ? 'not null' : 'null',
          column.default !== undefined,
        ].join(' '),
      ),
    )
    expect(there.toSorted()).toEqual(believed.toSorted())
  })

  test('has the primary keys that the program believes in, in their order', async () => {
    const there = await names(
      `select table_name || ' ' || string_agg(column_name, ' ' order by ordinal_position) as name
      from information_schema.table_constraints
      join information_schema.key_column_usage using (constraint_schema, constraint_name, table_name)
      where constraint_schema = 'public' and constraint_type = 'PRIMARY KEY'
      group by table_name`,
    )
    const believed = configs().map(({ name, columns, primaryKeys }) => {
      const key = primaryKeys[0]?.columns ?? columns.filter((column) => column.primary)
      return [name, ...key.map((column) => column.name)].join(' ')
    })
    expect(there).toEqual(believed.toSorted())
  })

  test('has every constraint of the program under its name, so that errors read as rules', async () => {
    const believed = configs().flatMap(({ name, columns, checks, uniqueConstraints, foreignKeys }) =>
      [
        ...checks.map((check) => check.name),
        ...uniqueConstraints.map((unique) => unique.name),
        ...columns.filter((column) => column.isUnique).map((column) => column.uniqueName),
        ...foreignKeys.map((key) => key.getName()),
      ].map((constraint) => `${name} ${constraint}`),
    )
    expect(await constraints(`'c', 'u', 'f'`)).toEqual(believed.toSorted())
  })

  test('has every index of the program', async () => {
    const there = await names(
      `select tablename || ' ' || indexname as name from pg_indexes where schemaname = 'public'`,
    )
    const believed = configs().flatMap(({ name, indexes }) =>
      indexes.map((index) => `${name} ${index.config.name}`),
    )
    expect(believed.filter((index) => !there.includes(index))).toEqual([])
  })
})

describe('a migration', () => {
  test('begins with why, what it locks and how to undo it', async () => {
    const files = (await readdir(migrations_folder)).filter((file) => file.endsWith('.sql'))
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) {
      const text = await readFile(new URL(file, migrations_folder), 'utf8')
      const more = String.raw`(?:-- {2,}\S.*\n)*`
      const head = new RegExp(`^-- Why: \\S.*\\n${more}-- Locks: \\S.*\\n${more}-- Undo: \\S.*\\n${more}`)
      expect([file, head.test(text)]).toEqual([file, true])
    }
  })

  test('has its number, and none is missing or done twice', async () => {
    const files = (await readdir(migrations_folder)).filter((file) => file.endsWith('.sql')).toSorted()
    const journal = JSON.parse(await readFile(new URL('meta/_journal.json', migrations_folder), 'utf8'))
    const entries: { idx: number; tag: string; when: number }[] = journal.entries
    expect(entries.map(({ tag }) => `${tag}.sql`)).toEqual(files)
    for (const [index, { idx, tag }] of entries.entries()) {
      expect([idx, tag.slice(0, 5)]).toEqual([index, `${String(index).padStart(4, '0')}_`])
    }
    // drizzle skips what is older than the newest that was applied, so the moments must rise.
    const moments = entries.map(({ when }) => when)
    expect(moments).toEqual([...new Set(moments)].toSorted((one, other) => one - other))
  })
})

describe('a moment', () => {
  test.each([
    ['2023-09-26 10:00:00+00', '2023-09-26T10:00:00.000Z'],
    ['2023-09-26 10:00:00.1+00', '2023-09-26T10:00:00.100Z'],
    ['2023-09-26 10:00:00.12+00', '2023-09-26T10:00:00.120Z'],
    ['2023-09-26 10:00:00.123+00', '2023-09-26T10:00:00.123Z'],
    ['1999-12-31 23:59:59.999+00', '1999-12-31T23:59:59.999Z'],
    ['0001-01-01 00:00:00+00', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31 23:59:59+00', '9999-12-31T23:59:59.000Z'],
  ])('as PostgreSQL writes it, %s, is read as %s', (text, instant) => {
    expect(instantFromText(text)).toBe(instant)
  })

  test('is cut to milliseconds and never moved into the future', () => {
    expect(instantFromText('2023-09-26 10:00:00.123999+00')).toBe('2023-09-26T10:00:00.123Z')
    expect(instantFromText('2023-09-26 23:59:59.999999+00')).toBe('2023-09-26T23:59:59.999Z')
  })

  test('that was read already stays as it is', () => {
    expect(instantFromText('2023-09-26T10:00:00.120Z')).toBe('2023-09-26T10:00:00.120Z')
  })

  test.each([
    'infinity',
    '-infinity',
    '',
    '0044-03-15 12:00:00+00 BC',
    '10000-01-01 00:00:00+00',
    '2023-09-26 10:00:00+04',
    '2023-09-26 10:00:00.5+05:30',
    '2023-09-26 10:00:00',
    '2023-09-26',
    '2023-09-26T10:00:00+00',
  ])('that is none in UTC, %j, is an error and no guess', (text) => {
    expect(() => instantFromText(text)).toThrow(TypeError)
  })

  test('goes through the database and comes back the same, whatever its fraction', async () => {
    await client.query('set TimeZone = UTC')
    await client.query('create temporary table moments (at timestamp(3) with time zone)')
    for (const instant of [
      '2023-09-26T10:00:00.000Z',
      '2023-09-26T10:00:00.100Z',
      '2000-01-01T00:00:00.001Z',
    ]) {
      const { rows } = await client.query('insert into moments values ($1) returning at::text as at', [
        instant,
      ])
      expect(instantFromText(rows[0].at)).toBe(instant)
    }
  })
})
