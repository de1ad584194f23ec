import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { isRecord, type Schema, step } from './document.ts'
import { bytesOf, type Fault, GENERATED_WEIGHT, type Kind, oneOf, type Parts, withHeader } from './faults.ts'
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

/* Bodies that are no JSON, JSON that is not what the operation takes, and bodies in a wrong wrapping. */

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
  // A schema that says nothing of further fields does not excuse the service: unknown ones are refused everywhere
  // but where the document says that any are taken.
  const open = isRecord(branch.additionalProperties) && !isRecord(branch.propertyNames)
  if (!isRecord(value) || open) return []
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
  return Object.entries(schema_kinds).flatMap(([name, changesOf]) => {
    const faults = fc.tuple(bodies, fc.nat(), fc.nat()).map(([body, which, how]): Fault | undefined => {
      const possible = [...nodesOf(accepts, schema, body)].flatMap((node) => {
        const changes = changesOf(node, accepts)
        return changes.length === 0 ? [] : [{ node, changes }]
      })
      const picked = possible[which % possible.length]
      const change = picked?.changes[how % picked.changes.length]
      if (picked === undefined || change === undefined) return undefined
      const text = jsonOf(replaced(body, picked.node.path, change.value))
      return {
        kind: name,
        bytes: bytesOf({ ...parts, body: Buffer.from(text) }),
        codes: ['invalid_body'],
        ...(!picked.node.chosen && { where: { pointer: pointerOf(change.path) } }),
        at: 'operation',
      }
    })
    // A body without a list has no list to be wrong in.
    const possible = fc.sample(faults, { numRuns: 100, seed: 1 }).some((fault) => fault !== undefined)
    return possible
      ? [{ name, faults: faults.filter((fault) => fault !== undefined), weight: GENERATED_WEIGHT }]
      : []
  })
}

/** The JSON of a value in which one object has a key twice, the second time perhaps spelled in another way. */
function textWithTwin(value: unknown, path: Path, name: string, spelled: string, other: string): string {
  const [key, ...rest] = path
  if (Array.isArray(value)) {
    const items = value.map((item, index) =>
      index === key ? textWithTwin(item, rest, name, spelled, other) : JSON.stringify(item),
    )
    return `[${items.join(',')}]`
  }
  const members = Object.entries(isRecord(value) ? value : {}).map(([own, member]) => {
    const text = own === key ? textWithTwin(member, rest, name, spelled, other) : JSON.stringify(member)
    return `${JSON.stringify(own)}:${text}`
  })
  return `{${key === undefined ? [...members, `"${spelled}":${other}`] : members}}`
}

const escaped = (name: string): string =>
  [...name].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')

function twinKeys(parts: Parts, bodies: fc.Arbitrary<unknown>, schema: Schema, accepts: Accepts): Kind {
  const kind = 'key twice'
  const faults = fc
    .tuple(bodies, fc.nat(), fc.nat(), fc.boolean(), fc.constantFrom('null', '1', '"x"', '{}'))
    .map(([body, which, how, in_escapes, other]): Fault | undefined => {
      const objects = [...nodesOf(accepts, schema, body)].filter(
        ({ value }) => isRecord(value) && Object.keys(value).length > 0,
      )
      const node = objects[which % objects.length]
      if (node === undefined || !isRecord(node.value)) return undefined
      const names = Object.keys(node.value)
      const name = names[how % names.length] ?? ''
      const text = textWithTwin(body, node.path, name, in_escapes ? escaped(name) : name, other)
      return {
        kind,
        bytes: bytesOf({ ...parts, body: Buffer.from(text) }),
        codes: ['malformed_json'],
        where: { pointer: pointerOf(node.path) + step(name) },
        at: 'operation',
      }
    })
    .filter((fault) => fault !== undefined)
  return { name: kind, faults, weight: GENERATED_WEIGHT }
}

const not_utf8 = ['ff', 'fe', '80', 'c080', 'c1bf', 'e282', 'eda080', 'edbfbf', 'f5808080', 'f4908080', 'c3']

