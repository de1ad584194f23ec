import { openEnvironment } from './environment.ts'

export async function migrateDatabase(): Promise<void> {
  const environment = await openEnvironment()
  await environment.close()
  console.log('The database is at the newest migration.')
}
