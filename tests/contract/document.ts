/*
 * The published document, as tests read it: what an OpenAPI 3.1 document of this service is made of, and a walk over
 * its operations.
 */

export type Schema = { [keyword: string]: unknown }

export type Content = Record<string, { schema: Schema; example?: unknown; examples?: unknown }>

export type Parameter = {
  in: 'path' | 'query' | 'header' | 'cookie'
  name: string
  required?: boolean
  description?: string
  schema: Schema
  example?: unknown
}

export type Answered = { description: string; content?: Content; headers?: Record<string, unknown> }

export type OperationObject = {
  operationId?: string
  tags?: string[]
  summary?: string
  description?: string
  security?: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Content }
  responses: Record<string, Answered>
}

export type Document = {
  openapi: string
  info: Record<string, unknown>
  servers?: { url: string }[]
  paths: Record<string, Record<string, OperationObject>>
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, Schema> }
}

export type Operation = {
  /** the operationId */
  id: string
  /** in capitals */
  method: string
  /** as the document writes it, `/v1/shelters/{shelter}` */
  path: string
  object: OperationObject
}

export const operationsOf = (document: Document): Operation[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, object]) => ({
      id: object.operationId ?? `${method} ${path}`,
      method: method.toUpperCase(),
      path,
      object,
    })),
  )

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One step of an RFC 6901 pointer. */
export const step = (key: string | number): string =>
  `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`

/** The schema with every `$ref` replaced by what it names. What stands beside a `$ref` is kept. */
export function inlined(document: Document, schema: Schema, inside: readonly string[] = []): Schema {
  const inline = (value: unknown, names: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((member) => inline(member, names))
    return isRecord(value) ? inlined(document, value, names) : value
  }
  const { $ref, ...beside } = schema
  if (typeof $ref !== 'string') {
    return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inline(value, inside)]))
  }
  const name = $ref.replace('#/components/schemas/', '')
  const named = document.components.schemas[name]
  if (named === undefined) throw new Error(`${$ref} is nowhere in the document`)
  if (inside.includes(name)) throw new Error(`${name} contains itself: teach the tests about recursion`)
  return { ...inlined(document, named, [...inside, name]), ...inlined(document, beside, inside) }
}

/** The schema of an operation's JSON body with everything in it, or undefined if it takes none. */
export function bodySchema(document: Document, { object }: Operation): Schema | undefined {
  const schema = object.requestBody?.content['application/json']?.schema
  return schema === undefined ? undefined : inlined(document, schema)
}

/** An operation's parameters of one kind, their schemas with everything in them. */
export const parametersOf = (document: Document, { object }: Operation, kind: Parameter['in']): Parameter[] =>
  (object.parameters ?? [])
    .filter((parameter) => parameter.in === kind)
    .map((parameter) => ({ ...parameter, schema: inlined(document, parameter.schema) }))

/** Whatever a schema gives as an example of itself. */
export const examplesOf = ({ example, examples, enum: values, const: value }: Schema): unknown[] =>
  [example, examples, values, value].flat().filter((one) => one !== undefined)
