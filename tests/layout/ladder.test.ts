import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type Rule, type Sources, strangers, violations } from './ladder.ts'

/*
 * Promise: a newcomer finds any line by asking which feature and which shelf, because nothing is reached from where
 * it must not be.
 */

const top = fileURLToPath(new URL('../..', import.meta.url))

async function sourcesOfTheService(): Promise<Sources> {
  const entries = await readdir(`${top}src`, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`)
  const read = paths.map(async (path) => [path.slice(top.length), await readFile(path, 'utf8')] as const)
  return Object.fromEntries(await Promise.all(read))
}

/** Rule, file, line planted into it. */
const planted: [Rule, string, string][] = [
  ['climb down the ladder', 'src/domain/places.ts', `import { sql } from '../database/sql.ts'`],
  ['climb down the ladder', 'src/database/client.ts', `import type { Problem } from '../http/problem.ts'`],
  ['climb down the ladder', 'src/http/problem.ts', `export * from '../access/scopes.ts'`],
  ['climb down the ladder', 'src/access/remit.ts', `const { x } = await import('../journal/read.ts')`],
  ['climb down the ladder', 'src/journal/writer.ts', `import { places } from '../ledgers/index.ts'`],
  [
    'climb down the ladder',
    'src/ledgers/places/load.ts',
    `import { x } from '../../features/places/rules.ts'`,
  ],
  ['climb down the ladder', 'src/features/places/index.ts', `import { app } from '../../app.ts'`],
  ['climb down the ladder', 'src/app.ts', `import { serve } from './commands/serve.ts'`],
  ['climb down the ladder', 'src/main.ts', `import { app } from './app.ts'`],
  ['climb down the ladder', 'src/web/console/main.ts', `import type { x } from '../../http/problem.ts'`],
  ['climb down the ladder', 'src/journal/writer.ts', `let x: import('../features/places/rules.ts').X`],
  ['climb down the ladder', 'src/somewhere/new.ts', `import { x } from '../domain/places.ts'`],
  ['no feature imports another', 'src/features/food/store.ts', `import { x } from '../places/store.ts'`],
  [
    'no feature imports another',
    'src/features/food/rules/a.ts',
    `import type { X } from '../../places/rules.ts'`,
  ],
  ['only commands read the settings', 'src/app.ts', `import { readConfig } from './config.ts'`],
  [
    'only commands read the settings',
    'src/http/limits.ts',
    `import { type Config, settings } from '../config.ts'`,
  ],
  [
    'stay inside src',
    'src/commands/seed.ts',
    `import { freshDatabase } from '../../tests/setup/database.ts'`,
  ],
  ['no SQL in routes', 'src/features/food/routes.ts', `import { sql } from 'drizzle-orm'`],
  [
    'no SQL in routes',
    'src/features/food/routes.ts',
    `import { items } from '../../database/tables/items.ts'`,
  ],
  ['no SQL in routes', 'src/features/food/routes/items.ts', `import pg from 'pg'`],
  ['no SQL in routes', 'src/features/food/routes.ts', 'pool.query(`select code\nfrom items where id = $1`)'],
  ['no SQL in routes', 'src/features/food/routes.ts', 'pool.query(`DELETE FROM items`)'],
  ['no SQL in routes', 'src/features/food/routes.ts', 'const one = sql`now()`'],
  ['stores know no HTTP', 'src/features/food/store.ts', `import { Problem } from '../../http/problem.ts'`],
  ['stores know no HTTP', 'src/features/food/store.ts', `import { z } from 'zod'`],
  ['stores know no HTTP', 'src/features/food/store/items.ts', `import fastify from 'fastify'`],
  ['rules take values and return values', 'src/features/food/rules.ts', `import { z } from 'zod'`],
  ['rules take values and return values', 'src/features/food/rules.ts', `import pg from 'pg'`],
  [
    'rules take values and return values',
    'src/features/food/rules/days.ts',
    `import { eq } from 'drizzle-orm'`,
  ],
  ['rules take values and return values', 'src/features/food/rules.ts', `import type { X } from 'fastify'`],
  [
    'rules take values and return values',
    'src/ledgers/stock/rules.ts',
    `import { x } from '../../http/wire.ts'`,
  ],
  [
    'rules take values and return values',
    'src/ledgers/stock/rules.ts',
    `import { x } from '../../database/sql.ts'`,
  ],
]

const allowed: [string, string][] = [
  ['src/main.ts', `const { serve } = await import('./commands/serve.ts')`],
  ['src/commands/serve.ts', `import { readConfig } from '../config.ts'; import { app } from '../app.ts'`],
  [
    'src/app.ts',
    `import type { Config } from './config.ts'; import { food } from './features/food/index.ts'`,
  ],
  ['src/http/limits.ts', `import { type Config } from '../config.ts'`],
  ['src/features/food/index.ts', `import { places } from '../../ledgers/index.ts'; import './routes.ts'`],
  ['src/features/food/routes.ts', `import type { Database } from '../../database/client.ts'`],
  [
    'src/features/food/routes.ts',
    `const detail = 'Select a shelter, or update your list from time to time.'`,
  ],
  ['src/features/food/rules.ts', `import { type Refusal, refuse } from '../../http/problem.ts'`],
  ['src/features/food/rules.ts', `import type { ItemRow } from '../../database/tables/items.ts'`],
  ['src/features/food/store.ts', `import { sql } from 'drizzle-orm'`],
  ['src/ledgers/places/load.ts', `import { send } from '../../journal/ledger.ts'`],
  ['src/journal/ledger.ts', `import type { Principal } from '../access/principal.ts'`],
  ['src/commands/openapi.ts', `import document from '../../openapi/v1.json' with { type: 'json' }`],
  ['src/web/console/main.ts', `import { regions } from '../../domain/regions.ts'; import '../shared/api.ts'`],
]

describe('the ladder', () => {
  test.each(planted)('%s: red on %s with %s', (rule, path, source) => {
    expect(violations({ [path]: source }).map((violation) => violation.rule)).toContain(rule)
  })

  test.each(allowed)('%s may say %s', (path, source) => {
    expect(violations({ [path]: source })).toEqual([])
  })

  test('the service keeps every rule', async () => {
    const sources = await sourcesOfTheService()
    expect(Object.keys(sources)).toContain('src/config.ts')
    expect(violations(sources)).toEqual([])
  })
})

describe('the top level', () => {
  test('a stranger is seen', () => {
    expect(strangers(['src', 'vitest.config.ts', '.env.example', 'docs', 'node_modules'])).toEqual([
      'vitest.config.ts',
      'docs',
    ])
  })

  test('holds what its user asked for and nothing else', async () => {
    expect(strangers(await readdir(top))).toEqual([])
  })
})
