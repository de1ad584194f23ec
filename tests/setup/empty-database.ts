import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import type { FreshDatabase } from './database.ts'
import { withDatabase } from './postgres.ts'

/** A database with nothing in it, not even the tables: as an operator makes it before the first start. */
export async function emptyDatabase(): Promise<FreshDatabase> {
  const { admin_url } = inject('postgres')
  const name = `test_empty_${process.pid}_${randomBytes(6).toString('hex')}`
  const asAdmin = async (statement: string) => {
    const admin = new pg.Client({ connectionString: admin_url })
    await admin.connect()
    await admin.query(statement).finally(() => admin.end())
  }
  await asAdmin(`create database ${name}`)
  return {
    url: withDatabase(admin_url, name),
    drop: () => asAdmin(`drop database if exists ${name} with (force)`),
  }
}
