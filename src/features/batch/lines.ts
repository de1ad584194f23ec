import { z } from 'zod'
import { decodeUtf8, parseJson } from '../../http/json-body.ts'
import type { Line } from '../../http/lines.ts'
import { Problem, problemDocument, type Refusal, refuse, statusOf } from '../../http/problem.ts'
import { invalidBody } from '../../http/schema.ts'
import { idempotencyKey } from '../../http/wire.ts'
import type { Caller } from '../../journal/ledger.ts'
import type { Operation } from '../../journal/operation.ts'
import type { LineAnswer } from './schemas.ts'

/*
 * Many posts in one call. Each line is answered as the single call would have answered it, under its own key; a line
 * that is wrong harms none of the others.
 */

/** What a line asks for, or why it asks for nothing. */
export type Asked = { refused: Refusal } | { operation: Operation; body: unknown }
/** How the lines of one address are read. */
export type ReadItem = (item: Record<string, unknown>) => Asked

/** `{key, operation, body}`. */
export function readBatchItem(operations: ReadonlyMap<string, Operation>): ReadItem {
  const shape = z.strictObject({
    key: idempotencyKey,
    operation: z.enum([...operations.keys()] as [string, ...string[]]),
    body: z.looseObject({}),
  })
  return (item) => {
    const parsed = shape.safeParse(item)
    if (!parsed.success) return { refused: invalidBody(parsed.error, item).refusal }
    const operation = operations.get(parsed.data.operation)
    return operation === undefined
      ? { refused: refuse('not_found', 'No such operation.') }
      : { operation, body: parsed.data.body }
  }
}

/** `{key, …content}` of one operation. */
export const readBareItem =
  (operation: Operation): ReadItem =>
  ({ key: _key, ...body }) => ({ operation, body })

/** Carries out one item: shape, then scope, then the operation itself. */
export async function answerItem(item: unknown, read: ReadItem, caller: Caller): Promise<LineAnswer> {
  const members = typeof item === 'object' && item !== null ? (item as Record<string, unknown>) : {}
  const key = idempotencyKey.safeParse(members.key)
  const { request_id, principal } = caller
  if (!key.success) {
    const code = members.key === undefined ? 'idempotency_key_missing' : 'idempotency_key_invalid'
    const detail = 'Each line needs a key of its own, of 8 to 128 printable ASCII characters.'
    return refused(null, { ...refuse(code, detail), errors: [{ pointer: '/key', code, detail }] }, request_id)
  }
  const asked = read(members)
  if ('refused' in asked) return refused(key.data, asked.refused, request_id)
  const { operation, body } = asked
  if (!principal.scopes.has(operation.scope)) {
    const detail = `The role ${principal.role} does not include ${operation.scope}.`
    return refused(
      key.data,
      refuse('forbidden_scope', detail, { required_scope: operation.scope }),
      request_id,
    )
  }
  const outcome = await operation.run(caller, key.data, body, 'bulk')
  if ('refused' in outcome) return refused(key.data, outcome.refused, request_id)
  return { key: key.data, ...outcome } as LineAnswer
}

/** Carries out one line as it came. */
export async function answerLine(line: Line, read: ReadItem, caller: Caller): Promise<LineAnswer> {
  if (line.bytes === null) {
    const refusal = refuse('payload_too_large', `Line ${line.number} is longer than a line may be.`)
    return refused(null, refusal, caller.request_id)
  }
  let item: unknown
  try {
    item = parseJson(decodeUtf8(line.bytes))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const detail = `Line ${line.number}: ${error.refusal.detail}`
    return refused(null, { ...error.refusal, detail }, caller.request_id)
  }
  return answerItem(item, read, caller)
}

const refused = (key: string | null, refusal: Refusal, request_id: string): LineAnswer => ({
  key,
  status: statusOf(refusal.code),
  body: problemDocument(refusal, request_id),
})
