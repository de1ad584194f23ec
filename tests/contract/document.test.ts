import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scopes } from '../../src/access/scopes.ts'
import { publishedText } from '../../src/commands/openapi.ts'
import { isProblemCode, type ProblemCode, problems, typeOf } from '../../src/http/problem.ts'
import {
  bodySchema,
  examplesOf,
  inlined,
  isRecord,
  type Operation,
  operationsOf,
  type Schema,
} from './document.ts'
import { complaintsOf, schemaCompiler } from './validate.ts'
import { type Route, startWorld, type World } from './world.ts'

/*
 * Promise: the published document is the service, whole and no more. What it says of refusals, the catalogue and the
 * pages under /problems say too.
 */

let world: World
let operations: Operation[]

beforeAll(async () => {
  world = await startWorld()
  operations = operationsOf(world.document)
})
afterAll(() => world?.stop())

const repository = fileURLToPath(new URL('../..', import.meta.url))
const codes = Object.keys(problems) as ProblemCode[]

/** Batches: each item has its own key, and is answered in its place if it is wrong. */
const answered_line_by_line = ['postArrivals', 'postBatch']

const page = (path: string) => world.service.call('GET', path, { headers: { accept: 'text/html' } })

/** The codes that a refusal's description names, with what it says of each: `code`: What it means. */
const codesNamedIn = (description: string): { code: string; title: string }[] =>
  Array.from(description.matchAll(/`([a-z0-9_]+)`: (.+?)\.(?= `|$)/g), ([, code = '', title = '']) => ({
    code,
    title,
  }))

describe('the document', () => {
  test('is OpenAPI 3.1, without a fault that the specification knows', async () => {
    expect(world.document.openapi).toMatch(/^3\.1\.\d+$/)
    const folder = await mkdtemp(join(tmpdir(), 'shelter-capacity-openapi-'))
    const file = join(folder, 'openapi.json')
    await writeFile(file, JSON.stringify(world.document))
    const lint = promisify(execFile)(
      join(repository, 'node_modules/.bin/redocly'),
      ['lint', file, '--extends=spec', '--format=json'],
      {
        cwd: folder,
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      },
    )
    // With faults it ends in an error whose text lists them.
    const { stdout } = await lint.catch((error: { stdout: string }) => error)
    await rm(folder, { recursive: true })
    const { totals, problems: found } = JSON.parse(stdout)
    expect([totals.errors, totals.warnings, found]).toEqual([0, 0, []])
  })

  test('is what is kept in openapi/v1.json, but for `servers`', async () => {
    const kept = await readFile(join(repository, 'openapi/v1.json'), 'utf8')
    // Compared as objects first, so that a failure shows the difference and not two files: npm run openapi.
    const { servers, ...published } = world.document
    expect(servers?.length).toBeGreaterThan(0)
    expect({ ...JSON.parse(kept), servers }).toEqual({ ...published, servers })
    expect(kept).toBe(publishedText(world.document))
  })

  test('names each operation once, with tag, summary and description', () => {
    const ids = operations.map(({ object }) => object.operationId)
    expect(new Set(ids).size).toBe(operations.length)
    for (const { id, object } of operations) {
      expect({ id, ...object }).toMatchObject({
        operationId: expect.stringMatching(/^[a-z][A-Za-z]+$/),
        tags: [expect.stringMatching(/^[A-Z]/)],
        summary: expect.stringMatching(/^[A-Z].{3,80}[^.]$/),
        description: expect.stringMatching(/^[A-Z`].{10,}\.$/s),
      })
    }
  })

  test('names one scope of the service for each operation, or none where it is open', () => {
    for (const { id, object, path } of operations) {
      const { security } = object
      if (path.startsWith('/v1/public/')) expect([id, security]).toEqual([id, []])
      else expect([id, security]).toEqual([id, [{ bearer: [expect.toBeOneOf([...scopes])] }]])
    }
  })

  test('says of every parameter in a path what it looks like, and requires it', () => {
    for (const { id, path, object } of operations) {
      const named = Array.from(path.matchAll(/\{([^}]+)\}/g), ([, name]) => name)
      const parameters = (object.parameters ?? []).filter((one) => one.in === 'path')
      expect([id, parameters.map(({ name }) => name)]).toEqual([id, named])
      for (const { name, required, schema } of parameters) {
        const { pattern, format, enum: values } = inlined(world.document, schema)
        expect([id, name, required, pattern ?? format ?? values]).not.toEqual([id, name, true, undefined])
      }
    }
  })

  test('asks for Idempotency-Key or If-Match where the service does', () => {
    for (const { id, method, object } of operations) {
      const headers = (object.parameters ?? []).filter((one) => one.in === 'header').map(({ name }) => name)
      if (method === 'PATCH') expect([id, headers]).toEqual([id, ['if-match']])
      else if (method === 'POST')
        expect([id, headers]).toEqual([id, answered_line_by_line.includes(id) ? [] : ['idempotency-key']])
    }
  })

  test('takes no body in which a field may be unknown, but for lines that are answered one by one', () => {
    const open: string[] = []
    const look = (node: unknown, place: string): void => {
      if (Array.isArray(node)) for (const [index, member] of node.entries()) look(member, `${place}/${index}`)
      if (!isRecord(node)) return
      const closed = node.additionalProperties === false || isRecord(node.propertyNames)
      if (node.type === 'object' && !closed) open.push(place)
      for (const [name, member] of Object.entries(node))
        if (name !== 'example') look(member, `${place}/${name}`)
    }
    for (const operation of operations) look(bodySchema(world.document, operation), operation.id)
    expect(open).toEqual(answered_line_by_line.map((id) => `${id}/properties/items/items`))
  })

  test('bounds every text, number and list that a body can hold, texts to 500 characters', () => {
    const unbounded: string[] = []
    const look = (node: unknown, place: string): void => {
      if (Array.isArray(node)) for (const [index, member] of node.entries()) look(member, `${place}/${index}`)
      if (!isRecord(node)) return
      const { type, maxLength, minimum, maximum, maxItems } = node
      const is_word = ['enum', 'const', 'pattern', 'format'].some((keyword) => keyword in node)
      const is_bounded =
        type === 'string'
          ? is_word || Number(maxLength) <= 500
          : type === 'integer' || type === 'number'
            ? typeof minimum === 'number' && typeof maximum === 'number' && maximum < 1e6
            : type !== 'array' || typeof maxItems === 'number'
      if (!is_bounded) unbounded.push(place)
      for (const [name, member] of Object.entries(node))
        if (name !== 'example') look(member, `${place}/${name}`)
    }
    for (const operation of operations) look(bodySchema(world.document, operation), operation.id)
    expect(unbounded).toEqual([])
  })

  test('has an answer for success and one for each way of being refused', () => {
    for (const { id, object, path } of operations) {
      const statuses = Object.keys(object.responses)
      const expected = [
        '406',
        '500',
        '503',
        ...(object.security?.length === 0 ? [] : ['401', '403', '429']),
        ...(object.requestBody === undefined ? [] : ['400', '413', '415', '422']),
        ...(object.parameters?.some((one) => one.in === 'query') ? ['400'] : []),
        ...(path.includes('{') ? ['404'] : []),
      ]
      expect([id, statuses]).toEqual([id, expect.arrayContaining(expected)])
      expect(statuses.filter((status) => status.startsWith('2')).length).toBeGreaterThan(0)
    }
  })

  test('has only examples that are valid', () => {
    const compile = schemaCompiler()
    let examples = 0
    const look = (node: unknown, place: string): void => {
      if (Array.isArray(node)) {
        for (const [index, member] of node.entries()) look(member, `${place}/${index}`)
      } else if (isRecord(node)) {
        const schema: Schema = isRecord(node.schema) ? node.schema : node
        for (const example of examplesOf({ example: node.example, examples: node.examples })) {
          const validate = compile(inlined(world.document, schema))
          examples++
          expect([place, validate(example), complaintsOf(validate)]).toEqual([place, true, ''])
        }
        for (const [name, member] of Object.entries(node)) {
          if (name !== 'example' && name !== 'examples') look(member, `${place}/${name}`)
        }
      }
    }
    look(world.document.paths, '#/paths')
    look(world.document.components, '#/components')
    expect(examples).toBeGreaterThan(operations.length)
  })

  test('has only schemas that JSON Schema 2020-12 knows', () => {
    const compile = schemaCompiler()
    for (const schema of Object.values(world.document.components.schemas))
      compile(inlined(world.document, schema))
  })
})

