import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { type Country, postsInto, prepareCountry } from './country.ts'
import { type BenchDatabase, startDatabase } from './database.ts'
import { drive, type Load } from './load.ts'
import { startService } from './run.ts'

/*
 * What it costs to be large: reads over 1,000 and 10,000 shelters, figures of the past over ten thousand and a million
 * entries, arrivals in bulk and beside bulk, and ten minutes without a pause. One line of JSON for each measure.
 *
 *   node tests/bench/scale.ts [--seconds 5] [--rounds 3] [--soak SECONDS]
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    soak: { type: 'string' },
    only: { type: 'string', default: 'reads,as_of,bulk' },
  },
})
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const READERS = 8

type Line = { measure: string; per_second: number; p50_ms: number; p99_ms: number } & Record<string, unknown>

const say = (line: Line | Record<string, unknown>): void => console.log(JSON.stringify(line))
const round2 = (value: number): number => Math.round(value * 100) / 100
const median = (loads: Load[], of: 'per_second' | 'p50_ms' | 'p99_ms'): number =>
  round2(loads.map((load) => load[of]).toSorted((a, b) => a - b)[Math.floor(loads.length / 2)] ?? 0)
const figures = (loads: Load[]) => ({
  per_second: median(loads, 'per_second'),
  p50_ms: median(loads, 'p50_ms'),
  p99_ms: median(loads, 'p99_ms'),
})

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

/** Shelters by SQL, with balances and totals that agree: registering ten thousand one by one would take as long. */
const addShelters = (url: string, many: number) =>
  withClient(url, async (client) => {
    await client.query(
      `insert into shelters (id, code, name, kind, region, latitude, longitude, status, facts, public_listing, version, created_at, updated_at)
       select gen_random_uuid(), r.code || '-' || lpad((100000 + n)::text, 6, '0'), 'Bench school ' || n, 'school', r.code,
         r.south + (r.north - r.south) * (0.2 + 0.6 * random()), r.west + (r.east - r.west) * (0.2 + 0.6 * random()),
         'open', case when n % 3 = 0 then '{"heated":"yes"}' else '{}' end::jsonb, false, 1, now(), now()
       from generate_series(1, $1::int) n
       join lateral (select * from regions order by code offset n % 11 limit 1) r on true`,
      [many],
    )
    await client.query(
      `insert into place_balances (shelter, region, places, blocked, occupied, held, emergency, seq)
       select id, region, 100, 0, (random() * 100)::int, 0, 0, 1 from shelters where code ~ '-1[0-9]{5}$'`,
    )
    await client.query('truncate region_totals')
    await client.query(
      `insert into region_totals (region, places, blocked, occupied, held, emergency, shelters)
       select region, sum(places), 0, sum(occupied), 0, 0, count(*) from place_balances group by region`,
    )
    await client.query('analyze')
  })

/** Effects by SQL over a year, with the sums of their days: what a million entries leave behind. */
const addEffects = (url: string, many: number) =>
  withClient(url, async (client) => {
    await client.query(
      `insert into place_effects (seq, ordinal, shelter, region, at, places, blocked, occupied, held, emergency, shelters, arrived, departed, transferred_in, transferred_out)
       select 1000000 + n, 0, s.id, s.region, '2023-01-01Z'::timestamptz + n * (interval '365 days' / $1::int), 0, 0, 1, 0, 0, 0, 1, 0, 0, 0
       from generate_series(1, $1::int) n
       join (select id, region, row_number() over (order by code) - 1 as ordinal, count(*) over () as all from shelters) s
         on s.ordinal = n % s.all`,
      [many],
    )
    await client.query(
      `insert into region_day_sums
         (region, day, places, blocked, occupied, held, emergency, shelters, arrived, departed, transferred_in, transferred_out)
       select region, (at at time zone 'Asia/Yerevan')::date, 0, 0, sum(occupied), 0, 0, 0, sum(arrived), 0, 0, 0
       from place_effects where seq > 1000000 group by 1, 2
       on conflict (region, day) do update set occupied = region_day_sums.occupied + excluded.occupied`,
    )
    await client.query('analyze')
  })

type Prepared = { port: number; key: string; label: Record<string, number>; close(): Promise<void> }

async function prepare(
  database: BenchDatabase,
  country: Country,
  label: Record<string, number>,
): Promise<Prepared> {
  const copy = await database.copy()
  if (label.shelters !== undefined) await addShelters(copy.url, label.shelters)
  if (label.entries !== undefined) await addEffects(copy.url, label.entries)
  const service = await startService(copy.url, { pool: 4 })
  const close = async () => {
    await service.stop()
    await copy.drop()
  }
  return { port: service.port, key: country.key, label, close }
}

const read = ({ port, key }: Prepared, path: () => string, time = seconds): Promise<Load> =>
  drive({ port, key, connections: READERS, seconds: time, path: '', run: '', next: () => '', read: path })

/** Both sizes in turn, round by round, so that what else the machine does meets both alike. */
async function compare(sizes: Prepared[], measures: Record<string, () => string>): Promise<void> {
  for (const [measure, path] of Object.entries(measures)) {
    const loads = sizes.map((): Load[] => [])
    for (const size of sizes) await read(size, path, 1)
    for (let number = 0; number < rounds; number++) {
      for (const [index, size] of sizes.entries()) loads[index]?.push(await read(size, path))
    }
    const shown = sizes.map(({ label }, index) => ({ measure, ...label, ...figures(loads[index] ?? []) }))
    for (const line of shown) say(line)
    const [small, large] = shown
    if (small !== undefined && large !== undefined) {
      say({
        measure: `${measure}: cost of the larger / the smaller`,
        ratio: round2(large.p50_ms / small.p50_ms),
      })
    }
  }
}

