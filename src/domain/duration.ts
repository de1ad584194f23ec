import { epochOf, type Instant, instantOf } from './instant.ts'

/** A step between the points of a series: whole minutes, hours or days. */
export type Step = { unit: 'minutes' | 'hours' | 'days'; count: number; ms: number }

const MINUTE_MS = 60_000
const units = {
  M: ['minutes', MINUTE_MS],
  H: ['hours', 60 * MINUTE_MS],
  D: ['days', 24 * 60 * MINUTE_MS],
} as const

/** `PT15M`, `PT1H`, `P1D`, `P1W` … (ISO 8601, one unit); undefined for anything else and for nothing. */
export function readStep(text: string): Step | undefined {
  const [, weeks, days, hours, minutes] =
    /^P(?:(\d{1,3})W|(\d{1,4})D|T(?:(\d{1,4})H|(\d{1,5})M))$/.exec(text) ?? []
  const [letter, count] =
    weeks !== undefined
      ? (['D', Number(weeks) * 7] as const)
      : days !== undefined
        ? (['D', Number(days)] as const)
        : hours !== undefined
          ? (['H', Number(hours)] as const)
          : (['M', Number(minutes ?? 0)] as const)
  if (count === 0) return undefined
  const [unit, ms] = units[letter]
  return { unit, count, ms: count * ms }
}

/**
 * The points of a series from `from` up to `to`, `most` + 1 at the most. A day is 24 hours here: Armenia has had no
 * summer time since 2012.
 */
export function pointsOf(from: Instant, to: Instant, step: Step, most: number): Instant[] {
  const points: Instant[] = []
  const last = epochOf(to)
  for (let at = epochOf(from); at <= last && points.length <= most; at += step.ms) points.push(instantOf(at))
  return points
}
