import { z } from 'zod'
import type { Instant } from '../domain/instant.ts'
import { QUANTITY } from '../domain/quantities.ts'
import { region_codes } from '../domain/regions.ts'
import { type ProblemCode, problems, typeOf } from './problem.ts'

/* The building blocks of what goes over the wire. A feature's schemas.ts puts them together. */

const INSTANT = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/

const days_in_month = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function daysIn(year: number, month: number): number {
  if (month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) return 29
  return days_in_month[month - 1] ?? 0
}

/**
 * The moment that an RFC 3339 text names, in UTC, cut to milliseconds; undefined if it names none. No leap seconds
 * (PostgreSQL has none), years 0001 to 9999.
 */
export function readInstant(text: string): Instant | undefined {
  if (!INSTANT.test(text)) return undefined
  // Every part but the fraction has its fixed place.
  const part = (start: number, end: number) => Number(text.slice(start, end))
  const year = part(0, 4)
  const day = part(8, 10)
  if (year < 1 || day < 1 || day > daysIn(year, part(5, 7))) return undefined
  if (part(11, 13) > 23 || part(14, 16) > 59 || part(17, 19) > 59) return undefined
  const in_utc = /[Zz]$/.test(text)
  const fraction = text[19] === '.' ? text.slice(20, in_utc ? -1 : -6) : ''
  const clock = `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.slice(0, 3).padEnd(3, '0')}`
  if (in_utc) return `${clock}Z`
  const offset = text.slice(-6)
  if (Number(offset.slice(1, 3)) > 23 || Number(offset.slice(4)) > 59) return undefined
  const moment = new Date(`${clock}${offset}`)
  return moment.getUTCFullYear() < 1 || moment.getUTCFullYear() > 9999 ? undefined : moment.toISOString()
}

const instant_meta = { format: 'date-time', example: '2023-09-29T16:00:00.000Z' }

/**
 * A moment. On the wire RFC 3339 with an offset and any precision; in the program always the 24 characters of an
 * Instant, which is also how it is answered.
 */
export const instant = z
  .codec(z.string().meta(instant_meta), z.string().meta(instant_meta), {
    decode: (text, context): Instant => {
      const moment = readInstant(text)
      if (moment !== undefined) return moment
      context.issues.push({
        code: 'invalid_format',
        format: 'datetime',
        input: text,
        message: 'Must be a moment with an offset as in RFC 3339, 2023-09-29T20:00:00+04:00 for instance.',
      })
      return z.NEVER
    },
    encode: (moment) => moment,
  })
  .meta({ description: 'A moment, RFC 3339 with an offset; answered in UTC with milliseconds' })

// No flag for capitals: a pattern in the document has none.
const HEX = '[0-9a-fA-F]'
const UUID7 = new RegExp(`^${HEX}{8}-${HEX}{4}-7${HEX}{3}-[89abAB]${HEX}{3}-${HEX}{12}$`)
const UUID = new RegExp(`^${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}$`)

/** An id that a client chooses: UUIDv7 and no other, so that ids stay in the order of their making. */
export const uuid7 = z
  .string()
  .regex(UUID7, 'Must be a UUID of version 7.')
  .toLowerCase()
  .meta({ format: 'uuid', example: '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e10' })

/** An id of something that exists. */
export const anyUuid = z
  .string()
  .regex(UUID, 'Must be a UUID.')
  .toLowerCase()
  .meta({ format: 'uuid', example: '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e10' })

const SHELTER_CODE = /^AM-[A-Z]{2}-[0-9]{4,6}$/

export const shelterCode = z
  .string()
  .regex(SHELTER_CODE, 'Must be a shelter’s code, AM-KT-0007 for instance.')
  .meta({ example: 'AM-KT-0007', description: 'The code of a shelter; it never changes' })

/** A shelter by id or by code, ids in lower case. */
export const shelterName = z
  .string()
  .refine(
    (name) => SHELTER_CODE.test(name) || UUID.test(name),
    'Must be a shelter’s id or code, AM-KT-0007 for instance.',
  )
  .overwrite((name) => (UUID.test(name) ? name.toLowerCase() : name))
  .meta({
    pattern: `${SHELTER_CODE.source}|^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`,
    example: 'AM-KT-0007',
    description: 'The id or the code of a shelter',
  })

