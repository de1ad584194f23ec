import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'

/** The service as anybody outside sees it: an address and a bearer key. */
export type Service = { url: string; key: string }

/**
 * Requests on their way at once. The service commits together what waits together, so more would only queue.
 */
const REQUESTS_AT_ONCE = 32

const REQUEST_WAIT_MS_MAX = 30_000
const ATTEMPTS_MAX = 8
const BACK_OFF_MS_FIRST = 100
const BACK_OFF_MS_MAX = 10_000

/**
 * Not now, but perhaps soon: too many requests, or the service (or a proxy before it) is starting, full or
 * gone.
 */
const passing_statuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** The service refused, or could not be reached within all attempts. The message is for the operator. */
export class ServiceRefused extends Error {}

const problem = z.object({ code: z.string(), detail: z.string().optional(), title: z.string().optional() })

/**
 * What a post did: a `replayed` one had happened before, on an earlier run or unheard, and happened no second
 * time.
 */
export type Posted = { replayed: boolean; content: unknown }

export async function get(service: Service, path: string, signal: AbortSignal): Promise<unknown> {
  const response = await ask(service, path, { method: 'GET' }, signal)
  return response.json()
}

export async function post(
  service: Service,
  path: string,
  key: string,
  content: object,
  signal: AbortSignal,
): Promise<Posted> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  const response = await ask(
    service,
    path,
    { method: 'POST', headers, body: JSON.stringify(content) },
    signal,
  )
  const answer: unknown = await response.json()
  return { replayed: response.headers.get('idempotency-replayed') === 'true', content: answer }
}

/**
 * Asks until there is an answer. The same key is sent again, so a post whose answer got lost happens once.
 */
async function ask(
  service: Service,
  path: string,
  request: { method: string; headers?: Record<string, string>; body?: string },
  signal: AbortSignal,
): Promise<Response> {
  const address = new URL(path, service.url.endsWith('/') ? service.url : `${service.url}/`)
  const headers = { ...request.headers, authorization: `Bearer ${service.key}` }
  for (let attempt = 1; ; attempt += 1) {
    const wait = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_WAIT_MS_MAX)])
    const outcome = await fetch(address, { ...request, headers, signal: wait }).catch(
      (reason: unknown) => reason,
    )
    if (outcome instanceof Response && outcome.ok) return outcome
    signal.throwIfAborted()
    const passing = !(outcome instanceof Response) || passing_statuses.has(outcome.status)
    if (!passing || attempt === ATTEMPTS_MAX) {
      throw new ServiceRefused(`${request.method} ${address.pathname} ${await whatWasSaid(outcome)}`)
    }
    const back_off_ms = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_FIRST * 2 ** (attempt - 1))
    const asked_ms = outcome instanceof Response ? retryAfterMs(outcome) : 0
    if (outcome instanceof Response) await outcome.body?.cancel()
    await pause(Math.min(BACK_OFF_MS_MAX, Math.max(back_off_ms, asked_ms)), undefined, { signal })
  }
}

const retryAfterMs = (response: Response): number => {
  const seconds = Number(response.headers.get('retry-after'))
  return Number.isFinite(seconds) ? seconds * 1000 : 0
}

async function whatWasSaid(outcome: unknown): Promise<string> {
  if (!(outcome instanceof Response)) {
    const reason = outcome instanceof Error ? (outcome.cause ?? outcome) : outcome
    return `got no answer: ${reason instanceof Error ? reason.message : String(reason)}`
  }
  const content: unknown = await outcome.json().catch(() => null)
  const read = problem.safeParse(content)
  if (!read.success) return `was answered ${outcome.status}`
  return `was answered ${outcome.status} ${read.data.code}: ${read.data.detail ?? read.data.title ?? ''}`
}

/**
 * Acts on every item, at most so many at once; what came of each, in the order of the items. The first
 * failure stops the rest, those on their way included.
 */
export async function mapAtOnce<Item, Result>(
  items: readonly Item[],
  act: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const stop = new AbortController()
  const results: Result[] = []
  const queue = items.entries()
  const work = async () => {
    try {
      for (const [index, item] of queue) {
        stop.signal.throwIfAborted()
        results[index] = await act(item, stop.signal)
      }
    } catch (reason) {
      // Only the first reason is kept; the others then stop with the same one.
      stop.abort(reason)
    }
  }
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work))
  stop.signal.throwIfAborted()
  return results
}
