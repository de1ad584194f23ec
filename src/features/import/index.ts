import { z } from 'zod'
import type { Scope } from '../../access/scopes.ts'
import { invalidBody } from '../../http/schema.ts'
import type { Operation } from '../../journal/operation.ts'
import type { Submit } from '../../journal/writer.ts'

/**
 * Import over HTTP: what has a route of its own can be a line of `POST /v1/batch` too, so that a file of any length
 * goes in as one stream. The lines themselves are carried out by features/batch, stays by `POST /v1/arrivals/batch`.
 *
 * Invariant: a line does and answers what the single call would have, under the same key, and needs the same scope.
 */
export function asBatchLine<Content, Fresh, Answer>(spec: {
  /** the route's operationId */
  id: string
  scope: Scope
  body: z.ZodType<Content>
  answer: z.ZodType<Answer>
  submit: Submit<Content, Fresh, Answer>
}): Operation {
  const { id, scope, body, answer, submit } = spec
  return {
    id,
    scope,
    async run(caller, key, item, lane) {
      const parsed = body.safeParse(item)
      if (!parsed.success) return { refused: invalidBody(parsed.error, item).refusal }
      const outcome = await submit(caller, key, parsed.data, { lane })
      if ('refused' in outcome) return outcome
      return { status: outcome.status, body: z.encode(answer, outcome.answer) as object }
    },
  }
}
