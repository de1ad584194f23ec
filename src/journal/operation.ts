import { z } from 'zod'
import type { Scope } from '../access/scopes.ts'
import { type ProblemCode, type Refusal, sendProblem } from '../http/problem.ts'
import { invalidBody } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { idempotencyHeaders, refusals } from '../http/wire.ts'
import { callerOf, keyOf, markReplayed } from './answer.ts'
import type { Caller } from './ledger.ts'
import type { Lane, Submit } from './writer.ts'

/*
 * A POST that changes something, said once: its address, what it takes and answers, and the command behind it. It is
 * a route of its own, and a line in a batch.
 */

/** One operation as a batch carries it out: the single call's answer, as it goes over the wire. */
export type Operation = {
  id: string
  scope: Scope
  run(caller: Caller, key: string, item: unknown, lane: Lane): Promise<OperationAnswer>
}
export type OperationAnswer = { refused: Refusal } | { status: number; body: object }

export type OperationSpec<Params extends z.ZodObject, Body extends z.ZodType, Content, Fresh, Answer> = {
  operationId: string
  scope: Scope
  url: string
  tags: string[]
  summary: string
  description: string
  params: Params
  body: Body
  status: 200 | 201
  answer: z.ZodType<Answer>
  refusals: readonly ProblemCode[]
  submit: Submit<Content, Fresh, Answer>
  content(params: z.output<Params>, body: z.output<Body>): Content
  /** where the thing that was made can be read */
  location?(answer: Answer): string
  /** adds to a refusal what is worked out after the decision and outside of the lock */
  advise?(refusal: Refusal, content: Content): Promise<Refusal>
}

export const no_params = z.strictObject({})

/** Registers the route, and gives the operation to whoever carries out batches. */
export function operation<Params extends z.ZodObject, Body extends z.ZodType, Content, Fresh, Answer>(
  app: App,
  spec: OperationSpec<Params, Body, Content, Fresh, Answer>,
): Operation {
  const { params, body, answer, status } = spec

  async function carryOut(caller: Caller, key: string, content: Content, lane: Lane) {
    const outcome = await spec.submit(caller, key, content, { lane })
    if (!('refused' in outcome) || spec.advise === undefined) return outcome
    return { refused: await spec.advise(outcome.refused, content) }
  }

  app.route({
    method: 'POST',
    url: spec.url,
    config: { scope: spec.scope },
    schema: {
      operationId: spec.operationId,
      tags: spec.tags,
      summary: spec.summary,
      description: spec.description,
      ...(Object.keys(params.shape).length > 0 && { params }),
      headers: idempotencyHeaders,
      body,
      response: { [status]: answer, ...refusals(...spec.refusals) },
    },
    async handler(request, reply) {
      // A boundary: the schemas above have parsed both parts, which the type provider cannot see through generics.
      const content = spec.content(request.params as z.output<Params>, request.body as z.output<Body>)
      const outcome = await carryOut(callerOf(request), keyOf(request as never), content, 'interactive')
      if ('refused' in outcome) return sendProblem(reply, outcome.refused)
      markReplayed(reply, outcome)
      if (spec.location !== undefined) reply.header('location', spec.location(outcome.answer))
      return reply.code(status as never).send(outcome.answer as never)
    },
  })

  return {
    id: spec.operationId,
    scope: spec.scope,
    /** In a batch path parameters stand in the body, under their names. */
    async run(caller, key, item, lane) {
      const members = typeof item === 'object' && item !== null ? Object.entries(item) : []
      const in_path = (name: string) => Object.hasOwn(params.shape, name)
      const path = params.safeParse(Object.fromEntries(members.filter(([name]) => in_path(name))))
      if (!path.success) return { refused: invalidBody(path.error, item).refusal }
      const rest = Object.fromEntries(members.filter(([name]) => !in_path(name)))
      const parsed = body.safeParse(rest)
      if (!parsed.success) return { refused: invalidBody(parsed.error, rest).refusal }
      const outcome = await carryOut(caller, key, spec.content(path.data, parsed.data), lane)
      if ('refused' in outcome) return outcome
      return { status: outcome.status, body: z.encode(answer, outcome.answer) as object }
    },
  }
}
