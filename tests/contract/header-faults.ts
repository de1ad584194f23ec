import { type Document, type Operation, parametersOf } from './document.ts'
import { bytesOf, type Fault, type Kind, oneOf, type Parts, targetOf, withHeader } from './faults.ts'

/* Headers that say nothing, methods that nobody knows, and bytes that are no HTTP. */

const headerOf = (parts: Parts, name: string): string =>
  parts.headers.find(([own]) => own.toLowerCase() === name)?.[1] ?? ''

function authorizationKinds(parts: Parts): Kind[] {
  const key = headerOf(parts, 'authorization').replace('Bearer ', '')
  const last = key.endsWith('0') ? '1' : '0'
  const wrong = [
    undefined,
    '',
    'Bearer',
    key,
    `Basic ${key}`,
    `Bearer ${key}x`,
    `Bearer ${key.slice(0, -1)}${last}`,
    `Bearer ${key.slice(0, -1)}`,
    `Bearer ${key.toLowerCase()}`,
    `Bearer ${key} ${key}`,
    `Bearer ${key}, Bearer ${key}`,
    `Bearer "${key}"`,
    `Bearer\t${key}`,
    `Bearer=${key}`,
    `Bearer ${key.replace(/_(dev|test|prod)_/, '_live_')}`,
    'Bearer shc_test_000000000000_00000000000000000000000000000000_000000',
    'Bearer null',
    `Bearer ${'a'.repeat(10_000)}`,
    'Bearer \xe9\xff',
    'Bearer ../../etc/passwd',
    "Bearer ' or 1=1 --",
  ]
  const nobody = wrong.map((value) => withHeader(parts, 'authorization', value))
  const refused = (bytes: Buffer) => ({
    bytes,
    codes: ['unauthenticated'] as const,
    at: 'operation' as const,
  })
  return [
    ...oneOf('nobody', nobody.map(bytesOf).map(refused)),
    // Who is asked before what: a stranger learns nothing about the shape.
    ...oneOf(
      'nobody, with a wrong body or query',
      nobody
        .map((asking) => (asking.body === undefined ? asking : { ...asking, body: Buffer.from('{"a":') }))
        .map((asking) => refused(bytesOf({ ...asking, query: ['colour=%ff'] }))),
    ),
  ]
}

const unusable_keys = [
  '',
  'short',
  '1234567',
  'a'.repeat(129),
  'a'.repeat(5_000),
  '\xfcn\xefc\xf6d\xe9-key-1',
  'tab\tin-the-key',
  '        ',
]

const no_etags = [
  '',
  'x',
  '"',
  '"a',
  'a"',
  '"a" "b"',
  '"a",',
  ',',
  '*,*',
  '"a", *',
  "'a'",
  'W/',
  'w/"a"',
  '"a""b"',
  '"a b"',
]

/** `If-Match` and `Idempotency-Key`, where the operation asks for them. */
function conditionKinds(parts: Parts, document: Document, operation: Operation): Kind[] {
  const headers = parametersOf(document, operation, 'header').map(({ name }) => name.toLowerCase())
  const sent = (name: string, value: string | undefined) => bytesOf(withHeader(parts, name, value))
  const keys = headers.includes('idempotency-key')
    ? [
        ...oneOf('Idempotency-Key missing', [
          {
            bytes: sent('Idempotency-Key', undefined),
            codes: ['idempotency_key_missing'],
            where: { header: 'Idempotency-Key' },
            at: 'operation',
          },
        ]),
        ...oneOf(
          'Idempotency-Key unusable',
          unusable_keys.map((key) => ({
            bytes: sent('Idempotency-Key', key),
            codes: ['idempotency_key_invalid'] as const,
            where: { header: 'Idempotency-Key' },
            at: 'operation' as const,
          })),
        ),
      ]
    : []
  if (operation.method !== 'PATCH') return keys
  return [
    ...keys,
    ...oneOf('If-Match missing', [
      {
        bytes: sent('If-Match', undefined),
        codes: ['precondition_required'],
        where: { header: 'If-Match' },
        at: 'operation',
      },
    ]),
    ...oneOf(
      'If-Match is no ETag',
      no_etags.map((etag) => ({
        bytes: sent('If-Match', etag),
        codes: ['invalid_parameters'] as const,
        where: { header: 'If-Match' },
        at: 'operation' as const,
      })),
    ),
    ...oneOf(
      'If-Match is stale',
      ['"stale"', 'W/"1"', '""', '"\xe9"', `"${'a'.repeat(8_000)}"`].map((etag) => ({
        bytes: sent('If-Match', etag),
        codes: ['precondition_failed'] as const,
        at: 'operation' as const,
      })),
    ),
  ]
}

/** Headers that may stand once, given twice: which one was meant would be a guess. */
function twiceKinds(parts: Parts): Kind[] {
  const single = ['host', 'authorization', 'content-type', 'idempotency-key']
  const given = parts.headers.filter(([name]) => single.includes(name.toLowerCase()))
  return oneOf(
    'header given twice',
    given.flatMap(([name, value]) =>
      [value, 'another-value'].flatMap((other) =>
        [
          [...parts.headers, [name, other] as const],
          [[name, other] as const, ...parts.headers],
        ].map((headers) => ({
          bytes: bytesOf({ ...parts, headers }),
          codes: ['malformed_request'] as const,
          at: 'door' as const,
        })),
      ),
    ),
  )
}