const anyMoment = (): string =>
  new Date(Date.UTC(2023, 0, 2) + Math.random() * 363 * 86_400_000).toISOString()

async function reads(database: BenchDatabase, country: Country): Promise<void> {
  const sizes = [
    await prepare(database, country, { shelters: 1_000 }),
    await prepare(database, country, { shelters: 10_000 }),
  ]
  await compare(sizes, {
    capacity_national: () => '/v1/capacity',
    capacity_region: () => '/v1/capacity?region=AM-KT',
    list_filtered: () => '/v1/shelters?region=AM-KT&min_free=50&facts=heated:yes',
    near: () => `/v1/shelters?near=${(39.5 + Math.random()).toFixed(4)},44.6&min_free=20&limit=10`,
    geojson: () => '/v1/shelters?format=geojson&region=AM-KT',
  })
  for (const size of sizes) await size.close()
}

async function asOf(database: BenchDatabase, country: Country): Promise<void> {
  const sizes = [
    await prepare(database, country, { entries: 10_000 }),
    await prepare(database, country, { entries: 1_000_000 }),
  ]
  await compare(sizes, { as_of: () => `/v1/capacity?as_of=${anyMoment()}` })
  for (const size of sizes) await size.close()
}

/** Streams arrivals until `until` says enough; gives how many were answered 201, and in how many seconds. */
function stream(
  port: number,
  key: string,
  next: () => string,
  until: () => boolean,
): Promise<{ lines: number; seconds: number }> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    let lines = 0
    const request = httpRequest(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/v1/arrivals/batch',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' },
      },
      (response) => {
        response.on('data', (chunk: Buffer) => {
          const text = chunk.toString()
          if (/"status":[345]/.test(text)) reject(new Error(text.slice(0, 500)))
          lines += text.split('\n').length - 1
        })
        response.on('end', () => resolve({ lines, seconds: (performance.now() - started) / 1000 }))
      },
    )
    request.on('error', reject)
    let number = 0
    const feed = (): void => {
      while (!until()) {
        const line = `{"key":"bulk-line-${started}-${++number}",${next().slice(1)}\n`
        if (!request.write(line)) return void request.once('drain', feed)
      }
      request.end()
    }
    feed()
  })
}

async function bulk(database: BenchDatabase, country: Country): Promise<void> {
  const rates: Record<string, Load[]> = { alone: [], beside: [] }
  const streamed: number[] = []
  for (let number = 0; number < rounds; number++) {
    const size = await prepare(database, country, {})
    const posts = postsInto(country.uniform)
    const interactive = (run: string, time: number) =>
      drive({
        port: size.port,
        key: size.key,
        connections: 32,
        seconds: time,
        path: '/v1/arrivals',
        run: `${run}-interactive`,
        next: posts.next,
      })
    await interactive('warm-up', 2)
    rates.alone?.push(await interactive('alone', seconds))
    const alone_until = performance.now() + seconds * 1000
    const alone = await stream(size.port, size.key, posts.next, () => performance.now() > alone_until)
    streamed.push(alone.lines / alone.seconds)
    let running = true
    const importing = stream(size.port, size.key, posts.next, () => !running)
    rates.beside?.push(await interactive('beside', seconds))
    running = false
    await importing
    await size.close()
  }
  const bulk_per_second = round2(streamed.toSorted((a, b) => a - b)[Math.floor(streamed.length / 2)] ?? 0)
  const alone = figures(rates.alone ?? [])
  const beside = figures(rates.beside ?? [])
  say({ measure: 'arrivals_bulk', per_second: bulk_per_second })
  say({ measure: 'arrivals_interactive', connections: 32, ...alone })
  say({ measure: 'arrivals_during_bulk', connections: 32, ...beside })
  say({ measure: 'bulk rate / interactive rate', ratio: round2(bulk_per_second / alone.per_second) })
  say({ measure: 'interactive p99 during bulk / without', ratio: round2(beside.p99_ms / alone.p99_ms) })
}

const residentMb = (pid: number | undefined): number =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024)

/** Arrivals without a pause: rate and memory of the service, minute by minute. */
async function soak(database: BenchDatabase, country: Country, total_seconds: number): Promise<void> {
  const copy = await database.copy()
  const service = await startService(copy.url, { pool: 4 })
  const posts = postsInto(country.uniform)
  const minutes = Math.max(1, Math.round(total_seconds / 60))
  const rates: number[] = []
  const memory: number[] = []
  for (let minute = 1; minute <= minutes; minute++) {
    const time = total_seconds / minutes
    const load = await drive({
      port: service.port,
      key: country.key,
      connections: 32,
      seconds: time,
      path: '/v1/arrivals',
      run: `soak-${minute}-`,
      next: posts.next,
    })
    rates.push(load.per_second)
    memory.push(residentMb(service.pid))
    say({
      measure: 'soak',
      minute,
      per_second: round2(load.per_second),
      p99_ms: round2(load.p99_ms),
      resident_mb: memory.at(-1),
    })
  }
  say({ measure: 'soak: last minute / second minute', ratio: round2((rates.at(-1) ?? 0) / (rates[1] ?? 1)) })
  say({
    measure: 'soak: memory of the last minute / the second',
    ratio: round2((memory.at(-1) ?? 0) / (memory[1] ?? 1)),
  })
  await service.stop()
  await copy.drop()
}

const database = await startDatabase()
try {
  const country = await prepareCountry(database.template_url)
  const only = values.only.split(',')
  if (values.soak !== undefined) await soak(database, country, Number(values.soak))
  else {
    if (only.includes('reads')) await reads(database, country)
    if (only.includes('as_of')) await asOf(database, country)
    if (only.includes('bulk')) await bulk(database, country)
  }
} finally {
  await database.stop()
}
