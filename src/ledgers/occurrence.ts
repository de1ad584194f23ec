import { CLOCK_TOLERANCE_MS, EARLIEST, type Instant, settleOccurrence } from '../domain/instant.ts'
import { type Refusal, refuseAt } from '../http/problem.ts'
import type { Moment } from '../journal/ledger.ts'

/** When it happened, as it will be recorded, or the refusal of a moment that cannot be. */
export function occurrence(named: Instant | undefined, now: Moment): Instant | { refused: Refusal } {
  const settled = settleOccurrence(named, now.at)
  if (typeof settled === 'string') return settled
  const detail =
    settled.wrong === 'in_the_future'
      ? `It is ${now.at} by the service’s clock; a moment may be at most ${CLOCK_TOLERANCE_MS / 60_000} minutes ahead.`
      : `Nothing before ${EARLIEST} is recorded here.`
  return { refused: refuseAt(settled.wrong, '/occurred_at', detail) }
}
