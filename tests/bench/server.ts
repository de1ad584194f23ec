import pg from 'pg'
import { z } from 'zod'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { type Database, database, types } from '../../src/database/client.ts'
import { arrival, type StayChanged, stay_changed } from '../../src/features/placement/schemas.ts'
import { sendProblem } from '../../src/http/problem.ts'
import type { App } from '../../src/http/server.ts'
import { idempotencyHeaders, refusals } from '../../src/http/wire.ts'
import { callerOf, keyOf, markReplayed } from '../../src/journal/answer.ts'
import type { BatchTiming } from '../../src/journal/writer.ts'
import { arriveTheUsualWay } from './baseline.ts'

/*
 * The service in a process of its own, as in production, with two routes more to compare with. Started by run.ts,
 * which tells it over the IPC channel what to do, and ends with it.
 */

export type Order = 'forget phases' | 'tell phases' | 'stop'
export type Told = { port: number } | { phases: Phases }
/** Medians over the commits since the last `forget phases`; null where there was none. */
export type Phases = (BatchTiming & { commits: number }) | null

const timings: BatchTiming[] = []

const config = readConfig(process.env)
const { DATABASE_URL, BASELINE_POOL_SIZE } = z
  .object({ DATABASE_URL: z.string(), BASELINE_POOL_SIZE: z.coerce.number() })
  .parse(process.env)
// Of its own, and patient: on the service's own pool a busy machine would end the baseline with 503.
const pool = new pg.Pool({
  connectionString: DATABASE_URL,
  max: BASELINE_POOL_SIZE,
  application_name: 'bench baseline',
  types,
  keepAlive: true,
  options: '-c TimeZone=UTC',
})
const service = await buildApp(
  { ...config, DATABASE_URL },
  {
    on_batch: (timing) => timings.push(timing),
    extend: (app) => {
      nullRoute(app)
      baselineRoute(app, database(pool))
    },
  },
)
service.app.addHook('onClose', () => pool.end())
const address = await service.app.listen({ port: 0, host: '127.0.0.1' })

process.on('message', (order: Order) => {
  switch (order) {
    case 'forget phases':
      timings.length = 0
      break
    case 'tell phases':
      tell({ phases: medians(timings) })
      break
    case 'stop':
      stop()
      break
  }
})
// Whoever started us is gone.
process.on('disconnect', stop)
tell({ port: Number(new URL(address).port) })

function tell(told: Told): void {
  process.send?.(told)
}

function stop(): void {
  service.drain(1_000).then(
    () => process.exit(0),
    () => process.exit(1),
  )
}

/** All that a request costs but the change itself: who is asking, the body's shape, the answer's. */
function nullRoute(app: App): void {
  const id = '018ad8b1-0c00-7e3a-9d2f-5a1c3b7f9e10'
  const answer: StayChanged = {
    stay: {
      id,
      shelter: id,
      household: id,
      people: 5,
      status: 'present',
      arrived_at: '2023-09-29T16:00:00.000Z',
      departed_at: null,
    },
    balance: { places: 20_000, blocked: 0, occupied: 5, held: 0, emergency: 0, free: 19_995 },
    seq: 1,
  }
  app.route({
    method: 'POST',
    url: '/bench/null',
    config: { scope: 'arrivals:write' },
    schema: {
      operationId: 'postNull',
      headers: idempotencyHeaders,
      body: arrival,
      response: { 201: stay_changed, ...refusals('overloaded') },
    },
    handler: async (_request, reply) => reply.code(201).header('location', `/v1/stays/${id}`).send(answer),
  })
}

function baselineRoute(app: App, on: Database): void {
  app.route({
    method: 'POST',
    url: '/bench/baseline',
    config: { scope: 'arrivals:write' },
    schema: {
      operationId: 'postBaseline',
      headers: idempotencyHeaders,
      body: arrival,
      response: {
        201: stay_changed,
        ...refusals(
          'outside_remit',
          'overflow_not_allowed',
          'shelter_not_found',
          'already_present',
          'shelter_not_open',
          'shelter_full',
        ),
      },
    },
    async handler(request, reply) {
      const outcome = await arriveTheUsualWay(on, callerOf(request), keyOf(request), request.body)
      if ('refused' in outcome) return sendProblem(reply, outcome.refused)
      markReplayed(reply, outcome)
      return reply.code(201).header('location', `/v1/stays/${outcome.answer.stay.id}`).send(outcome.answer)
    },
  })
}

function medians(of: BatchTiming[]): Phases {
  const median = (name: keyof BatchTiming): number =>
    of.map((timing) => timing[name]).sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0
  if (of.length === 0) return null
  return {
    commits: of.length,
    commands: median('commands'),
    lock_ms: median('lock_ms'),
    load_ms: median('load_ms'),
    decide_ms: median('decide_ms'),
    build_ms: median('build_ms'),
    write_ms: median('write_ms'),
    commit_ms: median('commit_ms'),
  }
}
