import type { FastifyInstance, RouteOptions } from 'fastify'

/*
 * An address that exists, asked with a method that it does not know, is a 405 with `Allow` and not a 404. Fastify
 * knows only which pairs of method and address exist, so the addresses are collected here as routes are added.
 */

export type Methods = {
  /** What may be done at a path, sorted; undefined if no route has it. */
  allowedAt(path: string): readonly string[] | undefined
  /** Closes the list, once all routes are added; until then nothing is found. */
  finish(): void
}

/** A route's address as a pattern over decoded paths: `:name` is one segment, `*` is the rest. */
function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((segment) => {
      if (segment === '*') return '.*'
      return segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    })
    .join('/')
  return new RegExp(`^${source}$`)
}

/** Starts collecting; call it before the first route is added. */
export function collectMethods(app: FastifyInstance): Methods {
  const methods_by_url = new Map<string, Set<string>>()
  let patterns: { pattern: RegExp; methods: Set<string> }[] = []

  app.addHook('onRoute', ({ method, url }: RouteOptions) => {
    const methods = methods_by_url.get(url) ?? new Set()
    for (const name of [method].flat()) methods.add(String(name))
    methods_by_url.set(url, methods)
  })

  return {
    allowedAt(path) {
      const found = patterns.filter(({ pattern }) => pattern.test(path))
      if (found.length === 0) return undefined
      const allowed = new Set(['OPTIONS', ...found.flatMap(({ methods }) => [...methods])])
      return [...allowed].toSorted()
    },
    finish() {
      patterns = Array.from(methods_by_url, ([url, methods]) => ({ pattern: patternOf(url), methods }))
    },
  }
}
