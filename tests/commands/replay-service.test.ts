import { afterAll, beforeAll, expect, test } from 'vitest'
import { postPlan } from '../../src/commands/replay/post.ts'
import { readBack } from '../../src/commands/replay/read.ts'
import { compareMoment } from '../../src/commands/replay/report.ts'
import { planReplay, readReplayData } from '../../src/commands/replay.ts'
import { type Caller, openCaller } from '../setup/caller.ts'
import { journalFaults, readJournal } from '../setup/journal.ts'
import { type Service, startService } from '../setup/service.ts'

/*
 * Promise: the replay meets the published figures in a real service, and a second run changes nothing. Here its first
 * two published moments, 4,002 people in a thousand households; all of it is in tests/slow.
 */

const MOMENTS = 2

let service: Service
let caller: Caller
let keys: { national: string; auditor: string }

beforeAll(async () => {
  service = await startService()
  caller = openCaller(service.base)
  keys = { national: await service.issue('national_coordinator'), auditor: await service.issue('auditor') }
})
afterAll(async () => {
  await caller.close()
  await service.stop()
})

test('posts what was published, once, however often it runs', async () => {
  const plan = planReplay(readReplayData())
  const moments = plan.moments.slice(0, MOMENTS)
  const until = moments.at(-1)?.as_of ?? ''
  const arrivals = plan.arrivals.filter(({ occurred_at }) => occurred_at <= until)
  const posts = plan.shelters.length + arrivals.length
  const target = { url: service.base, key: keys.national }
  const run = () => postPlan(target, { ...plan, arrivals }, () => undefined)

  expect(await run()).toEqual({ posted: posts, replayed: 0 })
  const journal = await readJournal(caller, keys.auditor)
  expect(journalFaults(journal)).toEqual([])
  expect(journal.filter(({ type }) => type === 'household_arrived')).toHaveLength(arrivals.length)

  expect(await run()).toEqual({ posted: posts, replayed: posts })
  expect((await readJournal(caller, keys.auditor)).at(-1)).toEqual(journal.at(-1))

  const read = await readBack(target)
  for (const moment of moments) {
    const comparison = compareMoment(moment, await read(moment.as_of, AbortSignal.timeout(10_000)))
    expect(comparison).toMatchObject({ ok: true, difference: 0 })
  }
  const people = arrivals.reduce((sum, arrival) => sum + arrival.people, 0)
  const { body } = await service.call('GET', '/v1/capacity', { key: keys.national })
  expect(body.national).toMatchObject({ occupied: people, places: 40_000 })
})
