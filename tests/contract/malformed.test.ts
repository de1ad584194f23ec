import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isProblemCode, type ProblemCode, problems, typeOf } from '../../src/http/problem.ts'
import { addressKinds } from './address-faults.ts'
import { bodyKinds } from './body-faults.ts'
import { bodySchema, isRecord, type Operation, operationsOf } from './document.ts'
import { bytesOf, excerpt, type Fault, type Kind, partsOf } from './faults.ts'
import { headerKinds } from './header-faults.ts'
import { type RawAnswer, readAnswer, send } from './raw.ts'
import { type AnswerCheck, answersMatch, schemaCompiler } from './validate.ts'
import type { Accepts } from './values.ts'
import { startWorld, type World } from './world.ts'

/*
 * Promise: bad input gets a problem document that says what is wrong and where; nothing is guessed, coerced or dropped
 * in silence, nothing fails with a 5xx, and nothing is written. Tried on every operation of the published document,
 * with every kind of fault, each request surely wrong: the code that must answer is known before it goes out.
 */

/** Failures name their seed and path; MALFORMED_SEED tries another one, MALFORMED_REQUESTS more of them. */
const SEED = Number(process.env.MALFORMED_SEED ?? 20230922)

/** Requests over all operations and kinds of faults, each of which is tried at least once; some kinds are tried whole. */
const REQUESTS = Number(process.env.MALFORMED_REQUESTS ?? 2_700)

/** Codes that must say where, in `errors`. */
const pointing: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'malformed_json',
  'invalid_parameters',
  'invalid_body',
  'idempotency_key_missing',
  'idempotency_key_invalid',
  'unsupported_media_type',
  'not_acceptable',
  'precondition_required',
])

let world: World
let operations: Operation[]
let matches: AnswerCheck
let before: string
const sent = new Map<string, number>()

const compile = schemaCompiler()
const accepts: Accepts = (schema, value) => compile(schema)(value)

beforeAll(async () => {
  world = await startWorld()
  operations = operationsOf(world.document)
  matches = answersMatch(world.document)
})
afterAll(() => world?.stop())

/** Everything that is written down, as one text: each table's rows, the journal's head among them. */
async function everything(): Promise<string> {
  const client = new pg.Client({ connectionString: world.service.database_url })
  await client.connect()
  try {
    const tables = await client.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
    )
    const lines: string[] = []
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ rows: number; digest: string }>(
        `select count(*)::int as rows, md5(string_agg(t::text, chr(10) order by t::text)) as digest from ${name} t`,
      )
      lines.push(`${name} ${rows[0]?.rows} ${rows[0]?.digest}`)
    }
    return lines.join('\n')
  } finally {
    await client.end()
  }
}

/** The problem of an answer, if it is one of the catalogue in every part. */
function problemOf({ status, headers, text }: RawAnswer): Record<string, unknown> & { code: ProblemCode } {
  expect(headers.get('content-type')).toBe('application/problem+json')
  const problem: unknown = JSON.parse(text)
  if (!isRecord(problem)) throw new Error('the problem is no object')
  const { code } = problem
  if (typeof code !== 'string' || !isProblemCode(code)) throw new Error(`no code of the catalogue: ${code}`)
  expect(problem).toMatchObject({
    type: typeOf(code),
    title: problems[code].title,
    status: problems[code].status,
    detail: expect.stringMatching(/^[A-ZĀ-ž].{3,}\.$/s),
    request_id: headers.get('x-request-id'),
  })
  expect(status).toBe(problems[code].status)
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(500)
  if (status === 401) expect(headers.get('www-authenticate')).toMatch(/^Bearer/)
  if (status === 405) expect(headers.get('allow')).toMatch(/^[A-Z]+(, [A-Z]+)*$/)
  return { ...problem, code }
}

function expectPlaces(
  { code, errors }: Record<string, unknown> & { code: ProblemCode },
  { where }: Fault,
): void {
  if (errors === undefined && !pointing.has(code)) return
  if (!Array.isArray(errors) || errors.length === 0) throw new Error('no errors that say where')
  for (const error of errors) {
    expect(error).toEqual({
      [['pointer', 'parameter', 'header'].find((name) => name in error) ?? 'pointer']: expect.any(String),
      code: expect.stringMatching(/^[a-z][a-z0-9_]*$/),
      detail: expect.stringMatching(/.\.$/),
    })
  }
  if (where !== undefined) expect(errors).toContainEqual(expect.objectContaining(where))
}

