/**
 * A moment, as the text `YYYY-MM-DDTHH:MM:SS.mmmZ`: UTC, milliseconds, always 24 characters. One form from the
 * wire to the database, so that moments compare as text and nothing is lost between two representations.
 */
export type Instant = string

/** How far ahead of the database's clock a phone's clock may run, in milliseconds (contract, *Times*). */
export const CLOCK_TOLERANCE_MS = 5 * 60_000

/** Nothing that this service tracks happened before. */
export const EARLIEST: Instant = '2000-01-01T00:00:00.000Z'

export const instantOf = (epoch_ms: number): Instant => new Date(epoch_ms).toISOString()

export const epochOf = (instant: Instant): number => Date.parse(instant)

export const later = (instant: Instant, ms: number): Instant => instantOf(epochOf(instant) + ms)

/**
 * When a thing happened, as it will be recorded: the moment named, the moment of recording where none is named or
 * where it lies up to five minutes ahead. `in_the_future` and `before_2000` are refusals, not moments.
 */
export function settleOccurrence(
  named: Instant | undefined,
  recorded_at: Instant,
): Instant | { wrong: 'in_the_future' | 'before_2000' } {
  if (named === undefined) return recorded_at
  if (named < EARLIEST) return { wrong: 'before_2000' }
  if (named <= recorded_at) return named
  return named <= later(recorded_at, CLOCK_TOLERANCE_MS) ? recorded_at : { wrong: 'in_the_future' }
}
