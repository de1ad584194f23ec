import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { replay } from '../../src/commands/replay.ts'
import { type Caller, openCaller } from '../setup/caller.ts'
import { type FreshDatabase, freshDatabase } from '../setup/database.ts'
import { journalFaults, readJournal, verifyFaults } from '../setup/journal.ts'
import { issueKeys } from '../setup/keys.ts'
import { openProcesses } from '../setup/processes.ts'

/*
 * Promise: the whole influx of September 2023, posted to a real process, meets every published figure; posted again,
 * to another process on the same database, it adds nothing.
 */

const processes = openProcesses()
const callers: Caller[] = []
let database: FreshDatabase
let keys: { national_coordinator: string; auditor: string }

beforeAll(async () => {
  database = await freshDatabase()
  keys = await issueKeys(database.url, ['national_coordinator', 'auditor'])
})
afterAll(async () => {
  for (const caller of callers) await caller.close()
  await processes.close()
  await database.drop()
})

/** One run against a process of its own, what it printed, and what it left. */
async function run() {
  const { base, terminate } = await processes.serve({ DATABASE_URL: database.url })
  const caller = openCaller(base)
  callers.push(caller)
  const out = new PassThrough()
  const printed = text(out)
  const { ok } = await replay({ url: base, key: keys.national_coordinator, out })
  out.end()
  const capacity = await caller.ask('GET', '/v1/capacity', { key: keys.national_coordinator })
  const { national } = JSON.parse(capacity.text) as { national: object }
  const journal = await readJournal(caller, keys.auditor)
  await terminate()
  return { ok, printed: await printed, national, journal }
}

test('meets every published figure, and a second run adds nobody', async () => {
  const first = await run()
  expect(first.printed).not.toContain('NOT EXPLAINED')
  expect(first).toMatchObject({ ok: true, national: { occupied: 48_000, free: 359, emergency: 8_359 } })
  expect(journalFaults(first.journal)).toEqual([])
  expect(await verifyFaults(database.url)).toEqual([])

  const second = await run()
  expect(second).toMatchObject({ ok: true, national: first.national })
  expect(second.journal.at(-1)).toEqual(first.journal.at(-1))
  expect(second.printed.split('\n').at(-2)).toBe(first.printed.split('\n').at(-2))
  expect(await verifyFaults(database.url)).toEqual([])
})
