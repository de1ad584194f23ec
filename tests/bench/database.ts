import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbedded } from '../../src/database/embedded.ts'
import { migrate } from '../../src/database/migrate.ts'

/*
 * A PostgreSQL of the bench's own, as durable as one in production: every commit waits for the disk. Each run gets a
 * fresh copy of one prepared database, so that tables which have grown favour nobody.
 */

const TEMPLATE = 'bench_template'

export type BenchDatabase = {
  /** the migrated database that every run starts from; nobody may be connected to it while it is copied */
  template_url: string
  /** versions and settings that the figures depend on */
  about: string
  copy(): Promise<{ url: string; drop(): Promise<void> }>
  stop(): Promise<void>
}

export async function startDatabase(): Promise<BenchDatabase> {
  const data_dir = await mkdtemp(join(tmpdir(), 'shelter-capacity-bench-'))
  // As root, PostgreSQL runs as another account, which has to pass through here.
  await chmod(data_dir, 0o755)
  const embedded = await startEmbedded({ data_dir })
  const urlOf = (database: string): string => {
    const url = new URL(embedded.url)
    url.pathname = `/${database}`
    return url.href
  }
  const stop = async (): Promise<void> => {
    await embedded.stop()
    await rm(data_dir, { recursive: true, force: true })
  }
  try {
    const about = await withAdmin(urlOf('postgres'), async (admin) => {
      await admin.query(`create database ${TEMPLATE}`)
      return describe(admin)
    })
    await migrate(urlOf(TEMPLATE))
    let copies = 0
    return {
      template_url: urlOf(TEMPLATE),
      about,
      async copy() {
        const name = `bench_${++copies}`
        await withAdmin(urlOf('postgres'), async (admin) => {
          await admin.query(`create database ${name} template ${TEMPLATE}`)
          // Nobody begins with the disk still busy for the run before.
          await admin.query('checkpoint')
        })
        const drop = () =>
          withAdmin(urlOf('postgres'), async (admin) => {
            await admin.query(`drop database ${name} with (force)`)
          })
        return { url: urlOf(name), drop }
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function describe(admin: pg.Client): Promise<string> {
  const { rows } = await admin.query<Record<'version' | 'fsync' | 'synchronous_commit', string>>(
    `select current_setting('server_version') as version, current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as synchronous_commit`,
  )
  const [settings] = rows
  if (settings === undefined || settings.fsync !== 'on' || settings.synchronous_commit !== 'on') {
    throw new Error('figures of a database that does not wait for its disk are worth nothing')
  }
  return `PostgreSQL ${settings.version}, fsync on, synchronous_commit on`
}

/** What stands in a database after a run: the measure of whether the answers told the truth. */
export type Kept = { stays: number; people: number; entries: number; references: number; details: number }

export const readKept = (url: string): Promise<Kept> =>
  withAdmin(url, async (client) => {
    const { rows } = await client.query<Kept>(
      `select (select count(*) from stays)::int as stays,
         (select sum(occupied) from place_balances)::int as people,
         (select count(*) from journal where type = 'household_arrived')::int as entries,
         (select count(*) from household_references)::int as references,
         (select count(*) from stay_details)::int as details`,
    )
    const [kept] = rows
    if (kept === undefined) throw new Error('the database says nothing')
    return kept
  })

async function withAdmin<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
