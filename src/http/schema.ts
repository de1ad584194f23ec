import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify'
import type { FastifySerializerCompiler } from 'fastify/types/schema.js'
import { z } from 'zod'
import { pointerStep } from './json-body.ts'
import { type FieldError, isProblemCode, Problem } from './problem.ts'

/*
 * Between Fastify and zod. Input is parsed (strictly, nothing coerced); output is encoded, so that a shape that the
 * schema does not know ends as 500 in a test and never as a leaked column at a partner's.
 */

/** What a handler gets and what it may send, from the route's schemas. Both are the program's side of a codec. */
export interface ZodTypeProvider extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown
  serializer: Sendable<this['schema']>
}

/** Of an answer with named content types, what any of them takes. */
type Sendable<Schema> = Schema extends z.ZodType
  ? z.output<Schema>
  : Schema extends { content: Record<string, { schema: infer Inner }> }
    ? Sendable<Inner>
    : unknown

const isSchema = (schema: unknown): schema is z.ZodType =>
  typeof schema === 'object' && schema !== null && '_zod' in schema

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

const whole_number = 'a whole number'
const type_names: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: whole_number,
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
}

/** The value at a path, to tell what is missing from what is wrong. */
function valueAt(value: unknown, path: Path): unknown {
  let current = value
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined
    current = Reflect.get(current, key)
  }
  return current
}

/** What is wrong with one value: a stable code and a sentence. Never repeats the value, which may be personal. */
function complaint(issue: Issue, value: unknown): { code: string; detail: string } {
  switch (issue.code) {
    case 'invalid_type': {
      const expected = type_names[issue.expected] ?? issue.expected
      if (value === undefined) return { code: 'missing', detail: `Is required: ${expected}.` }
      return { code: 'wrong_type', detail: `Must be ${expected}.` }
    }
    case 'too_big': {
      const least = issue.inclusive === false ? 'less than' : 'at most'
      if (issue.origin === 'string')
        return { code: 'too_long', detail: `Must be ${least} ${issue.maximum} characters.` }
      if (issue.origin === 'array')
        return { code: 'too_many', detail: `Must be ${least} ${issue.maximum} entries.` }
      return { code: 'too_large', detail: `Must be ${least} ${issue.maximum}.` }
    }
    case 'too_small': {
      const most = issue.inclusive === false ? 'more than' : 'at least'
      if (issue.origin === 'string')
        return { code: 'too_short', detail: `Must be ${most} ${issue.minimum} characters.` }
      if (issue.origin === 'array')
        return { code: 'too_few', detail: `Must be ${most} ${issue.minimum} entries.` }
      return { code: 'too_small', detail: `Must be ${most} ${issue.minimum}.` }
    }
    case 'invalid_value':
      if (value === undefined)
        return { code: 'missing', detail: `Is required: one of ${issue.values.join(', ')}.` }
      return { code: 'not_allowed', detail: `Must be one of ${issue.values.join(', ')}.` }
    case 'invalid_format':
      return { code: 'wrong_format', detail: issue.message }
    case 'custom': {
      const code: unknown = issue.params?.code
      return { code: typeof code === 'string' ? code : 'invalid', detail: issue.message }
    }
    case 'not_multiple_of':
      return { code: 'not_multiple', detail: `Must be a multiple of ${issue.divisor}.` }
    default:
      return { code: 'invalid', detail: issue.message }
  }
}

/** Of a union's branches, the one that got furthest says most about what the caller meant. */
function closestBranch(branches: Issue[][]): Issue[] | undefined {
  const reach = (issues: Issue[]) => Math.max(...issues.map((issue) => issue.path.length))
  return branches.toSorted((one, other) => reach(other) - reach(one) || one.length - other.length)[0]
}

type Found = { path: Path; unknown: boolean; code: string; detail: string }

function* complaints(issues: readonly Issue[], value: unknown, base: Path = []): Generator<Found> {
  for (const issue of issues) {
    const path = [...base, ...issue.path]
    const branch = issue.code === 'invalid_union' ? closestBranch(issue.errors) : undefined
    if (branch?.some((inner) => inner.path.length > 0)) {
      yield* complaints(branch, value, path)
    } else if (branch !== undefined) {
      const first = branch[0]
      const found = first === undefined ? undefined : complaint(first, valueAt(value, path))
      yield { path, unknown: false, code: found?.code ?? 'invalid', detail: found?.detail ?? issue.message }
    } else if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        yield { path: [...path, key], unknown: true, code: 'unknown_field', detail: 'Is not known here.' }
      }
    } else {
      yield { path, unknown: false, ...complaint(issue, valueAt(value, path)) }
    }
  }
}

const pointerOf = (path: Path): string => path.map((key) => pointerStep(String(key))).join('')