/** Ways to write what is nearly JSON. */
const nearly: readonly ((text: string) => string)[] = [
  (text) => `${text}${text}`,
  (text) => `${text},`,
  (text) => text.replace(/}$/, ',}'),
  (text) => text.replaceAll('"', "'"),
  (text) => text.replace(/"(\w+)":/, '$1:'),
  (text) => `/* */${text}`,
  (text) => `${text}//`,
  (text) => text.replace(/:/, '='),
  (text) => text.replace(/}$/, ',"n":NaN}'),
  (text) => text.replace(/}$/, ',"n":Infinity}'),
  (text) => text.replace(/}$/, ',"n":undefined}'),
  (text) => text.replace(/}$/, ',"n":01}'),
  (text) => text.replace(/}$/, ',"n":+1}'),
  (text) => text.replace(/}$/, ',"n":1.}'),
  (text) => text.replace(/}$/, ',"n":0x10}'),
  (text) => text.replace(/}$/, ',"n":True}'),
  (text) => text.replace(/}$/, ',"n":"\\x41"}'),
  (text) => text.replace(/}$/, ',"n":"\\u12"}'),
  (text) => text.replace(/}$/, ',"n":"a\u0000b"}'),
  (text) => text.replace(/}$/, ',"n":"a\nb"}'),
  (text) => `${text}\0`,
  (text) => `\0${text}`,
  (text) => text.replace(/^{/, '{\u00a0'),
  (text) => `)]}',\n${text}`,
  (text) => text.slice(1),
]

/** Texts that are no JSON at all, or none as I-JSON wants it. */
function textKinds(parts: Parts, bodies: fc.Arbitrary<unknown>): Kind[] {
  const kind = (name: string, texts: fc.Arbitrary<Buffer>, weight = GENERATED_WEIGHT): Kind => ({
    name,
    weight,
    faults: texts.map((body) => ({
      kind: name,
      bytes: bytesOf({ ...parts, body }),
      codes: ['malformed_json'],
      at: 'operation',
    })),
  })
  const json = bodies.map((body) => JSON.stringify(body))
  const deep = fc.tuple(json, fc.integer({ min: 33, max: 20_000 }), fc.nat(3)).map(([text, levels, how]) => {
    const [open, close] = how < 2 ? ['[', ']'] : ['{"a":', '}']
    const nest = open.repeat(levels) + (how % 2 === 0 ? `1${close.repeat(levels)}` : '')
    return Buffer.from(how === 0 ? nest : text.replace(/}$/, `,"n":${nest}}`))
  })
  const broken_bytes = fc.tuple(json, fc.nat(), fc.constantFrom(...not_utf8)).map(([text, which, hex]) => {
    // Behind a quote: in a key, in a text, or between values, none of which may hold these bytes.
    const quotes = [...text.matchAll(/"/g)].map(({ index }) => index)
    const before = Buffer.from(text.slice(0, (quotes[which % quotes.length] ?? 0) + 1))
    return Buffer.concat([before, Buffer.from(hex, 'hex'), Buffer.from(text).subarray(before.length)])
  })
  return [
    kind(
      'truncated JSON',
      fc
        .tuple(json, fc.nat())
        .map(([text, cut]) => Buffer.from(text.slice(0, 1 + (cut % (text.length - 1))))),
    ),
    kind(
      'nearly JSON',
      fc.tuple(json, fc.constantFrom(...nearly)).map(([text, spoil]) => Buffer.from(spoil(text))),
    ),
    kind('nested too deeply', deep),
    kind('invalid UTF-8', broken_bytes),
    kind(
      'byte order mark or another encoding',
      fc.tuple(json, fc.nat(2)).map(([text, how]) => {
        if (how === 0) return Buffer.from(`\ufeff${text}`)
        const little = Buffer.from(how === 1 ? text : `\ufeff${text}`, 'utf16le')
        return how === 1 ? little : little.swap16()
      }),
    ),
    kind(
      'no JSON',
      fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from([0x7d, ...bytes])),
    ),
    kind(
      'empty body',
      fc.constantFrom('', ' ', '\n', '\t\r\n ').map((text) => Buffer.from(text)),
      4,
    ),
  ]
}

