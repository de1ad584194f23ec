import { parseArgs } from 'node:util'
import pg from 'pg'
import { itself } from '../../src/access/itself.ts'
import { openServiceWriter } from '../../src/app.ts'
import { regions } from '../../src/domain/regions.ts'
import { clients } from '../../src/features/clients/index.ts'
import { type BenchDatabase, startDatabase } from './database.ts'
import { drive, type Load } from './load.ts'
import { startService } from './run.ts'

/*
 * What access to food and medicine costs: 40,000 people in 400 shelters with 60 items and 20,000 lots, beside the
 * national capacity and the read of one shelter in the same run; and stock movements beside arrivals.
 *
 *   node tests/bench/supplies.ts [--seconds 5] [--rounds 3]
 */

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '3' } },
})
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const SHELTERS = 400
const READERS = 8
const WRITERS = 32

const say = (line: object): void => console.log(JSON.stringify(line))
const round2 = (value: number): number => Math.round(value * 100) / 100
const median = (numbers: number[]): number =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0

/** By SQL, with balances, totals and stock that agree: posting 20,000 lots would take longer than the bench. */
async function fill(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(
      `insert into shelters (id, code, name, kind, region, latitude, longitude, status, facts, public_listing, version, created_at, updated_at)
       select gen_random_uuid(), r.code || '-' || lpad((10000 + n)::text, 6, '0'), 'Bench school ' || n, 'school', r.code,
         r.south + (r.north - r.south) * 0.5, r.west + (r.east - r.west) * 0.5, 'open', '{}', false, 1, now(), now()
       from generate_series(1, ${SHELTERS}) n
       join lateral (select * from regions order by code offset n % 11 limit 1) r on true`,
    )
    await client.query(
      `insert into place_balances (shelter, region, places, blocked, occupied, held, emergency, seq)
       select id, region, 20000, 0, 100, 0, 0, 1 from shelters`,
    )
    await client.query(
      `insert into region_totals (region, places, blocked, occupied, held, emergency, shelters)
       select region, sum(places), 0, sum(occupied), 0, 0, count(*) from place_balances group by region`,
    )
    // 25 households of 4 in each shelter; every second needs a medicine.
    await client.query(
      `with made as (
         insert into stays (id, shelter, region, household, people, people_arrived, status, arrived_at, seq)
         select gen_random_uuid(), s.id, s.region, gen_random_uuid(), 4, 4, 'present', now(), 1
         from shelters s cross join generate_series(1, 25) n returning id
       )
       insert into stay_details (stay, needs)
       select m.id, jsonb_build_array(jsonb_build_object('need', n.code, 'people', 1))
       from (select id, row_number() over () as i from made) m
       join (select code, row_number() over (order by code) as i, count(*) over () as all from needs where item is not null) n
         on n.i = 1 + m.i % n.all
       where m.i % 2 = 0`,
    )
    await client.query(
      `insert into items (code, names, category, unit, decimals, kcal_per_unit, storage, controlled, version, created_at, updated_at)
       select 'bench_' || n, '{"hy":"","ru":"","en":""}', case when n % 3 = 0 then 'food' else 'hygiene' end, 'kg', 3,
         case when n % 3 = 0 then 3000 end, 'ambient', false, 1, now(), now()
       from generate_series(1, 60 - (select count(*)::int from items)) n`,
    )
    // 50 lots in each store, spread over the items.
    await client.query(
      `insert into stock (store, item, lot, expires_on, usable, quarantined, seq)
       select s.id, i.code, 'L' || n, current_date + 10 + (n * 7) % 300, 50000000, 0, 1
       from shelters s
       cross join generate_series(0, 49) n
       join (select code, row_number() over (order by code) - 1 as i, count(*) over () as all from items) i
         on i.i = n % i.all`,
    )
    await client.query('analyze')
  } finally {
    await client.end()
  }
}

async function issueKey(url: string): Promise<string> {
  const log = { warn: () => undefined, error: () => undefined }
  const writer = openServiceWriter({ url, log, queue_max: 10, batch_max: 10 })
  try {
    const { issueKey } = clients({ writer, key_environment: 'test' })
    const issued = await issueKey(itself('command-line:bench'), {
      name: 'Bench',
      role: 'admin',
      kind: 'device',
      regions: [],
      shelters: [],
      overflow: true,
      expires_at: null,
    })
    if ('refused' in issued) throw new Error(issued.refused.detail)
    return issued.key
  } finally {
    await writer.close()
  }
}

async function measure(database: BenchDatabase): Promise<void> {
  const copy = await database.copy()
  // The catalogue and the regions come with the first start.
  await (await startService(copy.url, { pool: 4 })).stop()
  await fill(copy.url)
  const key = await issueKey(copy.url)
  const service = await startService(copy.url, { pool: 4 })
  const base = { port: service.port, key, path: '', run: '', next: () => '' }
  const region = regions[1]?.code ?? 'AM-AR'
  const code = `${region}-010001`
  const shelter = () => `/v1/shelters/${code}`

  const reads: Record<string, () => string> = {
    capacity_national: () => '/v1/capacity',
    food_access_national: () => '/v1/food/access',
    medicine_access_national: () => '/v1/medicine/access',
    food_access_all: () => '/v1/food/access?limit=500',
    medicine_access_all: () => '/v1/medicine/access?limit=500',
    shelter,
    food_access_shelter: () => `/v1/food/access?shelter=${code}`,
    medicine_access_shelter: () => `/v1/medicine/access?shelter=${code}`,
  }
  const p50: Record<string, number[]> = {}
  for (let number = 0; number <= rounds; number++) {
    for (const [measured, read] of Object.entries(reads)) {
      const load = await drive({ ...base, connections: READERS, seconds: number === 0 ? 1 : seconds, read })
      if (number > 0) p50[measured] = [...(p50[measured] ?? []), load.p50_ms]
    }
  }
  const of = (measured: string): number => median(p50[measured] ?? [])
  for (const measured of Object.keys(reads)) {
    const beside = measured.endsWith('shelter') ? 'shelter' : 'capacity_national'
    say({
      measure: measured,
      p50_ms: round2(of(measured)),
      [`over ${beside}`]: round2(of(measured) / of(beside)),
    })
  }

  let posts = 0
  const writes: Record<string, { path: string; next: () => string }> = {
    arrivals: {
      path: '/v1/arrivals',
      next: () => JSON.stringify({ shelter: code, household: { people: 1 + (posts++ % 5) }, overflow: true }),
    },
    stock_movements: {
      path: '/v1/stock-movements',
      next: () =>
        JSON.stringify({
          kind: 'issue',
          store: code,
          lines: [{ item: 'bread', quantity: `0.00${1 + (posts++ % 5)}` }],
        }),
    },
  }
  const rates: Record<string, Load[]> = {}
  for (let number = 0; number <= rounds; number++) {
    for (const [measured, write] of Object.entries(writes)) {
      const run = `${measured}-${number}-`
      const load = await drive({
        ...base,
        ...write,
        run,
        connections: WRITERS,
        seconds: number === 0 ? 1 : seconds,
      })
      if (number > 0) rates[measured] = [...(rates[measured] ?? []), load]
    }
  }
  const rate = (measured: string) => median((rates[measured] ?? []).map((load) => load.per_second))
  for (const measured of Object.keys(writes))
    say({ measure: measured, connections: WRITERS, per_second: round2(rate(measured)) })
  say({ measure: 'stock movements / arrivals', ratio: round2(rate('stock_movements') / rate('arrivals')) })
  await service.stop()
  await copy.drop()
}

const database = await startDatabase()
try {
  await measure(database)
} finally {
  await database.stop()
}