const not_offered = [
  'image/png',
  'application/xml',
  'text/plain, text/html;q=0.5',
  'application/json;q=0',
  '*/*;q=0',
  'application/*;q=0, image/*',
  'nonsense',
  ',',
  'json',
  '/',
  'application/json;q=nonsense',
  'application/problem+json',
  'text/html',
]

/** Methods that HTTP knows. */
const methods = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'M-SEARCH',
  'LOCK',
  'PURGE',
]

const no_methods = [
  'CONNECT',
  'get',
  'Post',
  'FOO',
  'G ET',
  'GET,POST',
  'G\xe9T',
  '\x00',
  '__proto__',
  'GETS',
  'A'.repeat(2_000),
]

function methodKinds(parts: Parts, taken: readonly string[]): Kind[] {
  return [
    ...oneOf(
      'method not taken here',
      methods
        .filter((method) => !taken.includes(method))
        .map((method) => ({
          bytes: bytesOf({ ...parts, method }),
          codes: ['method_not_allowed'],
          at: 'door',
        })),
    ),
    ...oneOf(
      'no method',
      no_methods.map((method) => ({
        bytes: bytesOf({ ...parts, method }),
        codes: ['malformed_request'],
        at: 'door',
      })),
    ),
  ]
}

/** Requests that Node's parser or the checks before routing refuse. */
function doorKinds(parts: Parts): Kind[] {
  const { method, headers } = parts
  const with_line = (line: string): Buffer => {
    const whole = bytesOf(parts)
    const end = whole.indexOf('\r\n') + 2
    return Buffer.concat([whole.subarray(0, end), Buffer.from(`${line}\r\n`, 'latin1'), whole.subarray(end)])
  }
  const head_length = bytesOf({ ...parts, body: undefined }).length - 2
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  const no_http = [
    bytesOf(withHeader(parts, 'Host', undefined)),
    bytesOf({ ...parts, version: 'HTTP/3.7' }),
    bytesOf({ ...parts, version: 'HTTP/1.1 x' }),
    bytesOf({ ...parts, version: 'ICE/1.0' }),
    Buffer.from(`${method} ${targetOf(parts)} HTTP/1.1\n${lines.join('\n')}\n\n`, 'latin1'),
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from('1603010200010001fc0303', 'hex'),
    Buffer.from([0, 1, 2, 3, 255, 254, 13, 10, 13, 10]),
    Buffer.from('\r\n\r\n\r\nnonsense\r\n\r\n'),
    ...[
      'X Y: 1',
      ': a',
      ' folded: x',
      'X: a\x00b',
      'X: a\x01b',
      'no colon',
      'X\xe9: 1',
      'X : 1',
      '"X": 1',
    ].map(with_line),
    ...[
      'Content-Length: abc',
      'Content-Length: -1',
      'Content-Length: 1e3',
      'Content-Length: 9'.padEnd(60, '9'),
    ].map(with_line),
  ]
  const refused =
    (code: 'malformed_request' | 'expectation_failed' | 'headers_too_large', breaks_off = false) =>
    (bytes: Buffer): Omit<Fault, 'kind'> => ({ bytes, breaks_off, codes: [code], at: 'door' })
  return [
    ...oneOf('no HTTP', no_http.map(refused('malformed_request'))),
    ...oneOf(
      'head breaks off',
      [0.2, 0.5, 0.9]
        .map((part) => bytesOf(parts).subarray(0, Math.ceil(head_length * part)))
        .map(refused('malformed_request', true)),
    ),
    ...oneOf(
      'impossible expectation',
      ['miracles', '200-ok', '\xe9']
        .map((value) => withHeader(parts, 'Expect', value))
        .map(bytesOf)
        .map(refused('expectation_failed')),
    ),
    ...oneOf(
      'headers too large',
      [
        with_line(`X-Big: ${'a'.repeat(40_000)}`),
        with_line(Array(4_000).fill('X-Many: 12').join('\r\n')),
      ].map(refused('headers_too_large')),
    ),
  ]
}

/** All that can be wrong with an operation's headers and method, and with HTTP itself. */
export function headerKinds(parts: Parts, document: Document, operation: Operation): Kind[] {
  const taken = Object.keys(document.paths[operation.path] ?? {}).map((method) => method.toUpperCase())
  const is_open = operation.object.security?.length === 0
  return [
    ...(is_open ? [] : authorizationKinds(parts)),
    ...conditionKinds(parts, document, operation),
    ...twiceKinds(parts),
    ...oneOf(
      'nothing offered is accepted',
      not_offered.map((accept) => ({
        bytes: bytesOf(withHeader(parts, 'Accept', accept)),
        codes: ['not_acceptable'] as const,
        where: { header: 'Accept' },
        at: 'operation' as const,
      })),
    ),
    ...methodKinds(parts, taken),
    ...doorKinds(parts),
  ]
}
