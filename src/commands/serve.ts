import closeWithGrace from 'close-with-grace'
import { buildApp } from '../app.ts'
import { seedDemo } from './demo.ts'
import { openEnvironment } from './environment.ts'
import { firstKeys } from './first-keys.ts'

/** Migrates, starts the service, says where it is, and ends in good order on SIGTERM or SIGINT. */
export async function serve(options: { demo: boolean }): Promise<void> {
  const environment = await openEnvironment()
  const { config } = environment
  const service = await buildApp(config)
  const { app } = service
  const first = environment.embedded ? await firstKeys(config.DATA_DIR, service.issueKey) : undefined
  if (options.demo) {
    const added = await seedDemo(service.registerShelter)
    console.log(`Demo: ${added} shelters added.`)
  }
  const address = await app.listen({ port: config.PORT, host: config.HOST })

  console.log(`The service listens on ${config.PUBLIC_URL ?? address}`)
  console.log(`Documentation:      ${config.PUBLIC_URL ?? address}/docs`)
  if (first?.made === true) {
    console.log(`First keys, kept in ${config.DATA_DIR}/keys.json:`)
    for (const [role, key] of Object.entries(first.keys)) console.log(`  ${role.padEnd(21)} ${key}`)
  }

  closeWithGrace({ delay: config.DRAIN_MS + 5_000, logger: false }, async ({ err, signal }) => {
    if (err !== undefined) app.log.fatal({ err }, 'ending after an error')
    else app.log.info({ signal }, 'draining')
    await service.drain(config.DRAIN_MS)
    await environment.close()
  })
}
