import fc from 'fast-check'
import { isProblemCode, type ProblemCode, problems } from '../../src/http/problem.ts'
import { type Document, type Operation, type Parameter, parametersOf, type Schema } from './document.ts'
import { bytesOf, eachOf, type Fault, type Kind, oneOf, type Parts } from './faults.ts'
import { numberOr, valuesOf } from './values.ts'

/* Paths that name nothing or are no text, and queries that the operation does not take. */

/** Percent-encoding that is none, or of bytes that are no UTF-8. */
const bad_encodings = [
  '%',
  '%4',
  '%zz',
  '%u0041',
  '%ff',
  '%c0%80',
  '%c1%bf',
  '%ed%a0%80',
  '%e2%82',
  '%f5%80%80%80',
]

const strange_parameters = [
  'colour=red',
  'limits=5',
  'Limit=5',
  '__proto__=1',
  'constructor=1',
  'toString',
  'hasOwnProperty=1',
  'limit[]=5',
  'limit%5B%5D=5',
  'a[b][c]=1',
  '=5',
  '=',
  '%20=1',
  'key=shc_test',
  '$where=1',
  'limit%20=5',
]

/** Texts that no parameter of this schema takes. */
function wrongValues({ name, schema }: Parameter): string[] {
  const { type, format, pattern } = schema
  if (type === 'integer') {
    const [least, most] = [numberOr(schema.minimum, 0), numberOr(schema.maximum, 0)]
    return [
      least - 1,
      most + 1,
      ...(least > -1 ? [-1] : []),
      '',
      'abc',
      '5.0',
      '5,0',
      '0x5',
      '+5',
      '%205',
      '5%20',
      '05',
      '1e2',
      '-0',
    ]
      .concat([
        '9'.repeat(30),
        'NaN',
        'Infinity',
        'null',
        'true',
        '%D9%A5',
        '5;',
        '5%0A',
        '%22%35%22',
        '5%00',
      ])
      .map(String)
  }
  if (type === 'boolean') return ['', '1', '0', 'yes', 'TRUE', 'True', 'null', 'true%20']
  if (Array.isArray(schema.enum)) {
    const first = String(schema.enum[0])
    return ['', 'nonsense', `${first}x`, `%20${first}`, `${first}%00`, `${first},${first}`, `%22${first}%22`]
  }
  if (format === 'date-time') {
    const wrong = ['', 'now', 'yesterday', '2023-09-29', '2023-09-29T20:00:00', '2023-02-30T00:00:00Z']
    // An unencoded plus is a blank.
    return [...wrong, '1696003200', '2023-09-29T20:00:00+04:00', '2023-09-29T20:00:00Z%00', '%20']
  }
  if (typeof pattern === 'string') {
    const near = ['', 'nonsense', 'AM-KT-7', '%00', '../..', '%F0%9F%98%80', "'", '%25']
    return near.filter((text) => !new RegExp(pattern).test(decodeURIComponent(text)))
  }
  const most = numberOr(schema.maxLength, 1_000)
  const wrong = ['', '%00', 'a%00b', 'x'.repeat(most + 1), '%F0%9F%98%80'.repeat(Math.min(most + 1, 600))]
  if (name === 'cursor')
    return [...wrong, 'nonsense', 'WzFd', 'W10', 'bnVsbA', '%F0%9F%98%80', 'WyJcdTAwMDAiXQ', 'e30']
  return [...wrong, '%20', '%07', '%E2%80%A8', '%C2%80', '%1b[0m']
}

/** Texts that a parameter takes whatever else there is; no names of things, which might not be there. */
function rightValues({ type, minimum, enum: values, maxLength, format }: Schema): string[] {
  if (Array.isArray(values)) return values.map(String)
  if (type === 'integer') return [String(numberOr(minimum, 1))]
  if (type === 'boolean') return ['true', 'false']
  if (format === 'date-time') return ['2023-09-29T16:00:00Z']
  // Free text says how long it may be; what does not has a form of its own.
  return maxLength === undefined ? [] : ['a']
}

const encoded = (value: unknown): string => encodeURIComponent(String(value))

function queryKinds(parts: Parts, parameters: Parameter[]): Kind[] {
  /** Asks with these parameters instead of those of the same name. */
  const asking = (queries: string[], parameter?: string): Omit<Fault, 'kind'> => {
    const kept = parts.query.filter((query) => parameter === undefined || !query.startsWith(`${parameter}=`))
    return {
      bytes: bytesOf({ ...parts, query: [...kept, ...queries] }),
      codes: ['invalid_parameters'],
      ...(parameter !== undefined && { where: { parameter } }),
      at: 'operation',
    }
  }
  const named = parameters.map(({ name }) => name)
  const strange = strange_parameters.map((query) => ({
    query,
    name: decodeURIComponent(query.split('=')[0] ?? ''),
  }))
  const repeated = parameters.map(({ name, schema }) =>
    // A cursor that is one only the service can make; twice it is wrong whatever it is.
    fc.tuple(valuesOf(schema), valuesOf(schema), fc.boolean()).map(([one, other, same]) => ({
      kind: 'repeated parameter',
      ...asking([`${name}=${encoded(one)}`, `${name}=${encoded(same ? one : other)}`], name),
    })),
  )
  return [
    ...oneOf(
      'unknown parameter',
      strange.filter(({ name }) => !named.includes(name)).map(({ query, name }) => asking([query], name)),
    ),
    ...oneOf(
      'missing parameter',
      parameters.filter(({ required }) => required).map(({ name }) => asking([], name)),
    ),
    ...oneOf(
      'bad encoding in a query',
      [...bad_encodings, '%00', 'a%00b'].flatMap((bad) =>
        ['colour', ...named].map((name) => asking([`${name}=${bad}`], name)).concat(asking([`${bad}=1`])),
      ),
    ),
    ...eachOf(
      'wrong parameter',
      parameters.flatMap((parameter) =>
        wrongValues(parameter).map((value) => asking([`${parameter.name}=${value}`], parameter.name)),
      ),
    ),
    ...eachOf(
      'no cursor, beside what is right',
      parameters
        .filter(({ name }) => named.includes('cursor') && name !== 'cursor')
        .flatMap(({ name, schema }) =>
          rightValues(schema).map((value) => asking([`${name}=${value}`, 'cursor=nonsense'], 'cursor')),
        ),
    ),
    ...(repeated.length === 0
      ? []
      : [{ name: 'repeated parameter', faults: fc.oneof(...repeated), weight: 2 * repeated.length }]),
  ]
}

