import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isConnectionLoss } from '../database/errors.ts'
import { newId } from './ids.ts'
import type { Methods } from './methods.ts'
import {
  Problem,
  type ProblemCode,
  problemDocument,
  problemHeaders,
  type Refusal,
  refuse,
  sendProblem,
  statusOf,
} from './problem.ts'

/*
 * Whatever fails, wherever it fails, the answer is a problem document: in a handler, before routing, in Node's
 * parser, in a timeout.
 */

/** The longest address, path and query together, in characters. Node's own limit is that of all headers. */
export const URL_LENGTH_MAX = 8_192

/** Fastify's own errors, by their code. */
const framework_refusals: Readonly<Record<string, Refusal>> = {
  FST_ERR_BAD_URL: refuse('malformed_request', 'The percent-encoding of the address is wrong.'),
  FST_ERR_MAX_PARAM_LENGTH: refuse('uri_too_long', 'A part of the path is too long.'),
  FST_ERR_CTP_BODY_TOO_LARGE: refuse('payload_too_large', 'The body is larger than is taken here.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    ...refuse('unsupported_media_type', 'The content type is not read here.'),
    errors: [
      { header: 'Content-Type', code: 'not_supported', detail: 'Must be one that is named in Accept.' },
    ],
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: refuse(
    'malformed_request',
    'The body is not as long as Content-Length says.',
  ),
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: refuse('malformed_request', 'The body needs a Content-Type.'),
  FST_ERR_NOT_FOUND: refuse('not_found', 'There is nothing at this address.'),
  FST_ERR_HANDLER_TIMEOUT: refuse('overloaded', 'The answer was not ready in time.'),
}

const unexpected = refuse('internal_error', 'The request_id names what happened in the log.')

/** The refusal that an error means, or undefined for a mistake of ours. */
function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Problem) return error.refusal
  if (isConnectionLoss(error)) return refuse('database_unavailable', 'The database did not answer in time.')
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? framework_refusals[code] : undefined
}

/** What Fastify calls for errors before routing. Hooks do not run there, so everything is in the answer itself. */
export function frameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = refusalOf(error)
  if (refusal === undefined) request.log.error({ err: error }, 'failed before routing')
  sendProblem(reply, refusal ?? unexpected)
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  // The caller hung up while sending: nobody reads the answer, and an ECONNRESET is not the database's.
  if (request.raw.errored) {
    sendProblem(reply, refuse('malformed_request', 'The request broke off.'))
    return
  }
  // The route wants a body and there is none, not even an empty one that its parser could have refused.
  if (error instanceof Problem && error.refusal.code === 'invalid_body' && request.body === undefined) {
    const content_length = request.headers['content-length']
    const nothing_came = request.headers['transfer-encoding'] === undefined && (content_length ?? '0') === '0'
    if (nothing_came) {
      sendProblem(reply, refuse('malformed_json', 'There is no body; an action without content takes {}.'))
      return
    }
  }
  const refusal = refusalOf(error)
  if (refusal === undefined) request.log.error({ err: error }, 'unexpected error')
  else if (refusal.code === 'database_unavailable') request.log.warn({ err: error }, 'database unavailable')
  // Fastify closes the connection when a parser refuses; ours has read the body to its end by then.
  if (error instanceof Problem && request.raw.complete) reply.removeHeader('connection')
  for (const header of ['etag', 'location', 'content-disposition', 'last-modified'])
    reply.removeHeader(header)
  if (refusal?.code === 'unsupported_media_type') reply.header('accept', acceptedBodies(request))
  sendProblem(reply, refusal ?? unexpected)
}

const acceptedBodies = (request: FastifyRequest): string =>
  request.method === 'PATCH' ? 'application/merge-patch+json, application/json' : 'application/json'

/** Headers of which two would mean two things; Node takes the first of some, the last of others, and says nothing. */
const given_once = new Set([
  'host',
  'authorization',
  'content-type',
  'content-length',
  'idempotency-key',
  'if-match',
])

