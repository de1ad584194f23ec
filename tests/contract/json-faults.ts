import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { isRecord, type Schema, step } from './document.ts'
import { bytesOf, type Kind, oneOf, type Parts, sometimes, withHeader } from './faults.ts'
import { type Accepts, nodesOf, type Path, pointerOf } from './values.ts'

/* Bodies that are no JSON, whatever the operation takes, and bodies in a wrong wrapping. */

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

export function twinKeys(
  parts: Parts,
  bodies: fc.Arbitrary<unknown>,
  schema: Schema,
  accepts: Accepts,
): Kind[] {
  return sometimes(
    'key twice',
    fc
      .tuple(bodies, fc.nat(), fc.nat(), fc.boolean(), fc.constantFrom('null', '1', '"x"', '{}'))
      .map(([body, which, how, in_escapes, other]) => {
        const objects = [...nodesOf(accepts, schema, body)].filter(
          ({ value }) => isRecord(value) && Object.keys(value).length > 0,
        )
        const node = objects[which % objects.length]
        if (node === undefined || !isRecord(node.value)) return undefined
        const names = Object.keys(node.value)
        const name = names[how % names.length] ?? ''
        const text = textWithTwin(body, node.path, name, in_escapes ? escaped(name) : name, other)
        return {
          bytes: bytesOf({ ...parts, body: Buffer.from(text) }),
          codes: ['malformed_json'],
          where: { pointer: pointerOf(node.path) + step(name) },
          at: 'operation',
        }
      }),
  )
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

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Texts that are no JSON at all, or none as I-JSON wants it. */
export function textKinds(parts: Parts, bodies: fc.Arbitrary<unknown>): Kind[] {
  const kind = (name: string, texts: fc.Arbitrary<Buffer | undefined>): Kind[] =>
    sometimes(
      name,
      texts.map((body) =>
        body === undefined
          ? undefined
          : { bytes: bytesOf({ ...parts, body }), codes: ['malformed_json'], at: 'operation' },
      ),
    )
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
  const spoilt = fc.tuple(json, fc.constantFrom(...nearly)).map(([text, spoil]) => {
    const near = spoil(text)
    return isJson(near) ? undefined : Buffer.from(near)
  })
  const recoded = fc.tuple(json, fc.nat(2)).map(([text, how]) => {
    if (how === 0) return Buffer.from(`\ufeff${text}`)
    const little = Buffer.from(how === 1 ? text : `\ufeff${text}`, 'utf16le')
    return how === 1 ? little : little.swap16()
  })
  return [
    ...kind(
      'truncated JSON',
      fc
        .tuple(json, fc.nat())
        .map(([text, cut]) => Buffer.from(text.slice(0, 1 + (cut % (text.length - 1))))),
    ),
    ...kind('nearly JSON', spoilt),
    ...kind('nested too deeply', deep),
    ...kind('invalid UTF-8', broken_bytes),
    ...kind('byte order mark or another encoding', recoded),
    ...kind(
      'no JSON',
      fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from([0x7d, ...bytes])),
    ),
    ...oneOf(
      'empty body',
      ['', ' ', '\n', '\t\r\n '].map((text) => ({
        bytes: bytesOf({ ...parts, body: Buffer.from(text) }),
        codes: ['malformed_json'],
        at: 'operation',
      })),
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

export function wrappingKinds(parts: Parts): Kind[] {
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
