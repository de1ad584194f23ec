import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from './ledger.ts'

/** Who asks, as the writer and the auditors know it. */
export const callerOf = (request: FastifyRequest): Caller => ({
  principal: request.principal,
  request_id: request.id,
})

/** The client's Idempotency-Key; the route's schema has made sure that it is there. */
export const keyOf = (request: { headers: { 'idempotency-key': string } }): string =>
  request.headers['idempotency-key']

/** Says of an answer that it was given before. */
export function markReplayed(reply: FastifyReply, outcome: { replayed: boolean }): void {
  if (outcome.replayed) reply.header('idempotency-replayed', 'true')
}