const absent = (Object.keys(problems) as ProblemCode[]).filter((code) => /(^|_)not_found$/.test(code))

/** The codes of a thing that is not there, by the name of its parameter. */
function notFound(parameter: string | undefined): readonly ProblemCode[] {
  const code = `${parameter}_not_found`
  return isProblemCode(code) ? [code, 'not_found'] : absent
}

const impossible_names = [
  'nonsense',
  'AM-KT-1',
  'am-kt-0007',
  'AM-KT-0007%20',
  'AM-KT-0007%0A',
  'AM-KT-0007;x=1',
  'AM-KT-0007%2F',
  '%2e%2e%2f%2e%2e',
  '__proto__',
  'constructor',
  'null',
  '0',
  '-1',
  '%F0%9F%98%80',
  '%D4%B1',
  '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e1',
  '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e10x',
  '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9eg0',
  '{018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e10}',
  "'%20or%201=1",
  '%25',
  '%07',
  '%E2%80%A8',
  '*',
  ':shelter',
  'a'.repeat(500),
]

function pathKinds(parts: Parts, { path, method, object }: Operation, parameters: Parameter[]): Kind[] {
  const segments = parts.path.split('/')
  const last = path.split('/').findLastIndex((segment) => segment.startsWith('{'))
  const parameter = parameters.at(-1)?.name
  const pattern = parameters.at(-1)?.schema.pattern
  // A PUT that makes what it names takes every name of the right form: only the others are impossible.
  const makes = method === 'PUT' && '201' in object.responses && typeof pattern === 'string'
  const takes = makes ? new RegExp(pattern) : undefined
  /** The path with its last parameter replaced; where there is none, with something at its end. */
  const going = (text: string): string =>
    last < 0 ? `${parts.path}${text}` : segments.toSpliced(last, 1, text).join('/')
  const fault = (changed: string, codes: readonly ProblemCode[], at: Fault['at'] = 'door') => ({
    bytes: bytesOf({ ...parts, path: changed }),
    codes,
    at,
  })
  // What is below or beside a path may be another path, of another thing or with other methods.
  const elsewhere: ProblemCode[] = [...absent, 'method_not_allowed']
  return [
    ...oneOf(
      'bad encoding in a path',
      bad_encodings.map((bad) => fault(going(bad), ['malformed_request'])),
    ),
    ...oneOf(
      'NUL in a path',
      ['%00', 'a%00'].map((bad) =>
        fault(going(bad), last < 0 ? ['not_found'] : ['malformed_request', 'invalid_parameters']),
      ),
    ),
    ...(last < 0
      ? []
      : oneOf(
          'impossible name',
          impossible_names
            .filter((name) => takes?.test(decodeURIComponent(name)) !== true)
            .map((name) => fault(going(name), notFound(parameter), 'operation')),
        )),
    ...oneOf('overlong path', [
      ...[501, 2_000, 8_000].map((length) =>
        fault(going('a'.repeat(length)), last < 0 ? ['not_found'] : ['uri_too_long']),
      ),
      ...[8_193, 20_000, 31_000, 40_000, 200_000].map((length) =>
        fault(going('a'.repeat(length)), ['uri_too_long']),
      ),
      fault(`${parts.path}?q=${'a'.repeat(9_000)}`, ['uri_too_long']),
    ]),
    ...oneOf(
      'another spelling of the path',
      [
        `${parts.path}/`,
        `/${parts.path}`,
        parts.path.replace('/v1/', '/v1//'),
        parts.path.replace('/v1/', '/V1/'),
        parts.path.replace('/v1/', '/v2/'),
        parts.path.replace('/v1/', '/v1/./'),
        parts.path.replace('/v1/', '/'),
        `${parts.path}/nothing/at/all`,
        `${parts.path}.json`,
      ].map((changed) => fault(changed, elsewhere)),
    ),
    ...oneOf(
      'no target',
      ['', 'v1/capacity', '?', '/v1/capa city', `${parts.path}\xe9`, `${parts.path}\x01`].map((changed) =>
        fault(changed, ['malformed_request']),
      ),
    ),
  ]
}

/** All that can be wrong with the address of an operation. */
export function addressKinds(parts: Parts, document: Document, operation: Operation): Kind[] {
  return [
    ...queryKinds(parts, parametersOf(document, operation, 'query')),
    ...pathKinds(parts, operation, parametersOf(document, operation, 'path')),
  ]
}
