import { z } from 'zod'
import { readStep, type Step } from '../../domain/duration.ts'
import { block_reasons, count_methods, hold_statuses } from '../../domain/holds.ts'
import { PLACES_MAX, places_reasons } from '../../domain/shelters.ts'
import { GROUP_MAX } from '../../domain/stays.ts'
import {
  anyUuid,
  count,
  freeText,
  instant,
  pageQuery,
  queryBoolean,
  queryInteger,
  regionCode,
  shelterName,
  uuid7,
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
const change_answer = { balance: shown_balance, seq: z.int() }

export const new_hold = z
  .strictObject({
    id: uuid7.optional(),
    shelter: shelterName,
    people: count(GROUP_MAX).min(1),
    party: freeText(200).meta({ description: 'Who is on the road, without names: bus 12 from Goris' }),
    origin: freeText(200).optional(),
    expected_at: instant.optional(),
    expires_at: instant.meta({
      description: 'At most 72 hours ahead; then the places are free again by themselves',
    }),
  })
  .meta({
    id: 'NewHold',
    example: { shelter: 'AM-KT-0007', people: 45, party: 'Bus 12', expires_at: '2023-09-29T23:00:00+04:00' },
  })

const hold_fields = {
  id: anyUuid,
  shelter: anyUuid,
  people: z.int().meta({ description: 'Places that were kept' }),
  remaining: z.int().meta({ description: 'Places that are still kept' }),
  status: z.enum(hold_statuses),
  expected_at: instant.nullable(),
  expires_at: instant,
  placed_at: instant,
}

export const hold = z
  .strictObject({ ...hold_fields, party: z.string(), origin: z.string().nullable() })
  .meta({ id: 'Hold', description: 'Places kept for a party on its way' })

export const hold_answer = z
  .strictObject({ hold: z.strictObject(hold_fields).meta({ id: 'HoldSummary' }), ...change_answer })
  .meta({ id: 'HoldAnswer' })

export const holds_query = z.strictObject({
  ...pageQuery.shape,
  shelter: shelterName.optional(),
  region: regionCode.optional(),
  status: z.enum(hold_statuses).optional(),
})

export const holds_page = z
  .strictObject({ items: z.array(hold), next_cursor: z.string().nullable() })
  .meta({ id: 'HoldsPage' })

export const new_block = z
  .strictObject({
    id: uuid7.optional(),
    places: count(PLACES_MAX).min(1),
    reason: z.enum(block_reasons),
    until: instant.optional().meta({ description: 'A forecast: nothing is lifted by itself' }),
    ...beside,
  })
  .meta({ id: 'NewBlock', example: { places: 12, reason: 'no_heating' } })

export const block = z
  .strictObject({
    id: anyUuid,
    shelter: anyUuid,
    places: z.int(),
    reason: z.enum(block_reasons),
    until: instant.nullable(),
    overdue: z.boolean().meta({ description: '`until` has passed, and it is not lifted' }),
    blocked_at: instant,
    lifted_at: instant.nullable(),
  })
  .meta({ id: 'Block', description: 'Places out of service' })

export const block_answer = z.strictObject({ block, ...change_answer }).meta({ id: 'BlockAnswer' })

export const blocks_list = z.strictObject({ items: z.array(block) }).meta({ id: 'Blocks' })

export const new_headcount = z
  .strictObject({
    id: uuid7.optional(),
    people: count(PLACES_MAX),
    method: z.enum(count_methods),
    occurred_at: instant.optional(),
  })
  .meta({ id: 'NewHeadcount', example: { people: 112, method: 'headcount' } })

export const headcount = z
  .strictObject({
    id: anyUuid,
    shelter: anyUuid,
    people: z.int().meta({ description: 'Counted on the spot' }),
    occupied: z.int().meta({ description: 'In the ledger at that moment, as known when it was posted' }),
    difference: z.int().meta({ description: 'people − occupied' }),
    method: z.enum(count_methods),
    counted_at: instant,
    settled_at: instant.nullable(),
  })
  .meta({ id: 'Headcount' })

export const headcount_answer = z
  .strictObject({ headcount, ...change_answer })
  .meta({ id: 'HeadcountAnswer' })

export const headcounts_page = z
  .strictObject({ items: z.array(headcount), next_cursor: z.string().nullable() })
  .meta({ id: 'HeadcountsPage' })

export const last_headcounts = z
  .strictObject({
    items: z.array(
      z
        .strictObject({
          ...headcount.shape,
          shelter_code: z.string(),
          region: regionCode,
          age_hours: z.number().meta({ description: 'Hours since it was counted' }),
        })
        .meta({ id: 'LastHeadcount' }),
    ),
    difference: z.int().meta({ description: 'Sum of the differences that are not settled' }),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'LastHeadcounts', description: 'The last count of each shelter' })

export type NewHold = z.output<typeof new_hold>
export type HoldShown = z.output<typeof hold>
export type HoldAnswer = z.output<typeof hold_answer>
export type HoldsQuery = z.output<typeof holds_query>
export type NewBlock = z.output<typeof new_block>
export type BlockShown = z.output<typeof block>
export type BlockAnswer = z.output<typeof block_answer>
export type NewHeadcount = z.output<typeof new_headcount>
export type HeadcountShown = z.output<typeof headcount>
export type HeadcountAnswer = z.output<typeof headcount_answer>
export type PlacesChange = z.output<typeof places_change>
export type PlacesChanged = z.output<typeof places_changed>
export type Capacity = z.output<typeof capacity>
export type CapacityQuery = z.output<typeof capacity_query>
