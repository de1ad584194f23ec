import { Pool } from 'undici'

/*
 * Calls to a service by its address alone, over many connections at once: what a partner sees, the bytes included.
 */

export type Reply = {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** the body as it came */
  text: string
}

export type Asked = {
  key?: string
  body?: unknown
  headers?: Record<string, string>
  idempotency_key?: string
}

export type Caller = {
  /** Fails where there is no answer: nobody listens, or the connection broke. */
  ask(method: 'GET' | 'POST', path: string, asked?: Asked): Promise<Reply>
  /** Breaks off what is under way. */
  close(): Promise<void>
}

/** No answer takes as long: the service gives up after 30 s itself. */
const ANSWER_MS_MAX = 35_000

/** At most so many connections; what is asked beyond them waits its turn here. */
export function openCaller(base: string, connections = 10): Caller {
  const pool = new Pool(base, {
    connections,
    pipelining: 1,
    headersTimeout: ANSWER_MS_MAX,
    bodyTimeout: ANSWER_MS_MAX,
  })
  return {
    async ask(method, path, { key, body, headers, idempotency_key } = {}) {
      const { statusCode, ...answer } = await pool.request({
        method,
        path,
        headers: {
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          ...(idempotency_key !== undefined && { 'idempotency-key': idempotency_key }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: statusCode, headers: answer.headers, text: await answer.body.text() }
    },
    close: () => pool.destroy(),
  }
}
