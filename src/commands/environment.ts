import { type Config, readConfig } from '../config.ts'
import { startEmbedded } from '../database/embedded.ts'
import { migrate } from '../database/migrate.ts'

/** The settings with a database behind them: the one that is named, or the embedded one, started and migrated. */
export type Environment = {
  config: Config & { DATABASE_URL: string }
  embedded: boolean
  /** Gives an embedded database back; it stops when nobody uses it any more. */
  close(): Promise<void>
}

/** Reads the environment and brings its database to the newest migration. */
export async function openEnvironment(env: NodeJS.ProcessEnv = process.env): Promise<Environment> {
  const config = readConfig(env)
  const named = config.DATABASE_URL
  const database = named === undefined ? await startEmbedded({ data_dir: config.DATA_DIR }) : undefined
  const url = named ?? database?.url
  if (url === undefined) throw new Error('there is no database')
  await migrate(url)
  return {
    config: { ...config, DATABASE_URL: url },
    embedded: database !== undefined,
    close: async () => database?.stop(),
  }
}
