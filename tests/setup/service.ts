import { itself } from '../../src/access/itself.ts'
import type { Role } from '../../src/access/scopes.ts'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { freshDatabase } from './database.ts'

export type Answer = {
  status: number
  headers: Record<string, string>
  // What a test expects of a body, it asserts.
  // biome-ignore lint/suspicious/noExplicitAny: answers of all shapes, looked into by assertions
  body: any
}

export type Service = Awaited<ReturnType<typeof startService>>

let counter = 0

/** A key for one post, different each time. */
export const newIdempotencyKey = (): string => `test-key-${process.pid}-${++counter}`

/** The whole service on a database of its own, listening on a free port, with ways to call it as each role. */
export async function startService(settings: Record<string, string> = {}) {
  const database = await freshDatabase()
  const service = await serviceOn(database.url, settings)
  return {
    ...service,
    database_url: database.url,
    async stop() {
      await service.close()
      await database.drop()
    },
  }
}

/** One more process’s worth of service on the same database. */
export async function serviceOn(url: string, settings: Record<string, string> = {}) {
  const config = readConfig({ NODE_ENV: 'test', KEY_ENVIRONMENT: 'test', LOG_LEVEL: 'silent', ...settings })
  const built = await buildApp({ ...config, DATABASE_URL: url })
  const base = await built.app.listen({ port: 0, host: '127.0.0.1' })

  async function issue(
    role: Role,
    remit: { regions?: string[]; shelters?: string[]; overflow?: boolean } = {},
  ) {
    const issued = await built.issueKey(itself('command-line:test'), {
      name: `Test ${role}`,
      role,
      kind: 'device',
      regions: remit.regions ?? [],
      shelters: remit.shelters ?? [],
      overflow: remit.overflow ?? true,
      expires_at: null,
    })
    if ('refused' in issued) throw new Error(issued.refused.detail)
    return issued.key
  }

  return { ...built, base, issue, call: callerTo(base), close: () => built.app.close() }
}

/** Calls to whatever listens at an address. */
export const callerTo =
  (base: string) =>
  async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => {
    const headers: Record<string, string> = { ...options.headers }
    if (options.key !== undefined) headers.authorization = `Bearer ${options.key}`
    if (options.body !== undefined) headers['content-type'] ??= 'application/json'
    if (method === 'POST' && options.idempotency_key !== null) {
      headers['idempotency-key'] ??= options.idempotency_key ?? newIdempotencyKey()
    }
    const response = await fetch(`${base}${path}`, {
      method,
      headers,
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    })
    const text = await response.text()
    const json = /[/+]json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: json && text !== '' ? JSON.parse(text) : text,
    }
  }

export type CallOptions = {
  key?: string
  body?: unknown
  headers?: Record<string, string>
  /** null sends none */
  idempotency_key?: string | null
}

/** A shelter as a test needs one. */
export const aShelter = (code: string, places: number, more: object = {}) => ({
  code,
  name: `Test school ${code}`,
  kind: 'school',
  region: code.slice(0, 5),
  latitude: 40.38,
  longitude: 44.69,
  status: 'open',
  places,
  ...more,
})
