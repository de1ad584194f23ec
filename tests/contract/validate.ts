import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type Document, inlined, isRecord, operationsOf, type Schema } from './document.ts'

/* Whether what the service says is what its document says. */

/** Compiles schemas of the document; what a schema says beyond JSON Schema 2020-12 and OpenAPI's notes is refused. */
export function schemaCompiler(): (schema: Schema) => ValidateFunction {
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false })
  addFormats.default(ajv)
  ajv.addKeyword('example')
  // Compiling is slow, and the same moments and ids stand in many places.
  const by_object = new WeakMap<Schema, ValidateFunction>()
  const by_text = new Map<string, ValidateFunction>()
  return (schema) => {
    const known = by_object.get(schema)
    if (known !== undefined) return known
    const text = JSON.stringify(schema)
    const validate = by_text.get(text) ?? ajv.compile(schema)
    by_object.set(schema, validate)
    by_text.set(text, validate)
    return validate
  }
}

/** What a validator found wrong the last time, one line each. */
export const complaintsOf = ({ errors }: ValidateFunction): string =>
  (errors ?? [])
    .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
    .join('\n')

export type AnswerCheck = (
  operation: string,
  status: number,
  body: unknown,
  content_type?: string | undefined,
) => void

/**
 * A check of answers against the document: of an operation, named by its operationId or as `GET /v1/shelters/{shelter}`.
 * It throws where the operation is not in the document, where it names no such status, content type or code of a
 * refusal, and where the body is not what stands there. An answer without a body is `undefined` or the empty text.
 */
export function answersMatch(document: Document): AnswerCheck {
  const compile = schemaCompiler()
  const answers = new Map<string, Record<string, { description: string; content: Map<string, Schema> }>>()
  for (const { id, method, path, object } of operationsOf(document)) {
    const by_status = Object.fromEntries(
      Object.entries(object.responses).map(([status, { description, content = {} }]) => [
        status,
        {
          description,
          content: new Map(
            Object.entries(content).map(([type, { schema }]) => [type, inlined(document, schema)]),
          ),
        },
      ]),
    )
    answers.set(id, by_status)
    answers.set(`${method} ${path}`, by_status)
  }

  return (operation, status, body, content_type) => {
    const by_status = answers.get(operation)
    if (by_status === undefined) throw new Error(`${operation} is not in the document`)
    const documented = by_status[String(status)]
    const name = `${operation} ${status}`
    if (documented === undefined) throw new Error(`${name} is not in the document`)
    const { description, content } = documented
    const is_empty = body === undefined || body === ''
    if (content.size === 0 || is_empty) {
      if (content.size === 0 && is_empty) return
      throw new Error(is_empty ? `${name} has no body` : `${name} has a body, the document knows none`)
    }
    const type = content_type?.split(';')[0]?.trim() ?? [...content.keys()][0] ?? ''
    const schema = content.get(type)
    if (schema === undefined) throw new Error(`${name} is ${type}, the document knows ${[...content.keys()]}`)
    const validate = compile(schema)
    if (!validate(body)) throw new Error(`${name} is not as documented:\n${complaintsOf(validate)}`)
    if (type !== 'application/problem+json' || !isRecord(body)) return
    if (!description.includes(`\`${body.code}\`:`))
      throw new Error(`${name} ${body.code} is not in the document`)
  }
}
