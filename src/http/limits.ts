import type { Server } from 'node:http'
import type { FastifyHttpOptions } from 'fastify'
import { clientErrorHandler, frameworkErrors } from './errors.ts'
import { type LogSettings, loggingOptions } from './logging.ts'
import { requestIdOf } from './request-id.ts'

/* How much, how long, how deep: every limit of a connection, with its reason. */

/** Bytes of a body, streams aside (contract, *Conventions*). */
export const BODY_BYTES_MAX = 1_048_576
/** Bytes of a request line and all headers: four times the longest address. */
const HEADER_BYTES_MAX = 32_768
/** Characters of one part of a path: the longest name is 36, so what is longer is an attack or a mistake. */
const PATH_PART_LENGTH_MAX = 500
/** How often Node looks for requests that take too long, in milliseconds; the timeouts are this exact. */
const CHECK_INTERVAL_MS = 500
/** A connection on which nothing moves in either direction, in milliseconds; longer than a long poll (25 s). */
const STILL_MS_MAX = 70_000

export type LimitSettings = LogSettings & {
  /** for a request to arrive as a whole, in milliseconds */
  request_timeout_ms: number
  /** for its headers to arrive, in milliseconds */
  headers_timeout_ms: number
  /** for which an idle connection is kept, in milliseconds */
  keep_alive_ms: number
}

/** Fastify's constructor options: limits, logging, request ids, and what answers before routing. */
export function httpServerOptions(settings: LimitSettings) {
  const { request_timeout_ms, keep_alive_ms } = settings
  // Node insists that headers may not take longer than the whole.
  const headers_timeout_ms = Math.min(settings.headers_timeout_ms, request_timeout_ms)
  return {
    ...loggingOptions(settings),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 0,
    connectionTimeout: Math.max(STILL_MS_MAX, request_timeout_ms + 1_000, keep_alive_ms + 1_000),
    keepAliveTimeout: keep_alive_ms,
    genReqId: requestIdOf,
    // The header is read in genReqId, which does not take just anything.
    requestIdHeader: false,
    // Errors while draining are problem documents like any other; the connection closes after the answer.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: true,
    http: {
      // Bodies have a limit of their own (lines.ts), which knows streams.
      requestTimeout: 0,
      headersTimeout: headers_timeout_ms,
      connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, headers_timeout_ms),
      maxHeaderSize: HEADER_BYTES_MAX,
      keepAliveTimeout: keep_alive_ms,
      // Node would answer a missing Host with an empty 400; errors.ts does it with a problem document.
      requireHostHeader: false,
    },
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: PATH_PART_LENGTH_MAX,
    },
    frameworkErrors,
    clientErrorHandler,
  } satisfies FastifyHttpOptions<Server>
}
