import { z } from 'zod'
import { readStep, type Step } from '../../domain/duration.ts'
import { PLACES_MAX, places_reasons } from '../../domain/shelters.ts'
import {
  count,
  freeText,
  instant,
  queryBoolean,
  queryInteger,
  regionCode,
  shelterName,
} from '../../http/wire.ts'
import { balance_figures, shown_balance } from '../../ledgers/places/wire.ts'

const reason = z.enum(places_reasons)
const beside = { note: freeText(500).optional(), occurred_at: instant.optional() }

/** Three ways to say it: a new total, a change, or emergency places that stay. */
export const places_change = z
  .union([
    z.strictObject({
      places: count(PLACES_MAX).meta({ description: 'The new total, emergency places included' }),
      expected_places: count(PLACES_MAX)
        .optional()
        .meta({ description: 'The total that the caller believes in' }),
      reason,
      ...beside,
    }),
    z.strictObject({
      change: z
        .int()
        .min(-PLACES_MAX)
        .max(PLACES_MAX)
        .refine((change) => change !== 0, 'A change of 0 is none.'),
      reason,
      ...beside,
    }),
    z.strictObject({
      keep_emergency: count(PLACES_MAX)
        .min(1)
        .meta({ description: 'So many emergency places become ordinary ones' }),
      reason: z.literal('expanded'),
      ...beside,
    }),
  ])
  .meta({
    id: 'PlacesChange',
    description: 'Measured against now, acts from `occurred_at`. Reductions take emergency places first.',
    example: { change: 20, reason: 'expanded' },
  })

export const places_changed = z
  .strictObject({ balance: shown_balance, seq: z.int() })
  .meta({ id: 'PlacesChanged' })

const capacity_figures = {
  ...balance_figures,
  shelters: z.int().meta({ description: 'Shelters that are not closed' }),
}

export const capacity_query = z.strictObject({
  as_of: instant
    .optional()
    .meta({ description: 'The moment asked for, by when things happened; now, if left out' }),
  known_at: instant
    .optional()
    .meta({ description: 'What was known at that moment; alone, it is the moment asked for too' }),
  known_seq: queryInteger(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'What was known when that journal entry was the last' }),
  region: regionCode.optional(),
  format: z.enum(['json', 'csv']).optional().meta({ description: 'Wins over Accept' }),
  hxl: queryBoolean.optional().meta({ description: 'csv: with the row of HXL 1.1 tags' }),
})

export const capacity = z
  .strictObject({
    as_of: instant,
    known_at: instant,
    seq: z.int().meta({ description: 'The last journal entry that these figures know' }),
    final: z.boolean().meta({ description: 'false while entries recorded by `known_at` may still come' }),
    goal: z.int().meta({ description: 'Places the state has set itself; compare with places − emergency' }),
    national: z.strictObject(capacity_figures),
    regions: z.array(z.strictObject({ region: regionCode, name: z.string(), ...capacity_figures })),
  })
  .meta({ id: 'Capacity', description: 'One snapshot: the regions add up to the national figures' })

export const POINTS_MAX = 2_000

const step = z
  .codec(z.string(), z.custom<Step>(), {
    decode: (text, context) => {
      const read = readStep(text)
      if (read !== undefined) return read
      context.issues.push({
        code: 'invalid_format',
        format: 'duration',
        input: text,
        message: 'Must be a step of minutes, hours, days or weeks: PT15M, PT1H, P1D, P1W.',
      })
      return z.NEVER
    },
    encode: ({ ms }) => `PT${ms / 60_000}M`,
  })
  .meta({ override: { type: 'string', format: 'duration', examples: ['PT1H', 'P1D'] } })

export const history_query = z.strictObject({
  from: instant,
  to: instant,
  step: step.meta({ description: `Between two points; at most ${POINTS_MAX} points. A day is 24 hours.` }),
  region: regionCode.optional(),
  shelter: shelterName.optional(),
})

const flow = (description: string) => z.int().meta({ description: `${description} since the point before` })

export const history = z
  .array(
    z
      .strictObject({
        at: instant,
        ...balance_figures,
        arrived: flow('People who arrived'),
        departed: flow('People who left'),
        transferred_in: flow('People who came from another shelter'),
        transferred_out: flow('People who went to another shelter'),
      })
      .meta({ id: 'HistoryPoint' }),
  )
  .meta({
    id: 'History',
    description: 'Balances at each point, and who came and went since the point before',
  })

export type HistoryPoint = z.output<typeof history>[number]
export type PlacesChange = z.output<typeof places_change>
export type PlacesChanged = z.output<typeof places_changed>
export type Capacity = z.output<typeof capacity>
export type CapacityQuery = z.output<typeof capacity_query>
