import { z } from 'zod'
import {
  addition_reasons,
  cancellation_reasons,
  composition_groups,
  correction_reasons,
  destinations,
  GROUP_MAX,
  HOUSEHOLD_MAX,
  stay_statuses,
} from '../../domain/stays.ts'
import {
  anyUuid,
  codeWord,
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
import { shown_balance } from '../../ledgers/places/wire.ts'

/** Composition: how many of the household are girls and women, boys and men, by age. What is unknown is left out. */
const composition = z
  .strictObject(
    Object.fromEntries(composition_groups.map((group) => [group, count(GROUP_MAX).optional()])) as Record<
      (typeof composition_groups)[number],
      z.ZodOptional<ReturnType<typeof count>>
    >,
  )
  .meta({
    id: 'Composition',
    description: 'People by sex and age in years; groups that nobody counted are left out',
  })

const needs = z
  .array(z.strictObject({ need: codeWord, people: count(GROUP_MAX).min(1) }))
  .max(50)
  .meta({ description: 'What people in the household need, by code, and how many of them' })

const household = z
  .strictObject({
    reference: freeText(64).optional().meta({
      description:
        'The number on the registration card; compared without case, spaces and hyphens. No names.',
    }),
    people: count(GROUP_MAX)
      .min(1)
      .meta({
        description: `Head count: 1–${HOUSEHOLD_MAX} with a reference, up to ${GROUP_MAX} without (a group)`,
      }),
    composition: composition.optional(),
    needs: needs.optional(),
  })
  .check((check) => {
    const { reference, people, composition: groups, needs: needed } = check.value
    const say = (path: string[], message: string) =>
      check.issues.push({ code: 'custom', input: check.value, path, message })
    if (reference !== undefined && people > HOUSEHOLD_MAX) {
      say(
        ['people'],
        `A household with a reference has at most ${HOUSEHOLD_MAX} people; post a group without one.`,
      )
    }
    const counted = Object.values(groups ?? {}).reduce<number>((sum, number) => sum + (number ?? 0), 0)
    if (counted > people)
      say(['composition'], `The composition counts ${counted} people, the household has ${people}.`)
    needed?.forEach((need, index) => {
      if (need.people > people) {
        say(['needs', String(index), 'people'], `More people need this than the household has (${people}).`)
      }
    })
  })
  .meta({ id: 'Household', description: 'People who arrive and stay together' })

const hold_used = anyUuid.meta({
  description: 'A hold whose places they use up first; more people than it has left take free ones',
})

export const arrival = z
  .strictObject({
    id: uuid7.optional().meta({ description: 'The new stay’s id, if the client chooses it (UUIDv7)' }),
    shelter: shelterName,
    household,
    occurred_at: instant.optional().meta({ description: 'When they arrived; now, if left out' }),
    hold: hold_used.optional(),
    overflow: z.boolean().optional().meta({
      description: 'They are in the building already: add the places they lack as emergency places',
    }),
    moved: z
      .boolean()
      .optional()
      .meta({ description: 'They come from another shelter: their open stay there ends as a transfer' }),
  })
  .meta({
    id: 'Arrival',
    example: {
      shelter: 'AM-KT-0007',
      household: { reference: 'AR-104 233', people: 5, composition: { f_0_4: 1, f_18_59: 2, m_5_17: 2 } },
      occurred_at: '2023-09-29T20:00:00+04:00',
    },
  })

export const stay_summary = z
  .strictObject({
    id: anyUuid,
    shelter: anyUuid,
    household: anyUuid,
    people: z.int().meta({ description: 'People present now; 0 once the stay has ended' }),
    status: z.enum(stay_statuses),
    arrived_at: instant,
    departed_at: instant.nullable(),
  })
  .meta({ id: 'StaySummary', description: 'A stay without personal data' })

export const stay_changed = z
  .strictObject({
    stay: stay_summary,
    balance: shown_balance,
    seq: z.int().meta({ description: 'The journal entry that made it so' }),
  })
  .meta({ id: 'StayChanged' })

export const departure = z
  .strictObject({
    people: count(GROUP_MAX).min(1).optional().meta({ description: 'How many leave; all, if left out' }),
    destination: z.enum(destinations),
    occurred_at: instant.optional(),
  })
  .meta({ id: 'Departure', example: { destination: 'relatives' } })

/** What every post about places has beside it. */
const coming = {
  occurred_at: instant.optional(),
  hold: hold_used.optional(),
  overflow: z.boolean().optional().meta({ description: 'They are in the building already' }),
}

export const addition = z
  .strictObject({
    people: count(GROUP_MAX).min(1),
    composition: composition.optional(),
    needs: needs.optional(),
    reason: z.enum(addition_reasons),
    ...coming,
  })
  .check((check) => {
    const { people, composition: groups } = check.value
    const counted = Object.values(groups ?? {}).reduce<number>((sum, number) => sum + (number ?? 0), 0)
    const message = `The composition counts ${counted} people, ${people} join.`
    if (counted > people)
      check.issues.push({ code: 'custom', input: check.value, path: ['composition'], message })
  })
  .meta({ id: 'Addition', example: { people: 1, reason: 'joined' } })

export const transfer = z
  .strictObject({
    id: uuid7.optional().meta({ description: 'The new stay’s id, if the client chooses it (UUIDv7)' }),
    to: shelterName,
    people: count(GROUP_MAX).min(1).optional().meta({ description: 'How many go; all, if left out' }),
    ...coming,
  })
  .meta({ id: 'Transfer', example: { to: 'AM-KT-0008' } })

export const stay_transferred = z
  .strictObject({
    ...stay_changed.shape,
    from: z
      .strictObject({ shelter: anyUuid, balance: shown_balance, seq: z.int() })
      .meta({ description: 'Where they left' }),
  })
  .meta({ id: 'StayTransferred' })

export const correction = z
  .strictObject({
    people: count(GROUP_MAX).min(1).optional().meta({ description: 'How many came in all' }),
    composition: composition.optional(),
    needs: needs.optional(),
    reason: z.enum(correction_reasons),
    note: freeText(500).optional(),
    overflow: z.boolean().optional(),
  })
  .meta({ id: 'Correction', example: { people: 4, reason: 'miscounted' } })

export const cancellation = z
  .strictObject({ reason: z.enum(cancellation_reasons), note: freeText(500).optional() })
  .meta({ id: 'Cancellation', example: { reason: 'posted_twice' } })

export const stay = z
  .strictObject({
    ...stay_summary.shape,
    region: regionCode,
    people_arrived: z.int().meta({ description: 'All who came in this stay' }),
    reference: z.string().nullable(),
    composition: composition.nullable(),
    needs: needs.nullable(),
    transferred_from: anyUuid.nullable().meta({ description: 'The stay that this one continues' }),
    transferred_to: z.array(anyUuid).meta({ description: 'The stays that continue this one' }),
    seq: z.int(),
  })
  .meta({ id: 'Stay', description: 'One household in one shelter, from arrival to departure' })

export const stays_query = z.strictObject({
  cursor: pageQuery.shape.cursor,
  limit: queryInteger(1, 500)
    .optional()
    .meta({ description: 'How many at most: 50 if left out, in JSON; csv and ndjson stream all of them' }),
  shelter: shelterName.optional(),
  region: regionCode.optional(),
  reference: freeText(64).optional().meta({
    description: 'Found everywhere by coordinators (families searching each other); the search is recorded',
  }),
  status: z.enum(stay_statuses).optional(),
  arrived_from: instant.optional(),
  arrived_to: instant.optional(),
  format: z.enum(['json', 'csv', 'ndjson']).optional().meta({ description: 'Wins over Accept' }),
  hxl: queryBoolean.optional().meta({ description: 'csv: with the row of HXL 1.1 tags' }),
})

export const stays_page = z
  .strictObject({ items: z.array(stay), next_cursor: z.string().nullable() })
  .meta({ id: 'StaysPage' })

export const stay_params = z.strictObject({ stay: anyUuid })

export type Arrival = z.output<typeof arrival>
export type Addition = z.output<typeof addition>
export type Transfer = z.output<typeof transfer>
export type StayTransferred = z.output<typeof stay_transferred>
export type Correction = z.output<typeof correction>
export type Cancellation = z.output<typeof cancellation>
export type Departure = z.output<typeof departure>
export type StaySummary = z.output<typeof stay_summary>
export type StayChanged = z.output<typeof stay_changed>
export type Stay = z.output<typeof stay>
export type StaysQuery = z.output<typeof stays_query>
