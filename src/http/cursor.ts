import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/* Cursors are opaque: the sort key of the last item on a page, so that a page costs the same wherever it is. */

export const encodeCursor = (values: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url')

/** `uuid`, `instant` and `integer` where the database would not take another text or number. */
type Kind = 'string' | 'uuid' | 'instant' | 'number' | 'integer'
type ValuesOf<Shape extends readonly Kind[]> = {
  -readonly [Index in keyof Shape]: Shape[Index] extends 'number' | 'integer' ? number : string
}

function parse(cursor: string): unknown {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(cursor, 'base64url'))
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const INTEGER_MAX = 2 ** 31 - 1

/** As the service writes it, and a day of the calendar. */
function isInstant(text: string): boolean {
  const moment = INSTANT.test(text) ? new Date(text) : undefined
  return (
    moment !== undefined && text >= '0001' && !Number.isNaN(moment.getTime()) && moment.toISOString() === text
  )
}

function fits(value: unknown, kind: Kind): boolean {
  if (kind === 'number') return Number.isFinite(value)
  if (kind === 'integer') return Number.isInteger(value) && Math.abs(Number(value)) <= INTEGER_MAX
  if (typeof value !== 'string') return false
  if (kind === 'uuid') return UUID.test(value)
  if (kind === 'instant') return isInstant(value)
  return value.isWellFormed() && !value.includes('\0')
}

/**
 * The values in a cursor of this list, by the kinds it was made of. Throws 400 `invalid_parameters` for anything
 * else: a cursor of another list, a cut one, an invented one.
 */
export function decodeCursor<const Shape extends readonly Kind[]>(
  cursor: string,
  shape: Shape,
): ValuesOf<Shape> {
  const values = parse(cursor)
  if (
    !Array.isArray(values) ||
    values.length !== shape.length ||
    !shape.every((kind, index) => fits(values[index], kind))
  ) {
    throw new Problem({
      code: 'invalid_parameters',
      detail: 'A query parameter is wrong.',
      errors: [
        {
          parameter: 'cursor',
          code: 'wrong_format',
          detail: 'Is no next_cursor of this list; start without one.',
        },
      ],
    })
  }
  return values as ValuesOf<Shape>
}

/** What of a request and a reply the functions here need; routes with typed schemas differ in the rest. */
type Asking = Pick<FastifyRequest, 'raw'>
type Answering = { raw: FastifyReply['raw']; getHeader: FastifyReply['getHeader'] }

/** `Link: <?…&cursor=…>; rel="next"`: the same question with the next cursor; query only, so it survives a proxy. */
export function linkNext(reply: Answering, request: Asking, next_cursor: string): void {
  const url = request.raw.url ?? ''
  const start = url.indexOf('?')
  const query = new URLSearchParams(start < 0 ? '' : url.slice(start + 1))
  query.set('cursor', next_cursor)
  reply.raw.setHeader('link', `<?${query}>; rel="next"`)
}

/**
 * A page of what was read with one row more than `limit`, so that it is known whether there is a next one; its cursor
 * names the last row shown, by what the list is sorted by.
 */
export function pageOf<Row>(
  reply: Answering,
  request: Asking,
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => readonly (string | number)[],
): { page: readonly Row[]; next_cursor: string | null } {
  const last = rows.length > limit ? rows[limit - 1] : undefined
  const next_cursor = last === undefined ? null : encodeCursor(cursorOf(last))
  if (next_cursor !== null) linkNext(reply, request, next_cursor)
  return { page: rows.slice(0, limit), next_cursor }
}
