import type { Format } from './formats.ts'

/** What a route says of itself beside its schema. */
declare module 'fastify' {
  interface FastifyContextConfig {
    /** The one scope that the operation needs; null for open ones. Every route names it. */
    scope?: string | null
    /** What the operation can answer with, the default first; null where nothing is negotiated (pages, assets). */
    /** The body may be a stream of lines, which takes as long as it takes. */
    streams?: boolean
    /** The answer has an ETag, and who has the newest already is answered 304. */
    etag?: boolean
    formats?: readonly [Format, ...Format[]] | null
  }
}
