import { z } from 'zod'
import type { Database } from '../../../database/client.ts'
import type { Refusal } from '../../../http/problem.ts'
import type { App } from '../../../http/server.ts'
import { anyUuid, nothing, shelterName } from '../../../http/wire.ts'
import { no_params, type Operation, operation } from '../../../journal/operation.ts'
import type { Submit } from '../../../journal/writer.ts'
import type { Settlement } from '../rules/headcounts.ts'
import {
  type BlockAnswer,
  block_answer,
  type HeadcountAnswer,
  type HoldAnswer,
  headcount_answer,
  hold_answer,
  type NewBlock,
  type NewHeadcount,
  type NewHold,
  new_block,
  new_headcount,
  new_hold,
  type PlacesChange,
  type PlacesChanged,
  places_change,
  places_changed,
} from '../schemas.ts'

export type PlacesCommands = {
  changePlaces: Submit<{ shelter: string; change: PlacesChange }, undefined, PlacesChanged>
  hold: Submit<NewHold, { hold: string }, HoldAnswer>
  release: Submit<{ hold: string }, undefined, HoldAnswer>
  block: Submit<NewBlock & { shelter: string }, { block: string }, BlockAnswer>
  lift: Submit<{ shelter: string; block: string }, undefined, BlockAnswer>
  count: Submit<NewHeadcount & { shelter: string }, { headcount: string }, HeadcountAnswer>
  settle: Submit<Settlement, { stay: string; household: string }, HeadcountAnswer>
}

const in_time = ['in_the_future', 'before_2000'] as const
const of_shelter = ['outside_remit', 'shelter_not_found'] as const
const shelter_params = z.strictObject({ shelter: shelterName })

/** The posts about places; those of headcounts are lines in a batch too. */
export function placesOperations(
  app: App,
  options: {
    database: Database
    commands: PlacesCommands
    /** where there is room instead, for a hold that does not fit */
    withAlternatives: (refusal: Refusal, shelter: string, people: number) => Promise<Refusal>
  },
): Operation[] {
  const { commands } = options

  operation(app, {
    operationId: 'changePlaces',
    scope: 'places:write',
    url: '/v1/shelters/:shelter/places',
    tags: ['Capacity'],
    summary: 'Add or take away places',
    description:
      'A new total (`places`, with `expected_places` against a change meanwhile), a `change`, or `keep_emergency`. Refused with `places_in_use` and what is in the way.',
    params: shelter_params,
    body: places_change,
    status: 200,
    answer: places_changed,
    refusals: [
      ...of_shelter,
      ...in_time,
      'changed_meanwhile',
      'places_in_use',
      'too_many_places',
      'reason_does_not_fit',
    ],
    submit: commands.changePlaces,
    content: ({ shelter }, change) => ({ shelter, change }),
  })
  operation(app, {
    operationId: 'placeHold',
    scope: 'holds:write',
    url: '/v1/holds',
    tags: ['Holds'],
    summary: 'Keep places for a party on its way',
    description:
      'Until they are used, released or due. A hold that is due gives its places back by itself, with no worker alive.',
    params: no_params,
    body: new_hold,
    status: 201,
    answer: hold_answer,
    refusals: [...of_shelter, 'hold_too_long', 'id_taken', 'shelter_not_open', 'shelter_full'],
    submit: commands.hold,
    content: (_params, body) => body,
    location: ({ hold }) => `/v1/holds/${hold.id}`,
    advise: (refusal, { shelter, people }) => options.withAlternatives(refusal, shelter, people),
  })
  operation(app, {
    operationId: 'releaseHold',
    scope: 'holds:write',
    url: '/v1/holds/:hold/release',
    tags: ['Holds'],
    summary: 'Give back what is left of a hold',
    description: 'Before its end; what was used stays used.',
    params: z.strictObject({ hold: anyUuid }),
    body: nothing,
    status: 200,
    answer: hold_answer,
    refusals: ['hold_not_found', 'hold_not_usable'],
    submit: commands.release,
    content: ({ hold }) => ({ hold }),
  })
  operation(app, {
    operationId: 'blockPlaces',
    scope: 'places:write',
    url: '/v1/shelters/:shelter/blocks',
    tags: ['Capacity'],
    summary: 'Take places out of service',
    description:
      'With a reason, and a forecast of how long. Nothing is lifted by itself; a past `until` is overdue.',
    params: shelter_params,
    body: new_block,
    status: 201,
    answer: block_answer,
    refusals: [...of_shelter, ...in_time, 'id_taken', 'places_in_use'],
    submit: commands.block,
    content: ({ shelter }, body) => ({ ...body, shelter }),
  })
  operation(app, {
    operationId: 'liftBlock',
    scope: 'places:write',
    url: '/v1/shelters/:shelter/blocks/:block/lift',
    tags: ['Capacity'],
    summary: 'Put blocked places back into service',
    description: 'As a whole; block again what stays out of service.',
    params: z.strictObject({ shelter: shelterName, block: anyUuid }),
    body: nothing,
    status: 200,
    answer: block_answer,
    refusals: [...of_shelter, 'block_not_found', 'block_lifted'],
    submit: commands.lift,
    content: (params) => params,
  })

  return [
    operation(app, {
      operationId: 'postHeadcount',
      scope: 'headcounts:write',
      url: '/v1/shelters/:shelter/headcounts',
      tags: ['Headcounts'],
      summary: 'Post what was counted on the spot',
      description: 'Does not change the balance; shows the difference to it.',
      params: shelter_params,
      body: new_headcount,
      status: 201,
      answer: headcount_answer,
      refusals: [...of_shelter, ...in_time, 'id_taken'],
      submit: commands.count,
      content: ({ shelter }, body) => ({ ...body, shelter }),
    }),
    operation(app, {
      operationId: 'settleHeadcount',
      scope: 'headcounts:settle',
      url: '/v1/shelters/:shelter/headcounts/:headcount/settlement',
      tags: ['Headcounts'],
      summary: 'Book the difference that a headcount showed',
      description:
        'At the moment of the count: people who left untold as a departure of nobody in particular, people who are there untold as a group without reference, by overflow where they do not fit.',
      params: z.strictObject({ shelter: shelterName, headcount: anyUuid }),
      body: nothing,
      status: 200,
      answer: headcount_answer,
      refusals: [...of_shelter, 'headcount_not_found', 'headcount_settled', 'more_than_present'],
      submit: commands.settle,
      content: (params) => params,
    }),
  ]
}
