import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/* Cursors are opaque: the sort key of the last item on a page, so that a page costs the same wherever it is. */

export const encodeCursor = (values: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url')

type Kind = 'string' | 'number'
type ValuesOf<Shape extends readonly Kind[]> = {
  -readonly [Index in keyof Shape]: Shape[Index] extends 'string' ? string : number
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

const fits = (value: unknown, kind: Kind): boolean =>
  kind === 'number'
    ? Number.isFinite(value)
    : typeof value === 'string' && value.isWellFormed() && !value.includes('\0')

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
