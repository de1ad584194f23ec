import type { FastifyReply } from 'fastify'

/*
 * Every way in which the service says no, in one list: the code that programs rely on, the status, a title and what
 * the caller should do. The pages under /problems and the OpenAPI document are made from it.
 */

const again =
  'Wait for the seconds in Retry-After, then send the same request again, with the same Idempotency-Key.'
const look = 'Check the id or the code, and that the key you use may see it.'

export const problems = {
  // Not understood.
  malformed_request: {
    status: 400,
    title: 'The request is no HTTP that this service understands',
    advice: 'Check the request line, the percent-encoding of the address and the headers.',
  },
  malformed_json: {
    status: 400,
    title: 'The body is no well-formed JSON',
    advice:
      'Send one JSON value in UTF-8, no key twice in an object, at most 32 levels deep. An empty action is {}.',
  },
  invalid_parameters: {
    status: 400,
    title: 'A parameter is wrong',
    advice:
      'Correct what `errors` names. Parameters that an operation does not know are refused, not ignored.',
  },
  idempotency_key_missing: {
    status: 400,
    title: 'The Idempotency-Key is missing',
    advice:
      'Send a header Idempotency-Key with a value made once for this change, and the same value on each retry.',
  },
  idempotency_key_invalid: {
    status: 400,
    title: 'The Idempotency-Key is not usable',
    advice: 'Use 8 to 128 printable ASCII characters without spaces at the ends, a UUID for instance.',
  },

  // Who, and what they may do.
  unauthenticated: {
    status: 401,
    title: 'It is not known who is calling',
    advice: 'Send a valid key as `Authorization: Bearer …`.',
  },
  forbidden_scope: {
    status: 403,
    title: 'This key may not do that',
    advice: 'Use a key whose role has the scope named in `scope`, or ask for one.',
  },
  outside_remit: {
    status: 403,
    title: 'This shelter or region is outside the remit of the key',
    advice: 'Use a key that was issued for it, or ask your coordinator.',
  },
  overflow_not_allowed: {
    status: 403,
    title: 'This key may not post overflow',
    advice: 'Ask your coordinator to post it, or for a key with the right to overflow.',
  },

  // Not there, or not to be seen.
  not_found: {
    status: 404,
    title: 'There is nothing at this address',
    advice: 'Check the address against /docs.',
  },
  alert_not_found: { status: 404, title: 'No such alert', advice: look },
  block_not_found: { status: 404, title: 'No such block', advice: look },
  client_not_found: { status: 404, title: 'No such client', advice: look },
  consignment_not_found: { status: 404, title: 'No such consignment', advice: look },
  delivery_not_found: { status: 404, title: 'No such delivery', advice: look },
  headcount_not_found: { status: 404, title: 'No such headcount', advice: look },
  hold_not_found: { status: 404, title: 'No such hold', advice: look },
  item_not_found: { status: 404, title: 'No such item', advice: look },
  key_not_found: { status: 404, title: 'No such key', advice: look },
  lot_not_found: { status: 404, title: 'No such lot in this store', advice: look },
  movement_not_found: { status: 404, title: 'No such stock movement', advice: look },
  need_not_found: { status: 404, title: 'No such need', advice: look },
  region_not_found: { status: 404, title: 'No such region', advice: 'Take a code from GET /v1/regions.' },
  service_not_found: { status: 404, title: 'No such meal or health service', advice: look },
  shelter_not_found: { status: 404, title: 'No such shelter', advice: look },
  standard_not_found: { status: 404, title: 'No such standard', advice: look },
  stay_not_found: { status: 404, title: 'No such stay', advice: look },
  store_not_found: { status: 404, title: 'No such store', advice: look },
  webhook_not_found: { status: 404, title: 'No such webhook', advice: look },

  method_not_allowed: {
    status: 405,
    title: 'The address exists, but not with this method',
    advice: 'Use one of the methods in the Allow header.',
  },
  not_acceptable: {
    status: 406,
    title: 'None of the accepted formats is offered here',
    advice: 'Accept one of the formats in `offered`, or leave Accept out.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    advice: 'Send it again, with the same Idempotency-Key.',
  },

  // The state forbids it.
  shelter_full: {
    status: 409,
    title: 'The shelter has too few free places',
    advice:
      'Use one of the `alternatives`, or post `overflow: true` if the people are in the building already.',
  },
  shelter_not_open: {
    status: 409,
    title: 'The shelter takes nobody',
    advice: 'Choose another shelter, or post `overflow: true` if the people are in the building already.',
  },
  already_present: {
    status: 409,
    title: 'This household has an open stay already',
    advice: 'Post the departure or transfer first, or `moved: true` if they have come from there.',
  },
  hold_not_usable: {
    status: 409,
    title: 'The hold is due, released, used up or of another shelter',
    advice: 'Post without `hold`, or place a new one.',
  },
  places_in_use: {
    status: 409,
    title: 'People, holds or blocks are in the way',
    advice: 'Move people, release holds or lift blocks first; `occupied`, `held` and `blocked` say how many.',
  },
  changed_meanwhile: {
    status: 409,
    title: 'The figure is no longer what was expected',
    advice: 'Read it again, decide again, and post with the new `expected_places`.',
  },
  more_than_present: {
    status: 409,
    title: 'More people than are present',
    advice: 'Read the stay again and post at most as many people as are present.',
  },
  stay_ended: {
    status: 409,
    title: 'The stay has ended',
    advice: 'Correct or cancel it, or post a new arrival if they are back.',
  },
  stay_continued: {
    status: 409,
    title: 'The stay was continued in another shelter',
    advice: 'Cancel the later stay first.',
  },
  id_taken: {
    status: 409,
    title: 'This id names another thing already',
    advice: 'Make a new UUIDv7. To repeat a post, repeat its Idempotency-Key too.',
  },
  code_taken: { status: 409, title: 'This code names another thing already', advice: 'Choose another code.' },
  block_lifted: { status: 409, title: 'The block was lifted already', advice: 'Nothing is left to do.' },
  headcount_settled: { status: 409, title: 'The headcount was settled already', advice: 'Take a new one.' },
  service_ended: { status: 409, title: 'The service has ended already', advice: 'Nothing is left to do.' },
  insufficient_stock: {
    status: 409,
    title: 'There is not enough usable stock',
    advice: '`line`, `requested` and `available` say what is short. Nothing was booked.',
  },
  movement_reversed: {
    status: 409,
    title: 'The movement was reversed already',
    advice: 'Post a new movement.',
  },
  consignment_closed: {
    status: 409,
    title: 'The consignment was received in full or cancelled',
    advice: 'Announce a new consignment, or post a stock movement.',
  },
  still_in_use: {
    status: 409,
    title: 'Other things rely on it',
    advice: 'Change or end what relies on it first.',
  },

  // Preconditions.
  precondition_failed: {
    status: 412,
    title: 'It was changed meanwhile',
    advice: 'Read it again, decide again, and send the new ETag in If-Match.',
  },
  precondition_required: {
    status: 428,
    title: 'If-Match is missing',
    advice: 'Read the thing first and send its ETag in If-Match, so that nobody’s change is lost.',
  },

  // Too much, or in a wrong wrapping.
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    advice: 'Send at most 1 MiB; send more as an NDJSON stream to /v1/batch.',
  },
  uri_too_long: {
    status: 414,
    title: 'The address is too long',
    advice: 'Use at most 8 KiB for path and query.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is in a format that is not read here',
    advice: 'Send JSON in UTF-8 as application/json, without content coding.',
  },
  expectation_failed: {
    status: 417,
    title: 'The expectation cannot be met',
    advice: 'Leave the Expect header out, or send 100-continue.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    advice: 'Send at most 32 KiB of headers.',
  },

  // Understood, but wrong.
  invalid_body: {
    status: 422,
    title: 'The body is not what this operation takes',
    advice: 'Correct what `errors` names. Fields that an operation does not know are refused, not ignored.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used with other content',
    advice: 'Repeat a post exactly as it was, or make a new key for a new post.',
  },
  in_the_future: {
    status: 422,
    title: 'The moment lies in the future',
    advice: 'Check the clock and the time zone of `occurred_at`; up to 5 minutes ahead are tolerated.',
  },
  before_2000: {
    status: 422,
    title: 'The moment lies before the year 2000',
    advice: 'Check the clock and the year of `occurred_at`.',
  },
  line_not_found: {
    status: 422,
    title: 'The consignment has no such line',
    advice: 'Lines are counted from 0, in the order in which they were announced.',
  },
  more_than_announced: {
    status: 422,
    title: 'More came than was announced',
    advice: 'Post what was announced here, and what came beyond it as a receipt of stock.',
  },
  same_store: {
    status: 422,
    title: 'It lies in that store already',
    advice: 'Name another store in `to_store`.',
  },
  too_many_decimals: {
    status: 422,
    title: 'More decimals than the item is counted with',
    advice: 'Look at `decimals` of the item; nothing is rounded here.',
  },
  lot_expired: {
    status: 422,
    title: 'The lot has expired',
    advice: 'Check `expires_on`. What has expired is not taken in.',
  },
  before_start: {
    status: 422,
    title: 'The day lies before the first one',
    advice: 'Check `ends_on` against `starts_on`.',
  },
  same_shelter: {
    status: 422,
    title: 'They are in that shelter already',
    advice: 'Name another shelter in `to`.',
  },
  too_many_people: {
    status: 422,
    title: 'More people than a stay can have',
    advice: 'Post a second group.',
  },
  composition_too_large: {
    status: 422,
    title: 'The composition counts more people than there are',
    advice: 'Correct `people` and `composition` together.',
  },
  reason_does_not_fit: {
    status: 422,
    title: 'The reason does not go with the change',
    advice: '`opened` and `expanded` add places, `reduced` takes them away, `correction` does either.',
  },
  too_many_places: {
    status: 422,
    title: 'More places than a shelter can have',
    advice: 'A shelter has at most 20,000 places: register a second one.',
  },
  before_arrival: {
    status: 422,
    title: 'The moment lies before the arrival',
    advice: 'Check `occurred_at`, or correct the arrival first.',
  },
  hold_too_long: {
    status: 422,
    title: 'A hold must end after now and within 72 hours',
    advice: 'Choose an earlier `expires_at` and place the hold again later if it is still needed.',
  },

  // Later.
  too_many_requests: { status: 429, title: 'Too many requests', advice: again },
  internal_error: {
    status: 500,
    title: 'Something went wrong inside the service',
    advice: 'Try again with the same Idempotency-Key. If it stays, tell the operator the request_id.',
  },
  database_unavailable: { status: 503, title: 'The database cannot be reached in time', advice: again },
  overloaded: { status: 503, title: 'More work is waiting than can be done in time', advice: again },
  not_ready: { status: 503, title: 'This process takes no new work', advice: again },
} as const satisfies Record<string, { status: number; title: string; advice: string }>

