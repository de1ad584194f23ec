import type { Format } from './formats.ts'

/** What a route says of itself beside its schema. */
declare module 'fastify' {
  interface FastifyContextConfig {
    /** The one scope that the operation needs; null for open ones. Every route names it. */
    scope?: string | null
    /** What the operation can answer with, the default first; null where nothing is negotiated (pages, assets). */
    formats?: readonly [Format, ...Format[]] | null
  }
}
