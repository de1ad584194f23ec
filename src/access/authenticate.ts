import { eq, sql } from 'drizzle-orm'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { Database } from '../database/client.ts'
import { api_keys, principals } from '../database/tables/access.ts'
import { epochOf } from '../domain/instant.ts'
import { Problem, refuse } from '../http/problem.ts'
import { matches, parseKey } from './api-keys.ts'
import type { Principal } from './principal.ts'
import { remitOf } from './remit.ts'
import { roleOf, roles, scopeOf } from './scopes.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling. Throws on a route that is open to everybody: there nobody has been asked. */
    principal: Principal
    /** The same, or null on an open route. */
    identified: Principal | null
  }
}

export type AuthenticationSettings = {
  database: Database
  /** how long a key is believed without asking again, in milliseconds; a revoked key lives as long at most */
  cache_ms: number
  /** keys remembered at most */
  cache_max: number
  /** milliseconds since 1970 */
  clock?: () => number
}

export type Authentication = {
  /** Who bears this `Authorization` header, or null: none, malformed, unknown, expired, revoked or disabled. */
  identify(authorization: string | undefined): Promise<Principal | null>
  /** Lets a request through to a route whose scope its caller has: 401 before 403. */
  hook(request: FastifyRequest): Promise<void>
  /**
   * Puts the hook before every route that is registered here afterwards. A route that names no scope stops the start;
   * `open_prefixes` are for routes of plug-ins, which cannot name one.
   */
  protect(app: FastifyInstance, options?: { open_prefixes?: readonly string[] }): void
}

type KnownKey = { principal: Principal; secret_hash: Buffer; expires_at_ms: number }

type Remembered = { key: KnownKey | null; until: number }

/** An id that is unknown is asked for again soon: the key may just have been issued by another process. */
const UNKNOWN_MS_MAX = 500

/**
 * Recognises callers by their API keys. A request costs a look into a map, one SHA-256 and a comparison in constant
 * time; the database is asked once in `cache_ms` for each key, however many requests wait for the answer.
 */
export function authentication(settings: AuthenticationSettings): Authentication {
  const { cache_ms, cache_max, clock = Date.now } = settings
  const load = keyLoader(settings.database)
  // Two maps, so that made-up keys, however many, push no real one out.
  const known = new Map<string, Remembered>()
  const unknown = new Map<string, Remembered>()
  const under_way = new Map<string, Promise<KnownKey | null>>()

  function recall(id: string, now: number): Remembered | undefined {
    const found = known.get(id) ?? unknown.get(id)
    return found !== undefined && now < found.until ? found : undefined
  }

  function remember(id: string, key: KnownKey | null, asked_at: number): void {
    const [kept, other, ms] =
      key === null ? [unknown, known, Math.min(cache_ms, UNKNOWN_MS_MAX)] : [known, unknown, cache_ms]
    other.delete(id)
    kept.delete(id)
    if (kept.size >= cache_max) {
      // Maps keep the order of insertion: the first is the one asked for longest ago.
      for (const oldest of kept.keys()) {
        kept.delete(oldest)
        break
      }
    }
    // Counted from before the question, so that an answer which was slow is not believed for longer.
    kept.set(id, { key, until: asked_at + ms })
  }

  async function ask(id: string, asked_at: number): Promise<KnownKey | null> {
    const joined = under_way.get(id)
    if (joined !== undefined) return joined
    const asked = load(id).finally(() => under_way.delete(id))
    under_way.set(id, asked)
    const key = await asked
    remember(id, key, asked_at)
    return key
  }

  async function identify(authorization: string | undefined): Promise<Principal | null> {
    const parts = parseKey(bearerOf(authorization))
    if (parts === null) return null
    const now = clock()
    const remembered = recall(parts.id, now)
    const key = remembered === undefined ? await ask(parts.id, now) : remembered.key
    if (key === null || !matches(parts.secret, key.secret_hash) || clock() >= key.expires_at_ms) return null
    return key.principal
  }

  async function hook(request: FastifyRequest): Promise<void> {
    const named = request.routeOptions.config.scope
    // Open, or nothing is there, for anybody.
    if (named === null || request.is404) return
    const scope = scopeOf(named)
    // Registration refuses such a route already, if `protect` came before it.
    if (scope === undefined) throw new Error(`${request.routeOptions.url} names no scope`)
    const principal = await identify(request.headers.authorization)
    if (principal === null) {
      throw new Problem(
        refuse('unauthenticated', 'A valid API key is needed, as Authorization: Bearer shc_….'),
      )
    }
    request.identified = principal
    if (!principal.scopes.has(scope)) {
      throw new Problem(
        refuse('forbidden_scope', `The role ${principal.role} does not include ${scope}.`, {
          required_scope: scope,
        }),
      )
    }
  }

  return {
    identify,
    hook,
    protect(app, { open_prefixes = [] } = {}) {
      app.decorateRequest('identified', null)
      app.decorateRequest('principal', {
        getter(this: FastifyRequest): Principal {
          if (this.identified === null)
            throw new Error(`${this.routeOptions.url} is open: it has no principal`)
          return this.identified
        },
      })
      app.addHook('onRoute', (route) => nameScope(route, open_prefixes))
      app.addHook('onRequest', hook)
    },
  }
}

/** A forgotten scope must stop the start, not open a door. */
function nameScope(route: RouteOptions, open_prefixes: readonly string[]): void {
  const scope = route.config?.scope
  if (scope === null || scopeOf(scope) !== undefined) return
  if (!open_prefixes.some((prefix) => route.url === prefix || route.url.startsWith(`${prefix}/`))) {
    throw new Error(
      `${String(route.method)} ${route.url} names no scope: set config.scope to one of access/scopes.ts, or to null if it is open to all`,
    )
  }
  route.config = { ...route.config, scope: null }
}

/** The token of `Bearer …`, whose scheme has no case; the empty text where there is none. */
const bearerOf = (authorization = ''): string => /^bearer +([^ ]+) *$/i.exec(authorization)?.[1] ?? ''

/** Reads a key that is neither revoked nor disabled, with the principal it belongs to, in one statement. */
function keyLoader(database: Database): (id: string) => Promise<KnownKey | null> {
  const statement = database
    .select({ key: api_keys, principal: principals })
    .from(api_keys)
    .innerJoin(principals, eq(principals.id, api_keys.principal))
    .where(
      sql`${api_keys.id} = ${sql.placeholder('id')} and ${api_keys.revoked_at} is null and ${principals.disabled_at} is null`,
    )
    .prepare('key_with_principal')
  return async (id) => {
    const [row] = await statement.execute({ id })
    const role = row === undefined ? undefined : roleOf(row.principal.role)
    if (row === undefined || role === undefined) return null
    const { id: principal_id, name, kind, regions, shelters, overflow } = row.principal
    return {
      principal: {
        id: principal_id,
        name,
        kind,
        role,
        scopes: roles[role].scopes,
        remit: remitOf({ role, regions, shelters }),
        overflow: overflow && roles[role].overflow,
        key_id: id,
      },
      secret_hash: row.key.secret_hash,
      expires_at_ms: row.key.expires_at === null ? Number.POSITIVE_INFINITY : epochOf(row.key.expires_at),
    }
  }
}