const other_types = [
  undefined,
  '',
  'text/plain',
  'text/json',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jsonx',
  'application/json, text/plain',
  'application/json; charset=utf-16',
  'application/json;charset="ISO-8859-1"',
  'application/vnd.api+json',
  'json',
  '*/*',
  'application/octet-stream',
  '\xe9',
]

function wrappingKinds(parts: Parts): Kind[] {
  const { body } = parts
  if (body === undefined) return []
  const types = parts.method === 'PATCH' ? other_types : [...other_types, 'application/merge-patch+json']
  const wrong_type = types.map((type) => bytesOf(withHeader(parts, 'Content-Type', type)))
  const coded = ['gzip', 'x-gzip', 'br', 'deflate', 'zstd', 'gzip, identity', 'nonsense', 'GZIP'].flatMap(
    (coding) => {
      const named = withHeader(parts, 'Content-Encoding', coding)
      return [bytesOf(named), bytesOf({ ...named, body: gzipSync(body) })]
    },
  )
  const big = Buffer.from(JSON.stringify({ note: 'x'.repeat(1_048_576) }))
  const chunked = withHeader(parts, 'Transfer-Encoding', 'chunked')
  const chunk = (bytes: Buffer) =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n0\r\n\r\n')])
  return [
    ...oneOf(
      'wrong content type',
      wrong_type.map((bytes) => ({
        bytes,
        codes: ['unsupported_media_type'],
        where: { header: 'Content-Type' },
        at: 'operation',
      })),
    ),
    ...oneOf(
      'content coding',
      coded.map((bytes) => ({
        bytes,
        codes: ['unsupported_media_type'],
        where: { header: 'Content-Encoding' },
        at: 'operation',
      })),
    ),
    ...oneOf('too large', [
      { bytes: bytesOf({ ...parts, body: big }), codes: ['payload_too_large'], at: 'operation' },
      { bytes: bytesOf({ ...chunked, body: chunk(big) }), codes: ['payload_too_large'], at: 'operation' },
    ]),
    ...oneOf(
      'broken framing',
      [
        { bytes: bytesOf({ ...chunked, body: Buffer.from('zz\r\n{}\r\n0\r\n\r\n') }), at: 'door' as const },
        { bytes: bytesOf({ ...chunked, body: Buffer.from('-1\r\n{}\r\n0\r\n\r\n') }), at: 'door' as const },
        {
          bytes: bytesOf({ ...chunked, body: Buffer.from('5\r\n{}') }),
          breaks_off: true,
          at: 'door' as const,
        },
        {
          bytes: bytesOf({ ...withHeader(parts, 'Content-Length', String(body.length + 9)), body }),
          breaks_off: true,
          at: 'door' as const,
        },
        {
          bytes: bytesOf(withHeader(chunked, 'Content-Length', String(body.length))),
          at: 'door' as const,
        },
        {
          bytes: bytesOf(withHeader(parts, 'Content-Length', `${body.length}, ${body.length}`)),
          at: 'door' as const,
        },
        { bytes: bytesOf(withHeader(parts, 'Content-Length', `+${body.length}`)), at: 'door' as const },
        { bytes: bytesOf(withHeader(parts, 'Transfer-Encoding', 'gzip')), at: 'door' as const },
      ].map((fault) => ({ ...fault, codes: ['malformed_request'] })),
    ),
  ]
}

/** All that can be wrong with the body of an operation. */
export function bodyKinds(parts: Parts, example: unknown, schema: Schema, accepts: Accepts): Kind[] {
  const bodies = fc.oneof(fc.constant(example), valuesOf(schema)).map((body) => {
    if (!accepts(schema, body)) throw new Error(`made ${JSON.stringify(body)}, which the document refuses`)
    return body
  })
  return [
    ...schemaKinds(parts, bodies, schema, accepts),
    twinKeys(parts, bodies, schema, accepts),
    ...textKinds(
      parts,
      bodies.filter((body) => isRecord(body) && Object.keys(body).length > 0),
    ),
    ...wrappingKinds(parts),
  ]
}
