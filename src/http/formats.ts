import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/*
 * Which representation a caller wants. `?format=` wins over `Accept`; an `Accept` that excludes all that a route
 * offers is a 406. Problem documents are sent whatever was asked for: an error nobody can read helps nobody.
 */

export const media_types = {
  json: 'application/json',
  csv: 'text/csv',
  geojson: 'application/geo+json',
  ndjson: 'application/x-ndjson',
  sse: 'text/event-stream',
} as const

export type Format = keyof typeof media_types

declare module 'fastify' {
  interface FastifyRequest {
    /** the representation to answer with; the route's default until negotiated */
    format: Format
  }
}

const only_json: readonly [Format, ...Format[]] = ['json']

type Range = { type: string; subtype: string; quality: number }

function rangesOf(accept: string): Range[] {
  return accept.split(',').flatMap((part) => {
    const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    const [type, subtype] = range.split('/')
    if (!type || !subtype) return []
    const named = parameters.find((parameter) => parameter.startsWith('q='))
    const quality = named === undefined ? 1 : Number(named.slice(2))
    return [{ type, subtype, quality: Number.isFinite(quality) ? quality : 0 }]
  })
}

/** The quality of a media type: the most specific range that covers it decides (RFC 9110, 12.5.1). */
function qualityOf(media_type: string, ranges: Range[]): number {
  const [type, subtype] = media_type.split('/')
  let quality = 0
  let specificity = -1
  for (const range of ranges) {
    const fits =
      range.type === '*'
        ? 0
        : range.type !== type
          ? -1
          : range.subtype === '*'
            ? 1
            : range.subtype === subtype
              ? 2
              : -1
    if (fits > specificity) {
      specificity = fits
      quality = range.quality
    }
  }
  return quality
}

/** The best of what is offered, the first one on a tie; undefined if the caller excludes them all. */
export function negotiate(accept: string, offered: readonly Format[]): Format | undefined {
  const ranges = rangesOf(accept)
  let best: Format | undefined
  let best_quality = 0
  for (const format of offered) {
    const quality = qualityOf(media_types[format], ranges)
    if (quality > best_quality) {
      best = format
      best_quality = quality
    }
  }
  return best
}

function formatOf(request: FastifyRequest, offered: readonly [Format, ...Format[]]): Format {
  const query: unknown = request.query
  if (offered.length > 1 && typeof query === 'object' && query !== null && 'format' in query) {
    // A format that is not offered is refused by the route's own query schema, with the list of those that are.
    return offered.find((format) => format === query.format) ?? offered[0]
  }
  const { accept } = request.headers
  if (accept === undefined || accept === '*/*' || accept === '' || accept === media_types[offered[0]])
    return offered[0]
  const chosen = negotiate(accept, offered)
  if (chosen !== undefined) return chosen
  throw new Problem({
    code: 'not_acceptable',
    detail: `This address answers with ${offered.map((format) => media_types[format]).join(', ')}.`,
    errors: [
      { header: 'Accept', code: 'not_offered', detail: 'Excludes every format that is offered here.' },
    ],
    members: { offered: offered.map((format) => media_types[format]) },
  })
}

/** Sets `request.format` before the body is read, after it is known who is calling. */
export function installFormats(app: FastifyInstance): void {
  app.decorateRequest('format', 'json')
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { formats } = request.routeOptions.config
    if (formats === null) return done(null, payload)
    const offered = formats ?? only_json
    if (offered.length > 1) reply.header('vary', 'accept')
    try {
      request.format = formatOf(request, offered)
    } catch (error) {
      return done(error instanceof Error ? error : new Error('negotiation failed'))
    }
    done(null, payload)
  })
}