export const regionCode = z
  .enum(region_codes)
  .meta({ id: 'RegionCode', example: 'AM-KT', description: 'ISO 3166-2 code of a marz, or of Yerevan' })

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/

/**
 * Text as people write it, 1 to `max` characters (code points), with something to read in it. Line breaks and tabs
 * are the only control characters; half characters are refused.
 */
export const freeText = (max = 500) =>
  z
    .string()
    .min(1)
    .refine(
      (text) => text.isWellFormed() && !CONTROL.test(text),
      'Must be plain text without control characters.',
    )
    .refine((text) => text.length <= max || [...text].length <= max, {
      error: `Must be at most ${max} characters.`,
      params: { code: 'too_long' },
    })
    .refine((text) => /\S/.test(text), { error: 'Must not be blank.', params: { code: 'too_short' } })
    .meta({ maxLength: max })

export const latitude = z.number().min(-90).max(90).meta({ description: 'Degrees north, WGS 84' })
export const longitude = z.number().min(-180).max(180).meta({ description: 'Degrees east, WGS 84' })

/** A word that programs agree on: needs, items, reasons. */
export const codeWord = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'Must be a code: small letters, digits and underscores, 64 at most.')

const STORE_CODE = /^[A-Z0-9][A-Z0-9-]{1,30}[A-Z0-9]$/

/** A store by id or by code: a shelter's, or a warehouse's. Ids in lower case. */
export const storeName = z
  .string()
  .refine(
    (name) => STORE_CODE.test(name) || UUID.test(name),
    'Must be the id or code of a shelter or a warehouse, AM-KT-0007 for instance.',
  )
  .overwrite((name) => (UUID.test(name) ? name.toLowerCase() : name))
  .meta({
    pattern: `${STORE_CODE.source}|^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`,
    example: 'AM-KT-0007',
    description: 'The id or the code of a shelter or a warehouse',
  })

const decimal = (pattern: RegExp) =>
  z
    .string()
    .regex(pattern, 'Must be a decimal number as text, "12.5" for instance.')
    .meta({ example: '12.5', description: 'A decimal number as text, kept exactly' })

/** A quantity of stock: a decimal string, kept exactly (domain/quantities.ts). */
export const signedQuantity = decimal(QUANTITY)
export const quantity = decimal(new RegExp(QUANTITY.source.replace('-?', '')))
export const positiveQuantity = quantity.refine((text) => Number(text) > 0, {
  error: 'Must be above 0.',
  params: { code: 'too_small' },
})

/** A day of the calendar, in Asia/Yerevan, from 2000 to 2999. */
export const day = z
  .string()
  .regex(/^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/, 'Must be a day, 2023-09-29 for instance.')
  .refine((text) => Number(text.slice(8)) <= daysIn(Number(text.slice(0, 4)), Number(text.slice(5, 7))), {
    error: 'There is no such day.',
    params: { code: 'wrong_format' },
  })
  .meta({ format: 'date', example: '2023-09-29', description: 'A day in Asia/Yerevan' })

/** The body of an action without content. */
export const nothing = z
  .strictObject({})
  .meta({ id: 'Nothing', description: 'An action without content', example: {} })

/** A number of people, places, portions: whole, 0 to `max`. */
export const count = (max: number) => z.int().min(0).max(max)

const DECIMAL_INTEGER = /^(0|-?[1-9]\d{0,15})$/

/**
 * A whole number in a query string, where everything is text: decimal digits and nothing else (no `5.0`, `0x5`,
 * ` 5`, `+5`). Bodies never take text for a number.
 */
export const queryInteger = (min: number, max: number) =>
  z
    .codec(z.string(), z.int().min(min).max(max), {
      decode: (text, context) => {
        if (DECIMAL_INTEGER.test(text)) return Number(text)
        context.issues.push({
          code: 'invalid_format',
          format: 'integer',
          input: text,
          message: `Must be a whole number from ${min} to ${max}.`,
        })
        return z.NEVER
      },
      encode: String,
    })
    .meta({ override: { type: 'integer', minimum: min, maximum: max } })

