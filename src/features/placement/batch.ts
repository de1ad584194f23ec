import { z } from 'zod'
import { decodeUtf8, parseJson } from '../../http/json-body.ts'
import type { Line } from '../../http/lines.ts'
import { Problem, problemDocument, type Refusal, refuse, statusOf } from '../../http/problem.ts'
import { invalidBody } from '../../http/schema.ts'
import { idempotencyKey } from '../../http/wire.ts'
import type { Outcome } from '../../journal/ledger.ts'
import { type Arrival, arrival, type StayChanged, stay_changed } from './schemas.ts'

/*
 * Many arrivals in one call. Each line is answered as the single call would have answered it, under its own key; a
 * line that is wrong harms none of the others.
 */

/** The key is the line's Idempotency-Key; the rest is an arrival. */
const arrival_line = arrival.safeExtend({ key: idempotencyKey })

export type LineAnswer = { key: string | null; status: number; body: object }

export type PostLine = (key: string, content: Arrival) => Promise<Outcome<StayChanged>>

/** Carries out one line that has been parsed already. */
export async function answerItem(item: unknown, post: PostLine, request_id: string): Promise<LineAnswer> {
  const parsed = arrival_line.safeParse(item)
  if (!parsed.success) return refused(keyIn(item), invalidBody(parsed.error, item).refusal, request_id)
  const { key, ...content } = parsed.data
  const outcome = await post(key, content)
  if ('refused' in outcome) return refused(key, outcome.refused, request_id)
  return { key, status: outcome.status, body: z.encode(stay_changed, outcome.answer) }
}

/** Carries out one line as it came. */
export async function answerLine(line: Line, post: PostLine, request_id: string): Promise<LineAnswer> {
  if (line.bytes === null) {
    return refused(
      null,
      refuse('payload_too_large', `Line ${line.number} is longer than a line may be.`),
      request_id,
    )
  }
  let item: unknown
  try {
    item = parseJson(decodeUtf8(line.bytes))
  } catch (error) {
    if (error instanceof Problem) {
      const { refusal } = error
      return refused(null, { ...refusal, detail: `Line ${line.number}: ${refusal.detail}` }, request_id)
    }
    throw error
  }
  return answerItem(item, post, request_id)
}

const refused = (key: string | null, refusal: Refusal, request_id: string): LineAnswer => ({
  key,
  status: statusOf(refusal.code),
  body: problemDocument(refusal, request_id),
})

/** The key of a line that is wrong otherwise, so that its answer can be told from the others. */
function keyIn(item: unknown): string | null {
  const key = typeof item === 'object' && item !== null && 'key' in item ? item.key : undefined
  return idempotencyKey.safeParse(key).data ?? null
}
