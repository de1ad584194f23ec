import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { fastifyZodOpenApiPlugin, fastifyZodOpenApiTransformers } from 'fastify-zod-openapi'
import { z } from 'zod'
import { common_codes } from './errors.ts'
import { type Format, media_types } from './formats.ts'
import { isProblemCode, type ProblemCode, problems } from './problem.ts'
import './route-config.ts'
import { refusalResponse } from './wire.ts'

/*
 * The published document, made from the routes themselves. A route names its operationId, its scope, its schemas and
 * the refusals that are its own; what holds for every route is added here.
 */

export type OpenapiSettings = {
  version: string
  servers: { url: string; description?: string }[]
}

type Responses = Record<string, unknown>
type Schema = NonNullable<RouteOptions['schema']>

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** The codes that a route names itself, and those that come with its parts. */
function codesOf(route: RouteOptions, schema: Schema): Set<ProblemCode> {
  const { response, headers, querystring, body } = schema
  const codes = new Set<ProblemCode>(common_codes.always)
  const add = (more: readonly ProblemCode[]) => {
    for (const code of more) codes.add(code)
  }
  for (const answer of Object.values(isRecord(response) ? response : {})) {
    const named = isRecord(answer) ? answer['x-codes'] : undefined
    if (Array.isArray(named)) add(named.filter((code) => typeof code === 'string' && isProblemCode(code)))
  }
  if (route.config?.scope) add(common_codes.with_scope)
  if (querystring !== undefined) add(common_codes.with_query)
  if (body !== undefined) add(common_codes.with_body)
  if (isRecord(headers) && isRecord(headers.shape) && 'idempotency-key' in headers.shape) {
    add(common_codes.with_idempotency_key)
  }
  return codes
}

/** The route's own answers, its refusals and the common ones, one response for each status. */
function responsesOf(route: RouteOptions, schema: Schema): Responses {
  const own = isRecord(schema.response) ? schema.response : {}
  const answers = Object.entries(own)
    .filter(([, answer]) => !(isRecord(answer) && 'x-codes' in answer))
    .map(([status, answer]) => [status, inEachFormat(answer, route.config?.formats ?? [])])
  if (route.config?.etag === true)
    answers.push(['304', { description: 'The caller has the newest already.' }])
  const by_status = Map.groupBy(codesOf(route, schema), (code) => problems[code].status)
  const refusing = Array.from(by_status)
    .toSorted(([one], [other]) => one - other)
    .map(([status, codes]) => [String(status), refusalResponse(codes.toSorted())])
  return Object.fromEntries([...answers, ...refusing])
}

/** An answer in every format that its route offers; other formats than JSON are text to the document. */
function inEachFormat(answer: unknown, formats: readonly Format[]): unknown {
  if (formats.length < 2) return answer
  const content = formats.map((format) => [
    media_types[format],
    { schema: format === 'json' ? answer : format === 'geojson' ? z.looseObject({}) : z.string() },
  ])
  return { description: 'In the format that was asked for.', content: Object.fromEntries(content) }
}

function securityOf(route: RouteOptions): { [scheme: string]: string[] }[] {
  const { scope } = route.config ?? {}
  return scope ? [{ bearer: [scope] }] : []
}

const transform: NonNullable<FastifyDynamicSwaggerOptions['transform']> = (options) => {
  const { schema, route } = options
  if (!schema || schema.hide) return fastifyZodOpenApiTransformers.transform(options)
  if (schema.operationId === undefined) {
    throw new Error(`${String(route.method)} ${route.url} has no operationId`)
  }
  return fastifyZodOpenApiTransformers.transform({
    ...options,
    schema: {
      // What the plugin notes in a schema stands under a symbol, which spreading keeps.
      ...schema,
      ...(route.method === 'PATCH' && schema.consumes === undefined ? { consumes: patch_types } : {}),
      security: securityOf(route),
      response: responsesOf(route, schema),
    },
  })
}

const patch_types = ['application/merge-patch+json', 'application/json']

const content_security_policy = [
  "default-src 'self'",
  "base-uri 'self'",
  "connect-src 'self'",
  "font-src 'self' data:",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "object-src 'none'",
  "script-src 'self'",
  // Swagger UI sets styles on elements as it draws.
  "style-src 'self' 'unsafe-inline'",
].join('; ')

/** Serves /openapi.json (3.1) and /docs, on which operations can be tried out. Await it before adding routes. */
export async function registerOpenapi(
  app: FastifyInstance,
  { version, servers }: OpenapiSettings,
): Promise<void> {
  await app.register(fastifyZodOpenApiPlugin)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Shelter capacity',
        version,
        description:
          'Places, arrivals, and access to food and medicine in a mass displacement. Errors are RFC 9457 problem documents; /problems explains each code.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers,
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'An API key. Each operation names the one scope that it needs.',
          },
        },
      },
    },
    transform,
    transformObject: fastifyZodOpenApiTransformers.transformObject,
  } as FastifyDynamicSwaggerOptions)

  let document: string | undefined
  app.get(
    '/openapi.json',
    { config: { scope: null, formats: null }, schema: { hide: true } },
    (_request, reply) => {
      document ??= JSON.stringify(app.swagger())
      return reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').send(document)
    },
  )

  app.get('/', { config: { scope: null, formats: null }, schema: { hide: true } }, (_request, reply) =>
    reply.redirect('/docs'),
  )

  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, scope: null, formats: null }
    })
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: true,
      // The policy of the plugin wants https, which a laptop has not, and lets styles in from anywhere.
      transformStaticCSP: () => content_security_policy,
      uiConfig: {
        tryItOutEnabled: true,
        persistAuthorization: true,
        deepLinking: true,
        url: '/openapi.json',
      },
    })
  })
}