/** `true` or `false` in a query string, and no other spelling. */
export const queryBoolean = z
  .codec(z.string(), z.boolean(), {
    decode: (text, context) => {
      if (text === 'true' || text === 'false') return text === 'true'
      context.issues.push({
        code: 'invalid_format',
        format: 'boolean',
        input: text,
        message: 'Must be true or false.',
      })
      return z.NEVER
    },
    encode: String,
  })
  .meta({ override: { type: 'boolean' } })

/** What every list takes. Spread its `shape` into a strict object with the list's own filters. */
export const pageQuery = z.strictObject({
  limit: queryInteger(1, 500)
    .default(50)
    .meta({
      description: 'How many at most',
      override: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
    }),
  cursor: z.string().min(1).max(1000).optional().meta({ description: 'The next_cursor of the page before' }),
})

/** Names the one reading of a key that is safe on every system: printable ASCII, no blank at either end. */
const IDEMPOTENCY_KEY = /^[!-~][ -~]{6,126}[!-~]$/

export const idempotencyKey = z
  .string()
  .regex(IDEMPOTENCY_KEY, 'Must be 8 to 128 printable ASCII characters.')
  .meta({
    description: 'Made once for this change and repeated on each retry; 8–128 printable ASCII characters',
    minLength: 8,
    maxLength: 128,
    example: '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e10',
  })

/** The headers of every POST that changes something. */
export const idempotencyHeaders = z.looseObject({ 'idempotency-key': idempotencyKey })

/** The headers of every PATCH; preconditions.ts answers when it is missing, because that has a status of its own. */
export const ifMatchHeaders = z.looseObject({
  'if-match': z
    .string()
    .optional()
    .meta({ description: 'The ETag that was read; 428 without, 412 if it is stale' }),
})

const field_error = z
  .strictObject({
    pointer: z.string().optional().meta({ description: 'RFC 6901, into the body' }),
    parameter: z.string().optional(),
    header: z.string().optional(),
    code: z.string(),
    detail: z.string(),
  })
  .meta({ id: 'FieldError', description: 'Where bad input stands, and what is wrong with it' })

/**
 * RFC 9457. Its type carries a brand, so that no handler can answer with a problem but by sendProblem, and any other
 * wrong shape stays a compile error.
 */
export const problem = z
  .looseObject({
    type: z.string().meta({ description: 'A page that explains the code', example: typeOf('shelter_full') }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable; what programs should look at', example: 'shelter_full' }),
    request_id: z.string(),
    errors: z.array(field_error).optional(),
  })
  .meta({
    id: 'Problem',
    description: 'Why not (RFC 9457). What belongs to a code stands beside: free, alternatives …',
  })
  .brand<'problem'>()

type StatusOf<Code extends ProblemCode> = (typeof problems)[Code]['status']

export type RefusalResponse = {
  description: string
  'x-codes': ProblemCode[]
  content: { 'application/problem+json': { schema: typeof problem } }
}

export const describeCodes = (codes: readonly ProblemCode[]): string =>
  codes.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' ')

export const refusalResponse = (codes: readonly ProblemCode[]): RefusalResponse => ({
  description: describeCodes(codes),
  'x-codes': [...codes],
  content: { 'application/problem+json': { schema: problem } },
})

/**
 * The responses of a route for the refusals it can answer with, by status; spread it into `response`. Those that
 * every route has (who is calling, malformed input, overload) are added by openapi.ts.
 */
export function refusals<const Codes extends readonly ProblemCode[]>(
  ...codes: Codes
): { [Status in StatusOf<Codes[number]>]: RefusalResponse } {
  const by_status = Map.groupBy(codes, (code) => problems[code].status)
  // A boundary: the keys are the statuses of the codes by construction.
  return Object.fromEntries(Array.from(by_status, ([status, group]) => [status, refusalResponse(group)])) as {
    [Status in StatusOf<Codes[number]>]: RefusalResponse
  }
}