describe('the routes', () => {
  const documented = (): Set<string> => new Set(operations.map(({ method, path }) => `${method} ${path}`))
  const is_hidden = ({ schema }: Route): boolean => schema?.hide === true
  const nameOf = (method: string, { url }: Route): string => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`

  test('are in the document, all but those that are hidden on purpose', () => {
    const seen = world.routes
      .filter((route) => !is_hidden(route))
      .flatMap((route) => route.methods.map((method) => nameOf(method, route)))
      // What GET has, HEAD has.
      .filter((name) => !name.startsWith('HEAD ') || !documented().has(name.replace('HEAD', 'GET')))
    expect(seen.toSorted()).toEqual([...documented()].toSorted())
  })

  test('are hidden only where there is no operation: the document itself, pages and probes', () => {
    const hidden = world.routes.filter(is_hidden).map(({ url }) => url)
    const apart =
      /^(\/|\/openapi[^/]*\.json|\/docs(\/.*)?|\/problems(\/:code)?|\/healthz|\/readyz|\/metrics)$/
    expect(hidden.filter((url) => !apart.test(url))).toEqual([])
    expect(hidden).toContain('/openapi.json')
  })

  test('answer only with codes of the catalogue, each under its status and in the document', () => {
    for (const route of world.routes) {
      const responses = isRecord(route.schema?.response) ? route.schema.response : {}
      for (const [status, response] of Object.entries(responses)) {
        const named = isRecord(response) && Array.isArray(response['x-codes']) ? response['x-codes'] : []
        for (const code of named.map(String)) {
          expect([route.url, code, isProblemCode(code)]).toEqual([route.url, code, true])
          const operation = operations.find(({ id }) => id === route.schema?.operationId)
          expect(problems[code as ProblemCode].status).toBe(Number(status))
          expect(operation?.object.responses[status]?.description).toContain(`\`${code}\``)
        }
      }
    }
  })
})

