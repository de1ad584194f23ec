import fc from 'fast-check'
import { isRecord, type Schema } from './document.ts'
import { bytesOf, type Kind, type Parts, sometimes } from './faults.ts'
import { textKinds, twinKeys, wrappingKinds } from './json-faults.ts'
import {
  type Accepts,
  jsonOf,
  type Node,
  nodesOf,
  numberOr,
  type Path,
  pointerOf,
  recordOf,
  replaced,
  valuesOf,
  verbatim,
  without,
} from './values.ts'

/* JSON that is not what the operation takes, one field at a time. */

/** A change that makes a body wrong: what is sent instead, and where that is. */
type Change = { value: unknown; path: Path }

type ChangesOf = (node: Node, accepts: Accepts) => Change[]

const at = (node: Node, values: readonly unknown[]): Change[] =>
  values.map((value) => ({ value, path: node.path }))

const wrongTypes: ChangesOf = (node, accepts) => {
  const { value, schema } = node
  // An object in the place of an object is of the right type, whatever is in it; so is a list in that of a list.
  const others = [
    ...[null, true, 'text', 7, 0.5, String(value)],
    ...(isRecord(value) ? [] : [{}, { value }]),
    ...(Array.isArray(value) ? [] : [[], [value]]),
  ]
  return at(
    node,
    others.filter((other) => !accepts(schema, other)),
  )
}

const missing: ChangesOf = ({ branch, path, value }) => {
  const required = Array.isArray(branch.required) ? branch.required.map(String) : []
  return isRecord(value)
    ? required.map((name) => ({ value: without(value, [], name), path: [...path, name] }))
    : []
}

const strange_names = [
  'colour',
  '',
  ' ',
  'people ',
  'People',
  'household.people',
  '$ref',
  '0',
  'a/b~c',
  'toString',
  'hasOwnProperty',
  '__proto__',
  'constructor',
  'prototype',
  '__defineGetter__',
]

const unknownFields: ChangesOf = ({ branch, path, value }) => {
  // A schema that says nothing of further fields does not excuse the service: an object takes no unknown ones but
  // where the document says that it takes any.
  const takes_any = isRecord(branch.additionalProperties) && !isRecord(branch.propertyNames)
  if (!isRecord(value) || branch.type !== 'object' || takes_any) return []
  const known = Object.keys(recordOf(branch.properties))
  return strange_names
    .filter((name) => !known.includes(name))
    .map((name) => ({ value: { ...value, [name]: 'yes' }, path: [...path, name] }))
}

const numbersOutOfRange: ChangesOf = (node) => {
  const { branch, value } = node
  if (typeof value !== 'number' || (branch.type !== 'integer' && branch.type !== 'number')) return []
  const least = numberOr(branch.minimum, Number.NEGATIVE_INFINITY)
  const most = numberOr(branch.maximum, Number.POSITIVE_INFINITY)
  return at(node, [
    ...(Number.isFinite(least) ? [least - 1, verbatim(`-${'9'.repeat(40)}`)] : []),
    ...(Number.isFinite(most) ? [most + 1, verbatim('9007199254740993'), verbatim('9'.repeat(40))] : []),
    ...(least > 0 ? [0, verbatim('-0'), verbatim('-0.0'), verbatim('1e-400')] : []),
    ...(branch.type === 'integer' ? [verbatim('0.1'), verbatim('1.0000001')] : []),
    verbatim('1e400'),
    verbatim('-1e400'),
    verbatim('9'.repeat(400)),
  ])
}

const moments = [
  '',
  'yesterday',
  '2023-09-29',
  '2023-09-29T20:00:00',
  '2023-09-29T24:00:00Z',
  '2023-02-30T00:00:00Z',
  '2023-09-29T20:00:00+04',
  '2023-09-29T20:00:00 +04:00',
  '2023-09-29T20:00:00+25:00',
  '20230929T200000Z',
  '1696003200',
  '+02023-09-29T20:00:00Z',
  '2023-09-29T20:00:00Z ',
]

