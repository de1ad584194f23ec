import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import fastify, { type FastifyBaseLogger, type FastifyInstance, type RouteOptions } from 'fastify'
import { z } from 'zod'
import { type Draining, installDraining } from './drain.ts'
import { installConnect, installErrorHandling, installExpectations } from './errors.ts'
import { installFormats } from './formats.ts'
import { healthRoutes } from './health.ts'
import { installJsonBody } from './json-body.ts'
import { httpServerOptions, type LimitSettings } from './limits.ts'
import { installBodyTimeout, installLines } from './lines.ts'
import { collectMethods } from './methods.ts'
import { type OpenapiSettings, registerOpenapi } from './openapi.ts'
import { problemPages } from './problem-pages.ts'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from './schema.ts'
import { securityHeaders } from './security-headers.ts'

/** The application as features see it: requests and answers are typed by the zod schemas of their route. */
export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

export type HttpSettings = LimitSettings &
  Partial<OpenapiSettings> & {
    /** whether work can be done: the database answers */
    isReady: () => Promise<boolean>
  }

export type HttpServer = Draining & {
  app: App
  /** Closes the list of addresses, once all features are added and before the server listens. */
  finish(): Promise<void>
}

/** An operation without a query takes none: what it does not know is refused, not ignored. */
function refuseUnknownQuery(route: RouteOptions): void {
  const { schema } = route
  if (schema?.operationId !== undefined && schema.querystring === undefined)
    schema.querystring = z.strictObject({})
}

/**
 * All of HTTP but the operations: limits, request ids, errors, JSON, schemas, formats, documents, health, draining.
 * Await it, because routes added before the document's plugin is ready would be missing in it; then add the access
 * hook and the features, then call `finish`.
 */
export async function createServer(settings: HttpSettings): Promise<HttpServer> {
  const app: App = fastify(httpServerOptions(settings)).withTypeProvider<ZodTypeProvider>()
  const plain: FastifyInstance = app as unknown as FastifyInstance
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  const methods = collectMethods(plain)
  app.addHook('onRoute', refuseUnknownQuery)
  const security_headers = await securityHeaders()
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(security_headers).header('x-request-id', request.id)
    done()
  })
  const draining = installDraining(plain)
  installErrorHandling(plain, methods)
  installExpectations(plain)
  installConnect(plain)
  installFormats(plain)
  installJsonBody(plain)
  installLines(plain)
  installBodyTimeout(plain, settings.request_timeout_ms)
  await registerOpenapi(plain, {
    version: settings.version ?? '0.1.0',
    servers: settings.servers ?? [{ url: '/' }],
  })
  problemPages(plain)
  healthRoutes(plain, { isReady: settings.isReady, draining: draining.draining })
  return {
    app,
    ...draining,
    async finish() {
      methods.finish()
    },
  }
}
