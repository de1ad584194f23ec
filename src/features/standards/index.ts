import type { Database } from '../../database/client.ts'
import { type StandardRow, standards as standards_table } from '../../database/tables/standards.ts'
import { standards as defaults, type StandardCode, standard_codes } from '../../domain/standards.ts'
import { newId } from '../../http/ids.ts'
import { sendProblem } from '../../http/problem.ts'
import type { App } from '../../http/server.ts'
import { refusals } from '../../http/wire.ts'
import { callerOf } from '../../journal/answer.ts'
import type { Command, Decision, Moment } from '../../journal/ledger.ts'
import type { Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import {
  type StandardBody,
  type StandardChanged,
  type StandardShown,
  standard_body,
  standard_changed,
  standard_params,
  standards_list,
} from './schemas.ts'

/**
 * Every threshold that the service judges by, with its unit and its source: whoever doubts a judgement can read what
 * it was judged by, and change it.
 *
 * Invariant: a standard without a row has the default of domain/standards.ts.
 */
export function standards(
  app: App,
  { database, writer }: { database: Database; writer: Writer<ServiceLedgers> },
): void {
  const set = writer.command({
    operation: 'setStandard',
    fresh: () => undefined,
    needs: ({ content }: { content: StandardBody & { standard: StandardCode } }) => ({
      records: { standards: [content.standard] },
    }),
    decide: decideStandard,
  })

  app.route({
    method: 'GET',
    url: '/v1/standards',
    config: { scope: 'standards:read' },
    schema: {
      operationId: 'listStandards',
      tags: ['Standards'],
      summary: 'Every threshold that the service judges by',
      description: 'Each with its unit, its source and its default.',
      response: { 200: standards_list },
    },
    async handler() {
      const rows = await database.select().from(standards_table)
      const changed = new Map(rows.map((row) => [row.code, row]))
      return { items: standard_codes.map((code) => shown(code, changed.get(code))) }
    },
  })

  app.route({
    method: 'PUT',
    url: '/v1/standards/:standard',
    config: { scope: 'standards:write' },
    schema: {
      operationId: 'setStandard',
      tags: ['Standards'],
      summary: 'Judge by another threshold',
      description: 'From now on, with the source of the number.',
      params: standard_params,
      body: standard_body,
      response: { 200: standard_changed, ...refusals('standard_not_found') },
    },
    async handler(request, reply) {
      const content = { ...request.body, standard: request.params.standard }
      const outcome = await set(callerOf(request), newId(), content)
      if ('refused' in outcome) return sendProblem(reply, outcome.refused)
      return reply.code(200).send(outcome.answer)
    },
  })
}

function shown(code: StandardCode, row: StandardRow | undefined): StandardShown {
  const { value, unit, source, title } = defaults[code]
  return {
    code,
    title,
    value: row?.value ?? value,
    unit,
    source: row?.source ?? source,
    default_value: value,
    updated_at: row?.updated_at ?? null,
  }
}

function decideStandard(
  _facts: unknown,
  { content }: Command<StandardBody & { standard: StandardCode }, unknown>,
  now: Moment,
): Decision<StandardChanged, ServiceLedgers> {
  const { standard: code, value, source } = content
  const row: StandardRow = { code, value, source, updated_at: now.at }
  return {
    status: 200,
    answer: { standard: shown(code, row), seq: now.seq },
    entries: [
      {
        type: 'standard_set',
        occurred_at: now.at,
        subject: { type: 'standard', id: code },
        effects: [],
        data: { value },
      },
    ],
    changes: { records: { standards: [row] } },
  }
}