export type ProblemCode = keyof typeof problems

/** Where bad input stands (RFC 6901 pointer into the body, or the name of a parameter or header), and what is wrong. */
export type FieldError = {
  pointer?: string
  parameter?: string
  header?: string
  /** stable, snake_case */
  code: string
  detail: string
}

/** An expected no, as a value. `members` stand at the top level of the problem document. */
export type Refusal = {
  code: ProblemCode
  /** what is wrong this time, for people */
  detail: string
  errors?: FieldError[]
  members?: Record<string, unknown>
}

export const refuse = (code: ProblemCode, detail: string, members?: Record<string, unknown>): Refusal =>
  members === undefined ? { code, detail } : { code, detail, members }

/** A refusal of one member of the body. */
export const refuseAt = (
  code: ProblemCode,
  pointer: string,
  detail: string,
  members?: Record<string, unknown>,
): Refusal => ({ ...refuse(code, detail, members), errors: [{ pointer, code, detail }] })

/** A refusal on its way through the HTTP layer, where only throwing gets out of a hook or a parser. */
export class Problem extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.code)
    this.name = 'Problem'
    this.refusal = refusal
  }
}

export const statusOf = (code: ProblemCode): number => problems[code].status

export const typeOf = (code: ProblemCode): string => `/problems/${code.replaceAll('_', '-')}`

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problems, code)

