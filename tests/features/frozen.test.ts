import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Caller, openCaller } from '../setup/caller.ts'
import { type FreshDatabase, freshDatabase } from '../setup/database.ts'
import { journalFaults, readJournal, verifyFaults } from '../setup/journal.ts'
import { issueKeys } from '../setup/keys.ts'
import { openProcesses, type ServiceProcess } from '../setup/processes.ts'
import { aShelter, serviceOn } from '../setup/service.ts'
import { sessionsWhere, writer_waits } from '../setup/sessions.ts'
import { until } from '../setup/wait.ts'

/*
 * Promise: a change is whole or not there at all, also where the database ends a process's transaction under it:
 * after two seconds of silence (a process that was frozen), at a restart, at a change of the primary.
 */

const processes = openProcesses()
let database: FreshDatabase
let service: ServiceProcess
let other: Awaited<ReturnType<typeof serviceOn>>
let caller: Caller
let beside: Caller
let keys: { national_coordinator: string; auditor: string }

beforeAll(async () => {
  database = await freshDatabase()
  keys = await issueKeys(database.url, ['national_coordinator', 'auditor'])
  service = await processes.serve({ DATABASE_URL: database.url })
  other = await serviceOn(database.url)
  caller = openCaller(service.base)
  beside = openCaller(other.base)
})
afterAll(async () => {
  await caller.close()
  await beside.close()
  await other.close()
  await processes.close()
  await database.drop()
})

test('a post whose transaction the database ended between reading and writing happens once, whole', async () => {
  const post = (by: Caller, path: string, idempotency_key: string, body: object) =>
    by.ask('POST', path, { key: keys.national_coordinator, idempotency_key, body })
  const arrive = (by: Caller, key: string) =>
    post(by, '/v1/arrivals', key, { shelter: 'AM-KT-0001', household: { people: 2 } })
  const made = await post(beside, '/v1/shelters', 'frozen-shelter', aShelter('AM-KT-0001', 10))
  expect(made.status).toBe(201)
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    // The writer waits for the head, which we hold; frozen, it gets it, reads, and says nothing any more.
    await client.query('begin')
    await client.query('select seq from journal_head for update')
    const posted = arrive(caller, 'frozen-arrival-1')
    await until('the writer waits for the head', async () => {
      return (await sessionsWhere(client, writer_waits)).length === 1
    })
    process.kill(service.pid, 'SIGSTOP')
    await client.query('rollback')
    const session = await until('it has the head', async () => {
      return (await sessionsWhere(client, "state = 'idle in transaction'"))[0]
    })
    await client.query('select pg_terminate_backend($1, 5000)', [session.pid])
    // Somebody else goes on meanwhile: what the frozen one has read is the past.
    const meanwhile = await arrive(beside, 'frozen-arrival-2')
    process.kill(service.pid, 'SIGCONT')

    const answers = [meanwhile, await posted, await arrive(caller, 'frozen-arrival-3')]
    expect(await verifyFaults(database.url)).toEqual([])
    expect(answers.map(({ status, text }) => `${status} ${text}`)).toEqual([
      expect.stringMatching(/^201 .*"occupied":2,/),
      expect.stringMatching(/^201 .*"occupied":4,/),
      expect.stringMatching(/^201 .*"occupied":6,/),
    ])
    const journal = await readJournal(caller, keys.auditor)
    expect(journalFaults(journal)).toEqual([])
    expect(journal.filter(({ type }) => type === 'household_arrived')).toHaveLength(3)
  } finally {
    await client.end()
  }
})
