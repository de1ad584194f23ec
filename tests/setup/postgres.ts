import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from '../../src/database/embedded.ts'
import { migrate } from '../../src/database/migrate.ts'

/*
 * One PostgreSQL for a whole test run, and in it one migrated database that is never connected to again: test files
 * get clones of it (database.ts), which takes a tenth of the time of migrating.
 */

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { admin_url: string; template: string }
  }
}

type Server = { admin_url: string; stop(): Promise<void> }

const embedded_module = new URL('../../src/database/embedded.ts', import.meta.url).href

const TEMPLATE = 'template_migrated'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = process.env.TEST_DATABASE === 'container' ? await startContainer() : await startTemporary()
  try {
    const admin = new pg.Client({ connectionString: server.admin_url })
    await admin.connect()
    await admin.query(`create database ${TEMPLATE}`)
    await admin.end()
    await migrate(withDatabase(server.admin_url, TEMPLATE))
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('postgres', { admin_url: server.admin_url, template: TEMPLATE })
  return () => server.stop()
}

/** The embedded server on a folder of its own. Not durable: a machine that crashes ends the test run anyway. */
async function startTemporary(): Promise<Server> {
  const data_dir = await mkdtemp(join(tmpdir(), 'shelter-capacity-test-'))
  // As root, PostgreSQL runs as another account, which has to pass through here.
  await chmod(data_dir, 0o755)
  const watch = watchOver(data_dir)
  const embedded = await startEmbedded({ data_dir, durable: false })
  return {
    admin_url: withDatabase(embedded.url, 'postgres'),
    async stop() {
      await embedded.stop()
      await rm(data_dir, { recursive: true, force: true })
      watch.kill()
    },
  }
}

/** A PostgreSQL as it is published, in a container: what production runs, where a Docker engine is at hand. */
async function startContainer(): Promise<Server> {
  const { GenericContainer, Wait } = await import('testcontainers')
  const container = await new GenericContainer('postgres:18')
    .withEnvironment({ POSTGRES_PASSWORD: 'postgres' })
    .withCommand(['postgres', '-c', 'max_connections=200', '-c', 'fsync=off'])
    .withExposedPorts(5432)
    // Said twice: by the server that makes the database, and by the one that stays.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start()
  return {
    admin_url: `postgres://postgres:postgres@${container.getHost()}:${container.getMappedPort(5432)}/postgres`,
    stop: async () => void (await container.stop()),
  }
}

/**
 * A process that outlives this one however it ends: when the pipe to it closes, it stops the server and removes its
 * folder. Otherwise every test run killed by a time limit would leave a PostgreSQL behind.
 */
function watchOver(data_dir: string): { kill(): void } {
  const program = `
    const { rmSync } = await import('node:fs')
    const { stopEmbeddedIfUnused } = await import(${JSON.stringify(embedded_module)})
    process.stdin.resume().on('end', async () => {
      await stopEmbeddedIfUnused(${JSON.stringify(data_dir)})
      rmSync(${JSON.stringify(data_dir)}, { recursive: true, force: true })
    })`
  const watch = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watch.unref()
  return { kill: () => watch.kill() }
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}