function headerGivenTwice(raw_headers: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (let at = 0; at < raw_headers.length; at += 2) {
    const name = raw_headers[at] ?? ''
    const key = name.toLowerCase()
    if (!given_once.has(key)) continue
    if (seen.has(key)) return name
    seen.add(key)
  }
  return undefined
}

/**
 * Checks that hold for every request, before anything else is asked of it. The address as it came, because a decoded
 * one hides what was wrong with it.
 */
function wrongRequest(request: FastifyRequest): Refusal | undefined {
  const url = request.raw.url ?? ''
  if (url.length > URL_LENGTH_MAX)
    return refuse('uri_too_long', `The address is longer than ${URL_LENGTH_MAX}.`)
  const repeated = headerGivenTwice(request.raw.rawHeaders)
  if (repeated !== undefined) {
    const detail = `The header ${repeated} may be given once.`
    return {
      ...refuse('malformed_request', detail),
      errors: [{ header: repeated, code: 'repeated', detail }],
    }
  }
  if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) {
    return {
      ...refuse('malformed_request', 'The Host header is missing.'),
      errors: [{ header: 'Host', code: 'missing', detail: 'Is required by HTTP/1.1.' }],
    }
  }
  return undefined
}

const PERCENT_NUL = /%00/
const NOT_IN_ADDRESS = /[^\x21-\x7e]/

/** Text in an address that is no whole Unicode, or has a NUL, which PostgreSQL cannot keep. */
function wrongText(url: string): Refusal | undefined {
  if (!url.includes('%') && !NOT_IN_ADDRESS.test(url)) return undefined
  const broken = (part: string) => {
    if (PERCENT_NUL.test(part) || NOT_IN_ADDRESS.test(part)) return true
    try {
      decodeURIComponent(part)
      return false
    } catch {
      return true
    }
  }
  if (!broken(url)) return undefined
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : ''
  const wrong = query.split('&').filter(broken)
  return {
    code: 'invalid_parameters',
    detail: 'The address holds text that is no whole UTF-8, or a NUL.',
    errors: (wrong.length > 0 ? wrong : ['path']).map((part) => {
      const name = part.split('=')[0] ?? ''
      return {
        parameter: broken(name) ? '' : decodeURIComponent(name),
        code: 'wrong_format',
        detail: 'Must be percent-encoded UTF-8 without NUL.',
      }
    }),
  }
}

/** A body in a content coding would be read as garbage, or be a bomb. */
function wrongCoding(request: FastifyRequest): Refusal | undefined {
  const coding = request.headers['content-encoding']
  if (coding === undefined || coding.trim().toLowerCase() === 'identity') return undefined
  return {
    ...refuse('unsupported_media_type', 'Bodies are read without a content coding only.'),
    errors: [{ header: 'Content-Encoding', code: 'not_supported', detail: 'Must be identity, or left out.' }],
  }
}

/**
 * Error and not-found answers of the whole service. Requests for nothing are answered first of all, before anybody
 * is asked who he is: 405 with `Allow` where the address exists, 204 to OPTIONS, else 404.
 */
export function installErrorHandling(app: FastifyInstance, methods: Pick<Methods, 'allowedAt'>): void {
  app.setErrorHandler(answerError)

  const notFound = (request: FastifyRequest, reply: FastifyReply) => {
    const allowed = methods.allowedAt(decodedPath(request.raw.url ?? ''))
    if (allowed === undefined) {
      sendProblem(reply, refuse('not_found', 'There is nothing at this address.'))
      return
    }
    reply.header('allow', allowed.join(', '))
    if (request.method === 'OPTIONS') reply.code(204).send()
    else {
      sendProblem(reply, refuse('method_not_allowed', `Here one can ${allowed.join(', ')}.`, { allowed }))
    }
  }

  app.addHook('onRequest', (request, reply, done) => {
    const refusal = wrongRequest(request)
    if (refusal !== undefined) return void sendProblem(reply, refusal)
    if (request.is404) return notFound(request, reply)
    done()
  })

  app.addHook('preParsing', (request, reply, payload, done) => {
    const coding = wrongCoding(request)
    if (coding !== undefined) {
      reply.header('accept-encoding', 'identity')
      return done(new Problem(coding))
    }
    const text = wrongText(request.raw.url ?? '')
    if (text !== undefined) return done(new Problem(text))
    done(null, payload)
  })

  app.setNotFoundHandler(notFound)
}