describe('the catalogue of problems', () => {
  test('is what the document says of each refusal: the code, its status, its title', () => {
    for (const { id, object } of operations) {
      for (const [status, { description, content }] of Object.entries(object.responses)) {
        if (Number(status) < 400) continue
        expect([id, status, content]).toEqual([
          id,
          status,
          { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        ])
        const named = codesNamedIn(description)
        expect([id, status, named.length]).not.toEqual([id, status, 0])
        for (const { code, title } of named) {
          const known = isProblemCode(code) ? problems[code] : undefined
          expect([id, code, known?.status, known?.title]).toEqual([id, code, Number(status), title])
        }
      }
    }
  })

  test('has a page for each code, which says what it means and what to do', async () => {
    for (const code of codes) {
      const { status, headers, body } = await page(typeOf(code))
      expect([code, status, headers['content-type']]).toEqual([code, 200, 'text/html; charset=utf-8'])
      expect(body).toContain(`<code>${code}</code>`)
      expect(body).toContain(`Status ${problems[code].status}`)
      const plain = body.replace(/<[^>]+>/g, '').replaceAll('&amp;', '&')
      expect(plain).toContain(problems[code].title.replaceAll('`', ''))
      expect(plain).toContain(problems[code].advice.replaceAll('`', ''))
    }
  })

  test('has a page that lists all codes and no other, and every link on it opens', async () => {
    const { body } = await page('/problems')
    const links = Array.from(body.matchAll(/href="(\/problems\/[^"]+)"/g), ([, link]: string[]) => link)
    expect(links.toSorted()).toEqual(codes.map(typeOf).toSorted())
  })

  test('has a title and an advice in whole words for each code, which is its name for programs', () => {
    for (const code of codes) {
      const { status, title, advice } = problems[code]
      expect(code).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(title).toMatch(/^[A-Z].*[^.]$/)
      expect(advice).toMatch(/^[A-Z`].*\.$/)
    }
    expect(new Set(codes.map((code) => problems[code].title)).size).toBe(codes.length)
  })
})