/** The complaints of a failed parse with RFC 6901 pointers; for bodies that do not come through a route's schema. */
export function bodyErrors(error: z.core.$ZodError, value: unknown): FieldError[] {
  return Array.from(complaints(error.issues, value), ({ path, code, detail }) => ({
    pointer: pointerOf(path),
    code,
    detail,
  }))
}

/** A 422 from a failed parse of a body, or of one line of a batch. */
export const invalidBody = (error: z.core.$ZodError, value: unknown): Problem =>
  new Problem({
    code: 'invalid_body',
    detail: 'The body is not what this operation takes.',
    errors: bodyErrors(error, value),
  })

function invalidQuery(error: z.core.$ZodError, value: unknown): Problem {
  const errors = Array.from(
    complaints(error.issues, value),
    ({ path, unknown, code, detail }): FieldError => {
      const parameter = String(path[0] ?? '')
      if (unknown)
        return {
          parameter,
          code: 'unknown_parameter',
          detail: 'This operation does not know this parameter.',
        }
      if (Array.isArray(valueAt(value, path.slice(0, 1)))) {
        return { parameter, code: 'repeated', detail: 'May be given once.' }
      }
      return { parameter, code, detail }
    },
  )
  return new Problem({ code: 'invalid_parameters', detail: 'A query parameter is wrong.', errors })
}

const header_names: Readonly<Record<string, string>> = {
  'idempotency-key': 'Idempotency-Key',
  'if-match': 'If-Match',
  'if-none-match': 'If-None-Match',
  'last-event-id': 'Last-Event-ID',
}

function invalidHeaders(error: z.core.$ZodError, value: unknown): Problem {
  const errors = Array.from(complaints(error.issues, value), ({ path, code, detail }): FieldError => {
    const name = String(path[0] ?? '')
    return { header: header_names[name] ?? name, code, detail }
  })
  const key = errors.find((one) => one.header === 'Idempotency-Key')
  if (key === undefined)
    return new Problem({ code: 'invalid_parameters', detail: 'A header is wrong.', errors })
  return key.code === 'missing'
    ? new Problem({
        code: 'idempotency_key_missing',
        detail: 'Every post that changes something needs an Idempotency-Key.',
        errors,
      })
    : new Problem({
        code: 'idempotency_key_invalid',
        detail: 'The Idempotency-Key must be 8 to 128 printable ASCII characters.',
        errors,
      })
}

/** No such thing can exist, so it is not found: as the thing that the parameter names, if there is a word for it. */
function invalidPath(error: z.core.$ZodError): Problem {
  const code = `${String(error.issues[0]?.path[0] ?? '')}_not_found`
  return new Problem({
    code: isProblemCode(code) ? code : 'not_found',
    detail: 'Nothing can have the name that stands in this address.',
  })
}

/** Looks at the headers that a route names and leaves all of them as they came: others are nobody's mistake. */
function headersValidator(schema: z.ZodObject) {
  const names = Object.keys(schema.shape)
  return (value: unknown) => {
    const named = Object.fromEntries(names.map((name) => [name, valueAt(value, [name])]))
    const parsed = schema.safeParse(named)
    return parsed.success ? {} : { error: invalidHeaders(parsed.error, named) }
  }
}

/**
 * Checks each part of a request: path 404, body 422, query 400, headers 400, in this order; the first part that is
 * wrong answers, with all that is wrong in it.
 */
export const validatorCompiler: FastifySchemaCompiler<unknown> = ({ schema, httpPart }) => {
  if (!isSchema(schema)) return (value: unknown) => ({ value })
  if (httpPart === 'headers' && schema instanceof z.ZodObject) return headersValidator(schema)
  return (value: unknown) => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return { value: parsed.data }
    switch (httpPart) {
      case 'body':
        return { error: invalidBody(parsed.error, value) }
      case 'params':
        return { error: invalidPath(parsed.error) }
      default:
        return { error: invalidQuery(parsed.error, value) }
    }
  }
}

/** The program made an answer that its own schema does not know: a mistake of ours, never of the caller's. */
export class WrongAnswer extends Error {
  /** where in the answer, and what kind of mistake; no values */
  readonly places: string[]

  constructor(error: z.core.$ZodError) {
    super('The answer does not match its schema')
    this.name = 'WrongAnswer'
    this.places = Array.from(
      complaints(error.issues, undefined),
      ({ path, code }) => `${pointerOf(path)} ${code}`,
    )
  }
}

/** Encodes with zod, so that codecs work and nothing unknown leaves; then JSON. Strings and Buffers never get here. */
export const serializerCompiler: FastifySerializerCompiler<unknown> = ({ schema }) => {
  if (!isSchema(schema)) return (value) => JSON.stringify(value)
  return (value) => {
    const encoded = z.safeEncode(schema, value)
    if (encoded.success) return JSON.stringify(encoded.data)
    throw new WrongAnswer(encoded.error)
  }
}
