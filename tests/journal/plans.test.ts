import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../setup/database.ts'
import { aShelter, serviceOn } from '../setup/service.ts'

/*
 * Promise: what the writer looks up under the lock it finds by an index, also where statistics were taken while the
 * tables were nearly empty: a plan that reads a whole table is fast on the first day and stops everybody on the second.
 */

let database: FreshDatabase
let client: pg.Client

beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

/** How often each table was read as a whole. A session tells what it read when it ends, if not before. */
async function wholeReads(): Promise<Map<string, number>> {
  const { rows } = await client.query<{ relname: string; seq_scan: string }>(
    `select relname, seq_scan
     from pg_stat_user_tables
     where relname in ('commands', 'stays', 'household_references', 'holds', 'stock', 'place_balances')`,
  )
  return new Map(rows.map(({ relname, seq_scan }) => [relname, Number(seq_scan)]))
}

test('commands, stays, references and lots are looked up by an index, whatever the statistics say', async () => {
  await client.query('analyze')
  const service = await serviceOn(database.url)
  const key = await service.issue('admin')
  const before = await wholeReads()
  const post = async (path: string, body: object) => {
    const answer = await service.call('POST', path, { key, body })
    expect([200, 201]).toContain(answer.status)
    return answer.body
  }
  await post('/v1/shelters', aShelter('AM-KT-0001', 100))
  for (let household = 0; household < 3; household++) {
    const { stay } = await post('/v1/arrivals', {
      shelter: 'AM-KT-0001',
      household: { people: 2, reference: `plan ${household}` },
    })
    await post(`/v1/stays/${stay.id}/departure`, { people: 1, destination: 'unknown' })
    const lines = [{ item: 'rice', quantity: '1' }]
    await post('/v1/stock-movements', { kind: 'receipt', store: 'AM-KT-0001', lines })
  }
  await service.close()
  expect(await wholeReads()).toEqual(before)
})
