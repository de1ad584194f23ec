import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { withDatabase } from './postgres.ts'

/** PostgreSQL refuses to clone a database that somebody is cloning already, so the workers take turns. */
const CLONING = 7_342_004

export type FreshDatabase = {
  url: string
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>
}

/** A migrated, empty database of the test file's own. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const { admin_url, template } = inject('postgres')
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`
  await withAdmin(admin_url, async (admin) => {
    await admin.query(`select pg_advisory_lock(${CLONING})`)
    await admin.query(`create database ${name} template ${template}`)
  })
  return {
    url: withDatabase(admin_url, name),
    drop: () =>
      withAdmin(admin_url, async (admin) => {
        await admin.query(`drop database if exists ${name} with (force)`)
      }),
  }
}

/** One short session; its end gives the lock back. */
async function withAdmin(url: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}
