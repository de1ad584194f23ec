import { PgBoss } from 'pg-boss'

/** A piece of work that is done on a schedule, on whichever process comes first. */
export type Job = { name: string; cron: string; run(): Promise<void> }

/** Its own tables, beside those of the service and in no migration of ours: pg-boss makes and keeps them. */
const SCHEMA = 'jobs'
const CONNECTIONS_MAX = 2
const STOP_MS_MAX = 5_000

/**
 * Runs jobs on their schedules, in the same PostgreSQL, once over all processes. Nothing that is answered depends on
 * it: a job that fails or stops makes things later, never wrong.
 */
export async function startJobs(options: {
  url: string
  jobs: readonly Job[]
  log: { warn(details: object, message: string): void }
}): Promise<{ stop(): Promise<void> }> {
  const { url, jobs, log } = options
  const boss = new PgBoss({
    connectionString: url,
    schema: SCHEMA,
    max: CONNECTIONS_MAX,
    application_name: 'shelter jobs',
  })
  boss.on('error', (error) => log.warn({ err: error }, 'the job queue has a problem'))
  await boss.start()
  for (const { name, cron, run } of jobs) {
    await boss.createQueue(name)
    await boss.work(name, async () => {
      await run().catch((error: unknown) => log.warn({ err: error, job: name }, 'a job failed'))
    })
    await boss.schedule(name, cron)
  }
  return { stop: () => boss.stop({ graceful: true, timeout: STOP_MS_MAX }) }
}
