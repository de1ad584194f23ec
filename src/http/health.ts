import type { FastifyInstance } from 'fastify'
import './route-config.ts'
import { refuse, sendProblem } from './problem.ts'

/** How long the question whether the process is ready may take, in milliseconds: probes give up after a second. */
const READY_MS_MAX = 900

async function within(answer: Promise<boolean>, ms: number): Promise<boolean> {
  const timer = Promise.withResolvers<boolean>()
  const timeout = setTimeout(() => timer.resolve(false), ms)
  try {
    return await Promise.race([answer, timer.promise])
  } catch {
    return false
  } finally {
    clearTimeout(timeout)
  }
}

/**
 * `/healthz`: the process lives (restart it if this does not answer). `/readyz`: it can work (send it nothing while
 * this is 503), which asks the database.
 */
export function healthRoutes(
  app: FastifyInstance,
  options: { isReady: () => Promise<boolean>; draining: () => boolean },
): void {
  const route = { config: { scope: null, formats: null }, schema: { hide: true }, logLevel: 'warn' } as const

  app.get('/healthz', route, (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  )

  app.get('/readyz', route, async (_request, reply) => {
    if (options.draining()) return sendProblem(reply, refuse('not_ready', 'This process is going away.'))
    if (!(await within(options.isReady(), READY_MS_MAX))) {
      return sendProblem(reply, refuse('database_unavailable', 'The database did not answer in time.'))
    }
    return reply.header('cache-control', 'no-store').send({ status: 'ready' })
  })
}
