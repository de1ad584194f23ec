import fc from 'fast-check'
import type { ProblemCode } from '../../src/http/problem.ts'
import type { Prepared } from './world.ts'

/* What can be wrong with a request, and how a wrong request looks on the wire. */

/** A request in its parts. Header values and targets are bytes, written as Latin-1. */
export type Parts = {
  method: string
  path: string
  /** encoded already */
  query: readonly string[]
  version: string
  headers: readonly (readonly [name: string, value: string])[]
  body?: Buffer | undefined
}

export type Fault = {
  kind: string
  bytes: Buffer
  /** our side is closed behind the bytes */
  breaks_off?: boolean
  /** the codes of which one must answer */
  codes: readonly ProblemCode[]
  /** what one of the `errors` must name */
  where?: { pointer: string } | { parameter: string } | { header: string }
  /** whether the request gets as far as the operation, whose entry in the document must know the answer then */
  at: 'operation' | 'door'
}

/** One way of being wrong. */
export type Kind = {
  name: string
  faults: fc.Arbitrary<Fault>
  /** how much there is to try, compared with other kinds */
  weight: number
  /** where all of them are known: tried in turn, each operation beginning where the one before it has ended */
  list?: readonly Fault[]
  /** each is tried with every operation */
  whole?: boolean
}

/** A kind that is made up as it goes is tried as often as a list of so many. */
const GENERATED_WEIGHT = 24
const LIST_WEIGHT_MAX = 8

/** The request as it would succeed. Connections are for one request each: what is refused may end them anyway. */
export function partsOf({ method, path, query, headers, body }: Prepared): Parts {
  return {
    method,
    path,
    query: Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
    version: 'HTTP/1.1',
    headers: [['Host', 'localhost'], ['Connection', 'close'], ...Object.entries(headers)],
    body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
  }
}

export const targetOf = ({ path, query }: Parts): string =>
  query.length === 0 ? path : `${path}?${query.join('&')}`

export function bytesOf(parts: Parts): Buffer {
  const { method, version, headers, body } = parts
  const is_framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
  const length: [string, string][] =
    body === undefined || is_framed ? [] : [['Content-Length', String(body.length)]]
  const lines = [...headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`)
  const head = Buffer.from(`${method} ${targetOf(parts)} ${version}\r\n${lines.join('')}\r\n`, 'latin1')
  return body === undefined ? head : Buffer.concat([head, body])
}

/** The parts with a header replaced or, with `undefined`, left out. */
export const withHeader = (parts: Parts, name: string, value: string | undefined): Parts => ({
  ...parts,
  headers: [
    ...parts.headers.filter(([own]) => own.toLowerCase() !== name.toLowerCase()),
    ...(value === undefined ? [] : [[name, value] as const]),
  ],
})

/** For the report of a failure: the first of the bytes, as text. */
export const excerpt = (bytes: Buffer): string =>
  JSON.stringify(bytes.toString('latin1', 0, 900)) + (bytes.length > 900 ? ` … ${bytes.length} bytes` : '')

/** A kind of which all faults are known. */
export function oneOf(name: string, faults: readonly Omit<Fault, 'kind'>[]): Kind[] {
  if (faults.length === 0) return []
  const list = faults.map((fault) => ({ kind: name, ...fault }))
  const weight = Math.min(list.length, LIST_WEIGHT_MAX)
  return [{ name, list, faults: fc.constantFrom(...list), weight }]
}

/** A kind of which every fault is tried with every operation, because chance would miss the one that matters. */
export const eachOf = (name: string, faults: readonly Omit<Fault, 'kind'>[]): Kind[] =>
  oneOf(name, faults).map((kind) => ({ ...kind, whole: true }))

/** A kind that is made up as it goes, and of which not every try gives a fault; none where no try does. */
export function sometimes(name: string, tries: fc.Arbitrary<Omit<Fault, 'kind'> | undefined>): Kind[] {
  // A body without a list has no list to be wrong in: looking for one would take for ever.
  const finds = (numRuns: number) =>
    fc.sample(tries, { numRuns, seed: 1 }).some((fault) => fault !== undefined)
  if (!finds(3) && !finds(100)) return []
  const faults = tries.filter((fault) => fault !== undefined).map((fault) => ({ kind: name, ...fault }))
  return [{ name, faults, weight: GENERATED_WEIGHT }]
}
