import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { readConfig, settings } from '../src/config.ts'

/* Promise: a wrong setting stops the start with a message that names it, and .env.example tells the truth. */

type Example = { name: string; value: string; active: boolean; description: string }

/** Blocks of comment lines, each followed by `NAME=value`, or `#NAME=` where there is no default. */
async function readExample(): Promise<Example[]> {
  const file = await readFile(new URL('../.env.example', import.meta.url), 'utf8')
  return file.split('\n\n').flatMap((block) => {
    const lines = block.trim().split('\n')
    const [, hash, name, value] = /^(#?)([A-Z_]+)=(.*)$/.exec(lines.at(-1) ?? '') ?? []
    if (name === undefined || value === undefined) return []
    const description = lines.slice(0, -1).map((line) => line.replace(/^# /, ''))
    return [{ name, value, active: hash === '', description: description.join(' ') }]
  })
}

const message = (environment: Record<string, string>): string => {
  try {
    readConfig(environment)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://a:b@c/d' }

describe('.env.example', () => {
  test('lists every setting, in order, with the description of the schema', async () => {
    const described = Object.entries(settings.shape).map(([name, schema]) => [
      name,
      schema.meta()?.description,
    ])
    const listed = (await readExample()).map(({ name, description }) => [name, description])
    expect(listed).toEqual(described)
  })

  test('gives each setting its default, and leaves out what has none', async () => {
    const defaults: Record<string, unknown> = settings.parse({})
    for (const { name, value, active } of await readExample()) {
      expect([name, active ? value : undefined]).toEqual([
        name,
        defaults[name] === undefined ? undefined : String(defaults[name]),
      ])
    }
  })

  test('as a whole is a valid environment that changes nothing', async () => {
    const example = (await readExample()).filter(({ active }) => active)
    expect(readConfig(Object.fromEntries(example.map(({ name, value }) => [name, value])))).toEqual(
      readConfig({}),
    )
  })

  test('each description says its default', () => {
    for (const [name, schema] of Object.entries(settings.shape)) {
      expect(schema.meta()?.description, name).toMatch(/Default |by default/)
    }
  })
})

describe('the settings', () => {
  test.each([
    ['PORT', 'abc'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', ' 80'],
    ['PORT', '1e3'],
    ['PORT', '0x50'],
    ['PORT', '3000.5'],
    ['NODE_ENV', 'prod'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://a/b'],
    ['DATABASE_URL', 'nonsense'],
    ['PUBLIC_URL', 'ftp://a'],
    ['PUBLIC_URL', 'https://a.example/'],
    ['POOL_SIZE', '1'],
    ['KEY_CACHE_MS', '5000'],
    ['ALTERNATIVES_MAX_AGE_MS', '1001'],
    ['KEY_ENVIRONMENT', 'staging'],
  ])('%s=%s is refused by name', (name, value) => {
    expect(message({ [name]: value })).toMatch(new RegExp(`${name} must be|${name} must not`))
  })

  test('two wrong ones are both named', () => {
    expect(message({ PORT: 'x', POOL_SIZE: 'y' })).toMatch(/PORT must.*POOL_SIZE must/)
  })

  test('a refused value is not repeated: it may hold a password', () => {
    expect(message({ DATABASE_URL: 'mysql://user:geheim@host/db' })).not.toContain('geheim')
  })

  test('production needs a DATABASE_URL: it never falls back to the embedded one', () => {
    expect(message({ NODE_ENV: 'production' })).toContain('DATABASE_URL is required')
    expect(message(production)).toBe('accepted')
  })

  test('new keys say which environment they open', () => {
    const environments = [{}, { NODE_ENV: 'test' }, production, { KEY_ENVIRONMENT: 'test' }]
    expect(environments.map((environment) => readConfig(environment).KEY_ENVIRONMENT)).toEqual([
      'dev',
      'test',
      'prod',
      'test',
    ])
  })

  test('headers may not take longer than the request they belong to', () => {
    expect(message({ HEADERS_TIMEOUT_MS: '20000', REQUEST_TIMEOUT_MS: '10000' })).toContain(
      'HEADERS_TIMEOUT_MS',
    )
  })

  test('port 0 is allowed, empty means not set, unrelated variables are none of ours', () => {
    expect(readConfig({ PORT: '0', DATABASE_URL: '', PATH: '/bin' })).toEqual({ ...readConfig({}), PORT: 0 })
    expect(readConfig({}).PLACES_GOAL).toBe(40_000)
  })
})
