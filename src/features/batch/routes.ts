import { Readable } from 'node:stream'
import type { z } from 'zod'
import type { Scope } from '../../access/scopes.ts'
import { media_types } from '../../http/formats.ts'
import { answerLines, type Line } from '../../http/lines.ts'
import { validatorCompiler } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import { refusals } from '../../http/wire.ts'
import { callerOf } from '../../journal/answer.ts'
import type { Operation } from '../../journal/operation.ts'
import { answerItem, answerLine, type ReadItem, readBareItem, readBatchItem } from './lines.ts'
import { arrivals_batch, batch, batch_answers, ITEMS_MAX } from './schemas.ts'

/** Lines of one stream that may wait for their commit: several commits' worth, so that the writer never waits for us. */
const LINES_UNDER_WAY_MAX = 1_024

export function batchRoutes(
  app: App,
  options: { operations: ReadonlyMap<string, Operation>; drain_signal: AbortSignal },
): void {
  const { operations, drain_signal } = options
  const arrival = operations.get('postArrival')
  if (arrival === undefined) throw new Error('nothing here posts arrivals')

  const route = (about: {
    url: string
    operationId: string
    scope: Scope
    summary: string
    description: string
    body: z.ZodType<{ items: unknown[] }>
    read: ReadItem
  }): void => {
    app.route({
      method: 'POST',
      url: about.url,
      config: { scope: about.scope, streams: true, formats: ['json', 'ndjson'] },
      schema: {
        operationId: about.operationId,
        tags: ['Arrivals and stays'],
        summary: about.summary,
        description: about.description,
        consumes: ['application/json', 'application/x-ndjson'],
        body: about.body,
        response: { 200: batch_answers, ...refusals('payload_too_large') },
      },
      // A stream is no value: its lines are checked one by one.
      validatorCompiler: (part) => (value: unknown) =>
        value instanceof Readable ? { value } : validatorCompiler(part)(value),
      async handler(request, reply) {
        const caller = callerOf(request)
        const body: unknown = request.body
        if (body instanceof Readable) {
          const answer = async (line: Line) =>
            `${JSON.stringify(await answerLine(line, about.read, caller))}\n`
          const lines = answerLines(body, answer, { window: LINES_UNDER_WAY_MAX, signal: drain_signal })
          return reply.type(media_types.ndjson).send(lines as never)
        }
        const items = request.body.items.map((item) => answerItem(item, about.read, caller))
        return reply.code(200).send({ items: await Promise.all(items) })
      },
    })
  }

  const forms = `Up to ${ITEMS_MAX} as JSON; any number as application/x-ndjson, one a line, answered line by line as they commit.`
  const keys =
    'Each has its own `key`, which is its Idempotency-Key: a stream that broke off is sent again from the start, and nothing happens twice.'
  route({
    url: '/v1/arrivals/batch',
    operationId: 'postArrivals',
    scope: 'arrivals:write',
    summary: 'Post many arrivals at once',
    description: `${forms} ${keys}`,
    body: arrivals_batch,
    read: readBareItem(arrival),
  })
  route({
    url: '/v1/batch',
    operationId: 'postBatch',
    scope: 'batch:write',
    summary: 'Post many things at once: a phone’s whole offline queue',
    description: `\`{key, operation, body}\`, with operations by their operationId: ${[...operations.keys()].map((id) => `\`${id}\``).join(', ')}. ${forms} ${keys} Items take effect in their order: a later one may name a stay by the \`id\` that an earlier one chose.`,
    body: batch,
    read: readBatchItem(operations),
  })
}
