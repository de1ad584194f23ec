/*
 * What PostgreSQL and its driver say when something goes wrong, sorted by what the caller can do about it.
 * Drivers and query builders wrap each other's errors, so each question looks through `cause`.
 */

const CAUSES_MAX = 8

/** The error itself and what caused it, outermost first. */
export function* causesOf(error: unknown): Generator<Record<string, unknown>> {
  let current = error
  for (let depth = 0; depth < CAUSES_MAX && typeof current === 'object' && current !== null; depth++) {
    const record: Record<string, unknown> = current as Record<string, unknown>
    yield record
    // A failed connection to a name with several addresses hides its reasons in `errors`.
    const { cause, errors } = record
    current = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
}

const SQLSTATE = /^[0-9A-Z]{5}$/

/** Node's system codes have five letters too (`EPIPE`), but no digit and no SQLSTATE class. */
const isSqlState = (code: unknown): code is string =>
  typeof code === 'string' && SQLSTATE.test(code) && /\d/.test(code)

/** The five characters by which PostgreSQL names an error, or undefined if it did not come from PostgreSQL. */
export function sqlState(error: unknown): string | undefined {
  for (const { code } of causesOf(error)) if (isSqlState(code)) return code
  return undefined
}

/** SQLSTATE class 22 (data) or 23 (constraints): the same statement with the same values will fail again. */
export function isDataError(error: unknown): boolean {
  const state = sqlState(error)
  return state !== undefined && (state.startsWith('22') || state.startsWith('23'))
}

/**
 * States in which the database is away or too busy, and the same call may succeed a moment later: lock and
 * statement timeouts, idle and transaction timeouts, too many connections, a server that starts or stops, a
 * standby that has just been told to become the primary (25006), serialization failures and deadlocks.
 */
const passing_states: ReadonlySet<string> = new Set([
  '25006',
  '25P03',
  '25P04',
  '40001',
  '40P01',
  '53300',
  '53400',
  '55P03',
  '57014',
  '57P05',
])

const system_codes: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

/** What node-postgres says without a code. */
const driver_messages =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|timeout expired|Query read timeout|Cannot use a pool after calling end|Client was closed)/

/** Whether the database was away or gave up waiting, so that the same call may succeed a moment later. */
export function isConnectionLoss(error: unknown): boolean {
  for (const { code, message } of causesOf(error)) {
    if (typeof code === 'string') {
      if (isSqlState(code)) {
        return code.startsWith('08') || code.startsWith('57P0') || passing_states.has(code)
      }
      if (system_codes.has(code)) return true
    }
    if (typeof message === 'string' && driver_messages.test(message)) return true
  }
  return false
}
