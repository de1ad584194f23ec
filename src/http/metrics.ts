import { collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { App } from './server.ts'

/*
 * What Prometheus reads: by route and status, never by address, shelter or caller. Everything lives in a registry of
 * the app's own, so that two apps in one process do not share figures.
 */

/** Seconds: from a cached answer to the longest wait that a caller is let wait. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Commands in one commit. */
const BATCH = [1, 2, 4, 8, 16, 32, 64, 128, 256]

/** Milliseconds by phase of one commit, and how many commands shared it. */
export type CommitFigures = { commands: number } & Record<`${string}_ms`, number>

export type Metrics = {
  /** told of each commit of the writer */
  observeCommit(figures: CommitFigures): void
}

/** Figures that are read at the moment of asking, by name, each with a sentence of help. */
export type Gauges = Record<string, { help: string; read: () => number }>

/** Collects figures of every request and commit, and serves them at /metrics to whoever has `metrics:read`. */
export function installMetrics(app: App): Metrics & { serve(gauges: Gauges): void } {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Requests by method, route and status',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: SECONDS,
    registers,
  })
  const phases = new Histogram({
    name: 'writer_phase_seconds',
    help: 'The phases of a commit: lock, load, decide, build, write, commit',
    labelNames: ['phase'] as const,
    buckets: SECONDS,
    registers,
  })
  const batches = new Histogram({
    name: 'writer_batch_commands',
    help: 'Commands in one commit',
    buckets: BATCH,
    registers,
  })

  app.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none')
    requests.observe(
      { method: request.method, route, status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    )
    done()
  })

  return {
    observeCommit({ commands, ...figures }) {
      batches.observe(commands)
      for (const [name, ms] of Object.entries(figures))
        phases.observe({ phase: name.replace(/_ms$/, '') }, ms / 1000)
    },
    serve(gauges) {
      for (const [name, { help, read }] of Object.entries(gauges)) {
        const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) })
      }
      app.get(
        '/metrics',
        { config: { scope: 'metrics:read', formats: null }, schema: { hide: true } },
        async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
      )
    },
  }
}