async function expectRefused(operation: Operation, fault: Fault): Promise<void> {
  sent.set(fault.kind, (sent.get(fault.kind) ?? 0) + 1)
  const bytes = await send(world.port, fault.bytes, fault.breaks_off)
  try {
    const answer = readAnswer(bytes)
    const problem = problemOf(answer)
    expect(fault.codes).toContain(problem.code)
    expectPlaces(problem, fault)
    if (fault.at === 'operation')
      matches(operation.id, answer.status, problem, answer.headers.get('content-type'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const expected = `should be ${fault.codes} ${JSON.stringify(fault.where ?? '')}`
    throw new Error(`${expected}: ${reason}\nsent ${excerpt(fault.bytes)}\ngot ${excerpt(bytes)}`)
  }
}

/** Failures for people: the first of each kind in full, of the others only where they were. */
function reportOf(failures: readonly { kind: string; operation: string; message: string }[]): string {
  const by_kind = Map.groupBy(failures, ({ kind }) => kind)
  return Array.from(by_kind, ([kind, [first, ...others]]) => {
    const elsewhere = others.map(({ operation }) => operation).join(', ')
    return `${kind}, ${first?.operation}: ${first?.message}${elsewhere && `\nalso ${elsewhere}`}`
  }).join('\n\n')
}

async function kindsOf(operation: Operation): Promise<Kind[]> {
  const prepared = await world.request(operation)
  const parts = partsOf(prepared)
  const schema = bodySchema(world.document, operation)
  return [
    ...addressKinds(parts, world.document, operation),
    ...headerKinds(parts, world.document, operation),
    ...(schema === undefined ? [] : bodyKinds(parts, prepared.body, schema, accepts)),
  ]
}

describe('malformed input', () => {
  const kinds = new Map<string, Kind[]>()

  test('starts from requests that succeed, so that only the fault is wrong', async () => {
    for (const operation of operations) {
      const answer = readAnswer(await send(world.port, bytesOf(partsOf(await world.request(operation)))))
      expect([operation.id, Math.floor(answer.status / 100), answer.text]).toEqual([
        operation.id,
        2,
        answer.text,
      ])
    }
    for (const operation of operations) kinds.set(operation.id, await kindsOf(operation))
    before = await everything()
  })

  // Thousands of requests, one after the other: on a busy machine they take their time.
  test('of every kind is refused by every operation, with a problem that says what and where', {
    timeout: 240_000,
  }, async () => {
    const tried = operations.flatMap((operation) =>
      (kinds.get(operation.id) ?? []).map((kind) => ({ operation, kind })),
    )
    const weight = tried.reduce((sum, { kind }) => sum + (kind.whole ? 0 : kind.weight), 0)
    // What fails does not hide what fails elsewhere.
    const failures: { kind: string; operation: string; message: string }[] = []
    const begun = new Map<string, number>()
    for (const [index, { operation, kind }] of tried.entries()) {
      const { name, list = [], whole, faults } = kind
      const property = fc.asyncProperty(faults, (fault) => expectRefused(operation, fault))
      const numRuns = whole ? list.length : Math.ceil((REQUESTS / weight) * kind.weight)
      const start = begun.get(name) ?? 0
      begun.set(name, start + numRuns)
      // Of what is made up, each operation gets other tries.
      const examples = Array.from({ length: numRuns }, (_, step) => list[(start + step) % list.length])
        .filter((fault) => fault !== undefined)
        .map((fault): [Fault] => [fault])
      const out = await fc.check(property, { seed: SEED + index, numRuns, examples })
      const { message } = out.errorInstance instanceof Error ? out.errorInstance : new Error('no reason')
      const path = `seed ${out.seed} path ${out.counterexamplePath}`
      if (out.failed) failures.push({ kind: name, operation: operation.id, message: `${message}\n${path}` })
    }
    expect(reportOf(failures)).toBe('')
    const total = [...sent.values()].reduce((sum, count) => sum + count, 0)
    console.log(
      `seed ${SEED}: ${total} requests, ${sent.size} kinds of faults, ${operations.length} operations`,
    )
    expect(total).toBeGreaterThanOrEqual(REQUESTS)
    expect(sent.size).toBeGreaterThan(40)
  })

  test('has written nothing: each table is what it was, the journal’s head too', async () => {
    expect(await everything()).toBe(before)
  })
})