function decodedPath(url: string): string {
  const end = url.indexOf('?')
  const path = end < 0 ? url : url.slice(0, end)
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}

/** A request line whose address alone exceeds the limit, at the start of what Node had read when it gave up. */
const LONG_ADDRESS = new RegExp(`^[A-Z-]{3,20} [^\\s]{${URL_LENGTH_MAX},}`)

function clientRefusal(error: ConnectionError): Refusal {
  // Fastify's type describes the packet as JSON would; Node hands over a Buffer.
  const packet: unknown = error.rawPacket
  const code: string = error.code
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return Buffer.isBuffer(packet) && LONG_ADDRESS.test(packet.toString('latin1'))
        ? refuse('uri_too_long', `The address is longer than ${URL_LENGTH_MAX}.`)
        : refuse('headers_too_large', 'The headers are larger than is taken here.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refuse('payload_too_large', 'The chunk extensions are larger than is taken here.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refuse('request_timeout', 'The request did not arrive in time.')
    default:
      return refuse('malformed_request', 'This is no HTTP request.')
  }
}

/** A whole HTTP answer as bytes, for sockets on which no request could be made out. */
function rawAnswer(refusal: Refusal): string {
  const request_id = newId()
  const body = JSON.stringify(problemDocument(refusal, request_id))
  const status = statusOf(refusal.code)
  const headers = {
    ...problemHeaders(refusal),
    'x-request-id': request_id,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    date: new Date().toUTCString(),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`
}

/** How long a caller who is still sending may take to read the answer, in milliseconds. */
const LINGER_MS = 500

/** What Node calls when its parser gives up on a connection or a request takes too long to arrive. */
export function clientErrorHandler(error: ConnectionError, socket: Socket): void {
  // An answer that has begun cannot be taken back: another one behind it would be read as its body.
  const answering = '_httpMessage' in socket ? socket._httpMessage : undefined
  const begun =
    typeof answering === 'object' &&
    answering !== null &&
    'headersSent' in answering &&
    answering.headersSent === true
  if (error.code === 'ECONNRESET' || !socket.writable || begun) {
    socket.destroy()
    return
  }
  socket.end(rawAnswer(clientRefusal(error)))
  // Closing at once what still has unread bytes resets the connection, and the caller never sees the answer.
  socket.resume()
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

/** Refuses expectations but 100-continue, which Node would answer with an empty 417. */
export function installExpectations(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => {
    const refusal = refuse('expectation_failed', 'Only 100-continue can be expected here.')
    const request_id = newId()
    request.resume()
    const body = JSON.stringify(problemDocument(refusal, request_id))
    response.writeHead(statusOf(refusal.code), {
      ...problemHeaders(refusal),
      'x-request-id': request_id,
      'content-length': Buffer.byteLength(body),
    })
    response.end(body)
  })
}

/** Answers CONNECT, which Node would meet by closing the connection without a word. */
export function installConnect(app: FastifyInstance): void {
  app.server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(rawAnswer(refuse('malformed_request', 'This service is no proxy.')))
  })
}

/** Codes that any operation may answer with; openapi.ts adds them where they apply. */
export const common_codes = {
  always: ['internal_error', 'database_unavailable', 'overloaded', 'not_acceptable'],
  with_scope: ['unauthenticated', 'forbidden_scope', 'too_many_requests'],
  with_query: ['invalid_parameters'],
  with_body: ['malformed_json', 'invalid_body', 'payload_too_large', 'unsupported_media_type'],
  with_idempotency_key: ['idempotency_key_missing', 'idempotency_key_invalid', 'idempotency_key_reused'],
} as const satisfies Record<string, readonly ProblemCode[]>
