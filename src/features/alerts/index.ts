import type { Database } from '../../database/client.ts'
import { severities } from '../../domain/alerts.ts'
import type { Standards } from '../../domain/standards.ts'
import { decodeCursor, pageOf } from '../../http/cursor.ts'
import { newId } from '../../http/ids.ts'
import type { App } from '../../http/server.ts'
import { nothing } from '../../http/wire.ts'
import { operation } from '../../journal/operation.ts'
import type { Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { type CoverOfShelter, causesOf, decideAcknowledgement } from './rules.ts'
import { type AlertShown, acknowledgement, alert_params, alerts_page, alerts_query } from './schemas.ts'
import { type AlertFound, readAlerts, readStanding, writeAlerts } from './store.ts'

const shownAlert = (row: AlertFound): AlertShown => ({
  id: row.id,
  kind: row.kind,
  severity: severities[row.rank] ?? 'notice',
  shelter: row.shelter,
  shelter_code: row.shelter_code,
  region: row.region as AlertShown['region'],
  about: row.about,
  since: row.since,
  closed_at: row.closed_at,
  acknowledged_at: row.acknowledged_at,
})

/**
 * What somebody should look at now: food that runs out, a school that is nearly full, a convoy that is late. Opened
 * and closed by the facts, acknowledged by people.
 *
 * Invariants: one open alert for one cause, however often it is worked out. Whoever reads the list has it worked out
 * first, so that a job that stopped makes no answer wrong; it only makes `since` later.
 */
export function alerts(
  app: App,
  options: {
    database: Database
    writer: Writer<ServiceLedgers>
    /** how food and medicine stand, shelter by shelter, and the standards in force */
    cover: () => Promise<{ shelters: CoverOfShelter[]; standards: Standards }>
  },
): { evaluate: () => Promise<void> } {
  const { database, writer } = options
  let evaluating: Promise<void> | undefined
  let again: Promise<void> | undefined

  async function evaluateNow(): Promise<void> {
    const { shelters, standards } = await options.cover()
    const standing = await readStanding(database, standards)
    await writeAlerts(database, causesOf(shelters, standing, standards), newId)
  }

  /** One at a time in this process; who comes while one is under way waits for the next, which sees all there is. */
  function evaluate(): Promise<void> {
    if (evaluating === undefined) {
      evaluating = evaluateNow().finally(() => {
        evaluating = undefined
      })
      return evaluating
    }
    again ??= evaluating
      .catch(() => undefined)
      .then(() => {
        again = undefined
        return evaluate()
      })
    return again
  }

  const acknowledge = writer.command({
    operation: 'acknowledgeAlert',
    fresh: () => undefined,
    needs: ({ content }: { content: { alert: string } }) => ({
      records: { alerts: [content.alert], alert_acknowledgements: [content.alert] },
    }),
    decide: decideAcknowledgement,
  })

  app.route({
    method: 'GET',
    url: '/v1/alerts',
    config: { scope: 'alerts:read' },
    schema: {
      operationId: 'listAlerts',
      tags: ['Alerts'],
      summary: 'What somebody should look at, inside the remit',
      description:
        'The worst first. Worked out from the facts of this moment; one open alert for one cause. Thresholds are those of GET /v1/standards.',
      querystring: alerts_query,
      response: { 200: alerts_page },
    },
    async handler(request, reply) {
      const { cursor, limit } = request.query
      // What is no cursor is refused before anything is worked out.
      const after = cursor === undefined ? undefined : decodeCursor(cursor, ['integer', 'instant', 'uuid'])
      await evaluate()
      const rows = await readAlerts(database, request.principal.remit, request.query, after, limit + 1)
      const { page, next_cursor } = pageOf(reply, request, rows, limit, (last) => [
        last.rank,
        last.since,
        last.id,
      ])
      return reply.send({ items: page.map(shownAlert), next_cursor })
    },
  })

  operation(app, {
    operationId: 'acknowledgeAlert',
    scope: 'alerts:write',
    url: '/v1/alerts/:alert/acknowledgement',
    tags: ['Alerts'],
    summary: 'Somebody has seen it',
    description: 'It stays open until the facts close it.',
    params: alert_params,
    body: nothing,
    status: 200,
    answer: acknowledgement,
    refusals: ['alert_not_found'],
    submit: acknowledge,
    content: ({ alert }) => ({ alert }),
  })
  return { evaluate }
}
