import fc from 'fast-check'
import { examplesOf, isRecord, type Schema, step } from './document.ts'

/* Values by a schema of the document, and the places in them that can be made wrong. */

export type Path = readonly (string | number)[]

export const pointerOf = (path: Path): string => path.map(step).join('')

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

export const schemasIn = (value: unknown): Schema[] => listOf(value).filter(isRecord)

export const recordOf = (value: unknown): Record<string, Schema> =>
  isRecord(value) ? (value as Record<string, Schema>) : {}

export const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise

/** Text as people write it, which free text must take. */
const texts = [
  'a',
  'Test 12-34',
  'школа 7',
  'Աբովյան',
  'two\nlines',
  '😀',
  '-',
  "O'Neill; drop table",
  '%_\\',
]

function stringsOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.format === 'date-time') {
    const [min, max] = [new Date('2000-01-01T00:00:00Z'), new Date('2023-12-31T00:00:00Z')]
    return fc.date({ min, max, noInvalidDate: true }).map((date) => date.toISOString())
  }
  if (schema.format === 'date') {
    const [min, max] = [new Date('2000-01-01T00:00:00Z'), new Date('2999-12-31T00:00:00Z')]
    return fc.date({ min, max, noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10))
  }
  if (typeof schema.pattern === 'string') return fc.stringMatching(new RegExp(schema.pattern))
  const examples = examplesOf(schema)
  if (schema.format !== undefined) return fc.constantFrom(...examples)
  const most = numberOr(schema.maxLength, Number.POSITIVE_INFINITY)
  return fc.constantFrom(...texts.filter((text) => text.length <= most))
}

function objectsOf(schema: Schema): fc.Arbitrary<unknown> {
  const { properties, propertyNames, additionalProperties, required } = schema
  if (isRecord(propertyNames) && isRecord(additionalProperties)) {
    const names = listOf(propertyNames.enum).map(String)
    return fc.dictionary(fc.constantFrom(...names), valuesOf(additionalProperties), { noNullPrototype: true })
  }
  const members: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(
    Object.entries(recordOf(properties)).map(([name, member]) => [name, valuesOf(member)]),
  )
  const requiredKeys = listOf(required).map(String)
  return fc.record(members, { requiredKeys, noNullPrototype: true })
}

/** Values that the schema takes: what the document says beyond one field at a time, no schema can say. */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const)
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum)
  const branches = schemasIn(schema.anyOf ?? schema.oneOf)
  if (branches.length > 0) return fc.oneof(...branches.map(valuesOf))
  switch (schema.type) {
    case 'string':
      return stringsOf(schema)
    case 'integer':
      return fc.integer({
        min: numberOr(schema.minimum, -1_000),
        max: numberOr(schema.maximum, 1_000),
      })
    case 'number':
      return fc.double({
        min: numberOr(schema.minimum, -1_000),
        max: numberOr(schema.maximum, 1_000),
        noNaN: true,
      })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array': {
      const minLength = numberOr(schema.minItems, 0)
      const maxLength = Math.min(minLength + 3, numberOr(schema.maxItems, minLength + 3))
      return fc.array(isRecord(schema.items) ? valuesOf(schema.items) : fc.constant(null), {
        minLength,
        maxLength,
      })
    }
    case 'object':
      return objectsOf(schema)
    default:
      throw new Error(`no values are known for ${JSON.stringify(schema).slice(0, 200)}`)
  }
}

/** A value inside of a body, and what the document says about it there. */
export type Node = {
  path: Path
  value: unknown
  /** as it stands, with all its branches */
  schema: Schema
  /** the branch that the value took */
  branch: Schema
  /** in or below a choice between objects, where it is open which one was meant */
  chosen: boolean
}

export type Accepts = (schema: Schema, value: unknown) => boolean

/** All places of a value that its schema takes, the whole first. */
export function* nodesOf(
  accepts: Accepts,
  schema: Schema,
  value: unknown,
  path: Path = [],
  chosen = false,
): Generator<Node> {
  const branches = schemasIn(schema.anyOf ?? schema.oneOf)
  const taken = branches.find((one) => accepts(one, value))
  if (taken !== undefined && schemasIn(taken.anyOf).length > 0) throw new Error('a choice within a choice')
  const branch = taken ?? schema
  const below = chosen || branches.filter((one) => one.type === 'object').length > 1
  yield { path, value, schema, branch, chosen: below }
  if (Array.isArray(value) && isRecord(branch.items)) {
    for (const [index, item] of value.entries()) {
      yield* nodesOf(accepts, branch.items, item, [...path, index], below)
    }
  } else if (isRecord(value)) {
    for (const [name, member] of Object.entries(value)) {
      const named = recordOf(branch.properties)[name] ?? branch.additionalProperties
      if (isRecord(named)) yield* nodesOf(accepts, named, member, [...path, name], below)
    }
  }
}

/** The value with another one at a path; nothing else changes. */
export function replaced(value: unknown, path: Path, by: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return by
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === key ? replaced(item, rest, by) : item))
  }
  const record: Record<string, unknown> = isRecord(value) ? value : {}
  return { ...record, [key]: replaced(record[key], rest, by) }
}

/** The value without a member of an object in it. */
export function without(value: unknown, path: Path, name: string): unknown {
  const [key, ...rest] = path
  const record: Record<string, unknown> = isRecord(value) ? value : {}
  if (key === undefined) return Object.fromEntries(Object.entries(record).filter(([own]) => own !== name))
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === key ? without(item, rest, name) : item))
  }
  return { ...record, [key]: without(record[key], rest, name) }
}

/** Stands for JSON text that no value has: 1e400, -0, a thousand brackets. */
export const verbatim = (text: string): string => `VERBATIM<${text}>`

/** The JSON text of a value, verbatim texts as they are. */
export const jsonOf = (value: unknown): string =>
  JSON.stringify(value).replace(/"VERBATIM<([^>]*)>"/g, (_, text: string) => text)
