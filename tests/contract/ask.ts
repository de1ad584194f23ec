import { expect } from 'vitest'
import type { ProblemCode } from '../../src/http/problem.ts'
import type { Answer, CallOptions } from '../setup/service.ts'
import { operationsOf } from './document.ts'
import { answersMatch } from './validate.ts'
import type { Prepared, World } from './world.ts'

/* Asks the service, and lets no answer pass that is not what the document says. */

export type Asker = ReturnType<typeof askerOf>

export function askerOf(world: World) {
  const { service, document, keys } = world
  const operations = operationsOf(document)
  const matches = answersMatch(document)
  /** what was answered so far, `postArrival 201` and `postArrival shelter_full` */
  const answered = new Set<string>()

  function checked(operation: string, answer: Answer): Answer {
    matches(operation, answer.status, answer.body, answer.headers['content-type'])
    answered.add(`${operation} ${answer.status}`)
    if (answer.status >= 400) answered.add(`${operation} ${answer.body.code}`)
    return answer
  }

  /** Calls as the admin, or with the key that is given. */
  async function ask(operation: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const method = operations.find(({ id }) => id === operation)?.method ?? 'GET'
    return checked(operation, await service.call(method, path, { key: keys.admin, ...options }))
  }

  /** The same, which must be refused with this code; gives the problem. */
  async function refused(code: ProblemCode, operation: string, path: string, options: CallOptions = {}) {
    const { body } = await ask(operation, path, options)
    expect([operation, body.code]).toEqual([operation, code])
    return body
  }

  /** Sends a prepared request, with some headers changed; `undefined` leaves one out. */
  async function sent(prepared: Prepared, changed: Record<string, string | undefined> = {}, body?: string) {
    const { operation, method, path, query } = prepared
    const headers = Object.entries({ ...prepared.headers, ...changed }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as [string, string]],
    )
    const search = new URLSearchParams(query).toString()
    const response = await fetch(`${service.base}${path}${search === '' ? '' : `?${search}`}`, {
      method,
      headers,
      ...(prepared.body !== undefined && { body: body ?? JSON.stringify(prepared.body) }),
    })
    const text = await response.text()
    const is_json = /^application\/([a-z]+\+)?json/.test(response.headers.get('content-type') ?? '')
    return checked(operation.id, {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: is_json ? JSON.parse(text) : text,
    })
  }

  return { operations, answered, ask, refused, sent }
}
