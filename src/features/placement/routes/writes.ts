import type { App } from '../../../http/server.ts'
import { no_params, type Operation, operation } from '../../../journal/operation.ts'
import type { Submit } from '../../../journal/writer.ts'
import type { WithAlternatives } from '../alternatives.ts'
import type { ArrivalFresh } from '../rules/arrivals.ts'
import {
  type Addition,
  type Arrival,
  addition,
  arrival,
  type Cancellation,
  type Correction,
  cancellation,
  correction,
  type Departure,
  departure,
  type StayChanged,
  type StayTransferred,
  stay_changed,
  stay_params,
  stay_transferred,
  type Transfer,
  transfer,
} from '../schemas.ts'

type OfStay<Body> = Body & { stay: string }

export type PlacementCommands = {
  arrive: Submit<Arrival, ArrivalFresh, StayChanged>
  depart: Submit<OfStay<Departure>, undefined, StayChanged>
  add: Submit<OfStay<Addition>, undefined, StayChanged>
  transfer: Submit<OfStay<Transfer>, { stay: string }, StayTransferred>
  correct: Submit<OfStay<Correction>, undefined, StayChanged>
  cancel: Submit<OfStay<Cancellation>, undefined, StayChanged>
}

const in_time = ['in_the_future', 'before_2000', 'before_arrival'] as const
const tags = ['Arrivals and stays']

/** The posts about stays; each is a route, and a line in a batch. */
export function placementOperations(
  app: App,
  options: { commands: PlacementCommands; withAlternatives: WithAlternatives },
): Operation[] {
  const { commands, withAlternatives } = options
  const ofStay = <Body extends object>(params: { stay: string }, body: Body): OfStay<Body> => ({
    ...body,
    ...params,
  })

  return [
    operation(app, {
      operationId: 'postArrival',
      scope: 'arrivals:write',
      url: '/v1/arrivals',
      tags,
      summary: 'Post the arrival of a household or a group',
      description:
        'Never overbooked: `shelter_full` says what is free and where there is room instead. Reality is never refused: people who stand in a full building are posted with `overflow`. Send it again with the same `Idempotency-Key` as often as the network needs; it happens once.',
      params: no_params,
      body: arrival,
      status: 201,
      answer: stay_changed,
      refusals: [
        'outside_remit',
        'overflow_not_allowed',
        'shelter_not_found',
        'id_taken',
        'already_present',
        'shelter_not_open',
        'hold_not_usable',
        'shelter_full',
        ...in_time,
      ],
      submit: commands.arrive,
      content: (_params, body) => body,
      location: ({ stay }) => `/v1/stays/${stay.id}`,
      advise: (refusal, { shelter, household }) => withAlternatives(refusal, shelter, household.people),
    }),
    operation(app, {
      operationId: 'postAddition',
      scope: 'arrivals:write',
      url: '/v1/stays/:stay/additions',
      tags,
      summary: 'Post that somebody joins a household that is there',
      description:
        'The grandmother who follows two days later; a child that is born. A paused shelter takes them.',
      params: stay_params,
      body: addition,
      status: 200,
      answer: stay_changed,
      refusals: [
        'overflow_not_allowed',
        'stay_not_found',
        'stay_ended',
        'too_many_people',
        'hold_not_usable',
        'shelter_full',
        ...in_time,
      ],
      submit: commands.add,
      content: ofStay,
    }),
    operation(app, {
      operationId: 'postDeparture',
      scope: 'stays:write',
      url: '/v1/stays/:stay/departure',
      tags,
      summary: 'Post that a household, or some of it, has left',
      description: 'Emergency places go first, as many as people leave.',
      params: stay_params,
      body: departure,
      status: 200,
      answer: stay_changed,
      refusals: ['stay_not_found', 'stay_ended', 'more_than_present', ...in_time],
      submit: commands.depart,
      content: ofStay,
    }),
    operation(app, {
      operationId: 'postTransfer',
      scope: 'transfers:write',
      url: '/v1/stays/:stay/transfer',
      tags,
      summary: 'Move a household, or some of it, to another shelter',
      description:
        'Both shelters in one commit; the new stay goes on from the old one, with what the household told. Rights are needed where they leave.',
      params: stay_params,
      body: transfer,
      status: 201,
      answer: stay_transferred,
      refusals: [
        'overflow_not_allowed',
        'stay_not_found',
        'shelter_not_found',
        'same_shelter',
        'id_taken',
        'stay_ended',
        'more_than_present',
        'shelter_not_open',
        'hold_not_usable',
        'shelter_full',
        ...in_time,
      ],
      submit: commands.transfer,
      content: ofStay,
      location: ({ stay }) => `/v1/stays/${stay.id}`,
      advise: async (refusal, { to }) =>
        withAlternatives(refusal, to, Number(refusal.members?.requested ?? 1)),
    }),
    operation(app, {
      operationId: 'postCorrection',
      scope: 'stays:write',
      url: '/v1/stays/:stay/correction',
      tags,
      summary: 'Correct how many came, or who they are',
      description:
        'A further entry that acts at the arrival’s moment; the old one stays. Of a stay that has ended, the difference came and left with the rest.',
      params: stay_params,
      body: correction,
      status: 200,
      answer: stay_changed,
      refusals: [
        'overflow_not_allowed',
        'stay_not_found',
        'stay_ended',
        'more_than_present',
        'too_many_people',
        'composition_too_large',
        'shelter_full',
      ],
      submit: commands.correct,
      content: ofStay,
    }),
    operation(app, {
      operationId: 'postCancellation',
      scope: 'stays:write',
      url: '/v1/stays/:stay/cancellation',
      tags,
      summary: 'Take back a stay that was never so',
      description:
        'A further entry takes back all its effects, each at its own moment. Places that it had from a hold go back to it while it is live.',
      params: stay_params,
      body: cancellation,
      status: 200,
      answer: stay_changed,
      refusals: ['stay_not_found', 'stay_ended', 'stay_continued'],
      submit: commands.cancel,
      content: ofStay,
    }),
  ]
}