/** The RFC 9457 document. A refusal's own members cannot replace those that every problem has. */
export function problemDocument(refusal: Refusal, request_id: string): Record<string, unknown> {
  const { status, title } = problems[refusal.code]
  return {
    ...refusal.members,
    type: typeOf(refusal.code),
    title,
    status,
    detail: refusal.detail,
    code: refusal.code,
    request_id,
    ...(refusal.errors === undefined ? {} : { errors: refusal.errors }),
  }
}

/** Seconds after which trying again makes sense, for the statuses that promise a Retry-After. */
const RETRY_AFTER_S = 1

/** The headers that belong to a refusal, by RFC 9110: whom to be, when to come back, what to send instead. */
export function problemHeaders(refusal: Refusal): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  }
  const { status } = problems[refusal.code]
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="shelter-capacity"'
  if (status === 429 || status === 503) headers['retry-after'] = String(RETRY_AFTER_S)
  return headers
}

/** What of a reply a problem needs: routes with typed answers differ in the rest, and none fits a common type. */
export type Answering = {
  request: { id: string }
  raw: FastifyReply['raw']
}

/**
 * Answers with the refusal as problem+json, whatever the route's own format, and gives the handler what to return
 * (nothing to its type, so that it fits every route). Headers set before stay, so a caller may add `Allow` or a later
 * `Retry-After`.
 */
export function sendProblem<Reply extends Answering>(answering: Reply, refusal: Refusal): undefined {
  // A boundary: the typed replies of the routes are one and the same object to Fastify.
  const reply = answering as unknown as FastifyReply
  for (const [name, value] of Object.entries(problemHeaders(refusal))) {
    if (name === 'content-type' || !reply.hasHeader(name)) reply.header(name, value)
  }
  // A Buffer passes the route's serializer and keeps the content type as it is, without a charset.
  const sent = reply
    .header('x-request-id', reply.request.id)
    .code(statusOf(refusal.code))
    .send(Buffer.from(JSON.stringify(problemDocument(refusal, reply.request.id))))
  // Fastify takes the reply itself as: the answer is on its way, wait for it.
  return sent as unknown as undefined
}
