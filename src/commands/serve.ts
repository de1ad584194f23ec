import closeWithGrace from 'close-with-grace'
import { buildApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { startJobs } from '../database/job-queue.ts'
import { seedDemo } from './demo.ts'
import { openEnvironment } from './environment.ts'
import { firstKeys } from './first-keys.ts'

/** Migrates, starts the service, says where it is, and ends in good order on SIGTERM or SIGINT, while it starts too. */
export async function serve(options: { demo: boolean }): Promise<void> {
  const { DRAIN_MS } = readConfig(process.env)
  const opening = openEnvironment()
  let service: Awaited<ReturnType<typeof buildApp>> | undefined
  let jobs: Awaited<ReturnType<typeof startJobs>> | undefined
  // Before anything else: a Ctrl-C during the start must not leave an embedded database running.
  closeWithGrace({ delay: DRAIN_MS + 5_000, logger: false }, async ({ err, signal }) => {
    if (err === undefined) service?.app.log.info({ signal }, 'draining')
    else if (service === undefined) console.error(err.message)
    else service.app.log.fatal({ err }, 'ending after an error')
    await jobs?.stop().catch(() => undefined)
    await service?.drain(DRAIN_MS)
    const environment = await opening.catch(() => undefined)
    await environment?.close()
  })

  const environment = await opening
  const { config } = environment
  service = await buildApp(config)
  const { app } = service
  const first = environment.embedded ? await firstKeys(config.DATA_DIR, service.issueKey) : undefined
  if (options.demo) {
    const added = await seedDemo(service)
    console.log(`Demo: ${added} shelters added, with food, medicine and kitchens.`)
  }
  // Nothing that is answered depends on jobs, so that a queue that cannot start keeps nobody waiting.
  jobs = await startJobs({
    url: config.DATABASE_URL,
    log: app.log,
    jobs: [{ name: 'work-out-alerts', cron: '* * * * *', run: service.evaluateAlerts }],
  }).catch((error: unknown) => {
    app.log.warn({ err: error }, 'scheduled jobs do not run')
    return undefined
  })
  const address = await app.listen({ port: config.PORT, host: config.HOST })

  console.log(`The service listens on ${config.PUBLIC_URL ?? address}`)
  console.log(`Documentation:      ${config.PUBLIC_URL ?? address}/docs`)
  if (first?.made === true) {
    console.log(`First keys, kept in ${config.DATA_DIR}/keys.json:`)
    for (const [role, key] of Object.entries(first.keys)) console.log(`  ${role.padEnd(21)} ${key}`)
  }
}
