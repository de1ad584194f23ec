import type { IncomingMessage } from 'node:http'
import { newId } from './ids.ts'

const ACCEPTABLE = /^[A-Za-z0-9._:-]{1,128}$/

/**
 * The caller's X-Request-Id if it is 1–128 harmless characters, so that it may stand in logs and headers; a new
 * UUIDv7 otherwise.
 */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const named = request.headers['x-request-id']
  return typeof named === 'string' && ACCEPTABLE.test(named) ? named : newId()
}