const wrongText: ChangesOf = (node, accepts) => {
  const { branch, schema, value } = node
  if (typeof value !== 'string') return []
  if (branch.format === 'date-time') return at(node, moments)
  const near = ['', `${value}x`, ` ${value}`, `${value}\n`, value.toLowerCase(), value.slice(1), 'nonsense']
  const most = branch.maxLength
  const is_free = branch.pattern === undefined && branch.enum === undefined && branch.minLength === 1
  return at(node, [
    ...near.filter((text) => !accepts(schema, text)),
    ...(typeof most === 'number' ? ['x'.repeat(most + 1), '😀'.repeat(most + 1), 'x'.repeat(50_000)] : []),
    ...(is_free ? [' ', '\n\t', '\u3000', 'a\u0007b', 'a\u001b[0m', 'a\u2028b', '\u007f'] : []),
  ])
}

/** What PostgreSQL or UTF-8 cannot hold; JSON.stringify writes it as escapes. */
const unusableText: ChangesOf = (node) => {
  const { value } = node
  if (typeof value !== 'string') return []
  return at(node, ['\0', `${value}\0`, `\ud800${value}`, `${value}\udfff`, '\udc00\ud800', `${value}\ud83d`])
}

const wrongLists: ChangesOf = (node) => {
  const { branch, value } = node
  const { maxItems: most, minItems: least } = branch
  if (!Array.isArray(value)) return []
  const full = value.length > 0 && typeof most === 'number' ? [most + 1, most + 5_000] : []
  return at(node, [
    ...(typeof least === 'number' && least > 0 ? [value.slice(0, least - 1)] : []),
    ...full.map((length) => Array(length).fill(value[0])),
  ])
}

const notAnObject: ChangesOf = (node) =>
  node.path.length > 0
    ? []
    : at(node, [null, true, 'text', 7, [], [node.value], '', [[]], verbatim('1e400'), verbatim('-0')])

const schema_kinds: Record<string, ChangesOf> = {
  'wrong type': wrongTypes,
  'missing field': missing,
  'unknown field': unknownFields,
  'number out of range': numbersOutOfRange,
  'text of a wrong form': wrongText,
  'NUL or half a character': unusableText,
  'too many entries or too few': wrongLists,
  'no object': notAnObject,
}

/** Bodies that the document refuses, one field at a time. */
function schemaKinds(parts: Parts, bodies: fc.Arbitrary<unknown>, schema: Schema, accepts: Accepts): Kind[] {
  return Object.entries(schema_kinds).flatMap(([name, changesOf]) =>
    sometimes(
      name,
      fc.tuple(bodies, fc.nat(), fc.nat()).map(([body, which, how]) => {
        const possible = [...nodesOf(accepts, schema, body)].flatMap((node) => {
          const changes = changesOf(node, accepts)
          return changes.length === 0 ? [] : [{ node, changes }]
        })
        const picked = possible[which % possible.length]
        const change = picked?.changes[how % picked.changes.length]
        if (picked === undefined || change === undefined) return undefined
        const text = jsonOf(replaced(body, picked.node.path, change.value))
        return {
          bytes: bytesOf({ ...parts, body: Buffer.from(text) }),
          codes: ['invalid_body'],
          ...(!picked.node.chosen && { where: { pointer: pointerOf(change.path) } }),
          at: 'operation',
        }
      }),
    ),
  )
}

/** All that can be wrong with the body of an operation. */
export function bodyKinds(parts: Parts, example: unknown, schema: Schema, accepts: Accepts): Kind[] {
  const bodies = fc.oneof(fc.constant(example), valuesOf(schema)).map((body) => {
    if (!accepts(schema, body)) throw new Error(`made ${JSON.stringify(body)}, which the document refuses`)
    return body
  })
  return [
    ...schemaKinds(parts, bodies, schema, accepts),
    ...twinKeys(parts, bodies, schema, accepts),
    ...textKinds(parts, bodies),
    ...wrappingKinds(parts),
  ]
}
