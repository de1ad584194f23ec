import { mkdtemp, open, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { itself } from '../../src/access/itself.ts'
import { buildApp } from '../../src/app.ts'
import { stays } from '../../src/commands/import/columns.ts'
import { postHere } from '../../src/commands/import/post.ts'
import { runImport } from '../../src/commands/import/run.ts'
import { readConfig } from '../../src/config.ts'
import { startDatabase } from './database.ts'

/*
 * node tests/bench/import.ts [--lines N]: how fast a file of stays goes in, the first reading included, on a database
 * that waits for its disk; and whether memory stays where it was. One line of JSON.
 */

const { values } = parseArgs({ options: { lines: { type: 'string', default: '100000' } } })
const lines = Number(values.lines)
const SHELTERS = 100
const PLACES = 20_000
const caller = itself('command-line:bench')
const code = (index: number): string => `AM-KT-${String(index).padStart(4, '0')}`
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
/** What lives, after everything else was thrown away: rss is what the process has taken, and keeps for the next time. */
function heapMb(): number {
  collectGarbage()
  return Math.round(process.memoryUsage().heapUsed / 104_857.6) / 10
}
const rssMb = (): number => Math.round(process.memoryUsage.rss() / 1_048_576)

/** Written piece by piece, so that the file is in nobody's memory. */
async function writeStays(path: string): Promise<void> {
  const file = await open(path, 'w')
  await file.write('shelter;people;reference;occurred_at;f_18_59;m_18_59;needs\r\n')
  for (let from = 0; from < lines; from += 1_000) {
    const rows = Array.from({ length: Math.min(1_000, lines - from) }, (_, offset) => {
      const n = from + offset
      const at = new Date(Date.UTC(2023, 8, 26) + n * 1_000).toISOString()
      return `${code((n * 37) % SHELTERS)};${2 + (n % 4)};AR-${n};${at};1;1;${n % 10 === 0 ? 'insulin:1' : ''}\r\n`
    })
    await file.write(rows.join(''))
  }
  await file.close()
}

const folder = await mkdtemp(join(tmpdir(), 'shelter-capacity-import-'))
const database = await startDatabase()
try {
  const path = join(folder, 'stays.csv')
  await writeStays(path)
  const { url } = await database.copy()
  const config = readConfig({ NODE_ENV: 'test', LOG_LEVEL: 'warn' })
  const service = await buildApp({ ...config, DATABASE_URL: url })
  for (let index = 0; index < SHELTERS; index++) {
    const shelter = {
      code: code(index),
      name: 'Bench',
      kind: 'gym',
      region: 'AM-KT',
      status: 'open',
    } as const
    const content = { ...shelter, latitude: 40.38, longitude: 44.69, places: PLACES }
    await service.registerShelter(caller, `bench-shelter-${index}`, content)
  }
  console.error(`load ${loadavg()[0]?.toFixed(2)}, ${database.about}`)

  const seen = { posts: 0, tenth: 0, heap_tenth: 0, heap_end: 0, most: 0 }
  const cpu_start = process.cpuUsage()
  const began = performance.now()
  let checked = began
  const rss_start = rssMb()
  const report = await runImport({
    kind: stays,
    path,
    say: (line) => console.error(line),
    async open() {
      checked = performance.now()
      const { post, close } = postHere(service.arrive, caller)
      return {
        close,
        post(line) {
          seen.posts += 1
          if (seen.posts % 1_000 === 0) seen.most = Math.max(seen.most, rssMb())
          if (seen.posts === Math.floor(lines / 10)) {
            seen.heap_tenth = heapMb()
            seen.tenth = rssMb()
          }
          if (seen.posts === lines) seen.heap_end = heapMb()
          return post(line)
        },
      }
    },
  })
  const ended = performance.now()
  const seconds = (ms: number): number => Math.round(ms / 10) / 100
  const figures = {
    measure: 'import_stays',
    lines: report.posted,
    per_second: Math.round(report.posted / ((ended - began) / 1_000)),
    seconds_checking: seconds(checked - began),
    seconds_posting: seconds(ended - checked),
    seconds_cpu: seconds(process.cpuUsage(cpu_start).user / 1_000),
    rss_mb_start: rss_start,
    rss_mb_tenth: seen.tenth,
    rss_mb_most: seen.most,
    rss_mb_end: rssMb(),
    heap_mb_tenth: seen.heap_tenth,
    heap_mb_end: seen.heap_end,
  }
  console.log(JSON.stringify(figures))
  await service.drain(1_000)
} finally {
  await database.stop()
  await rm(folder, { recursive: true })
}
