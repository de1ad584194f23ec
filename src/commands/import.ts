import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { itself } from '../access/itself.ts'
import { buildApp } from '../app.ts'
import { openEnvironment } from './environment.ts'
import { shelters, stays } from './import/columns.ts'
import { type KeyedLine, type Poster, postHere, postOver } from './import/post.ts'
import { type ImportReport, LINES_UNDER_WAY_MAX, runImport } from './import/run.ts'

export const import_help = `npm run import -- shelters FILE.csv [--apply] [--url U --key K]
npm run import -- stays FILE.csv    [--apply] [--url U --key K]

Without --apply (or with --dry-run) the whole file is checked, what is wrong is told by line and column, and nothing
is changed. With --apply it is checked first, and posted only if every line is good; what the service then refuses
(shelter_full …) is told by line, and the others go on. Exit 1 if a line is wrong or refused.

Safe to repeat, and after a kill: each line’s Idempotency-Key is made from what it says. Go on the way you began:
keys belong to who posts, which is this machine without --url, and the owner of K with it.
--url goes over HTTP as NDJSON, to POST /v1/arrivals/batch or /v1/batch; without it, into the database of
DATABASE_URL or DATA_DIR, beside a running service too.

Columns are named as the fields in JSON: ${stays.columns.map(({ name }) => name).join(', ')}
for stays (needs as insulin:1|wheelchair:2), and for shelters ${shelters.columns.map(({ name }) => name).join(', ')}.
Comma, semicolon or tab; UTF-8, or UTF-16 as Excel writes it. No names of people.`

/** `import shelters | stays FILE`. The report goes to standard output, the progress bar to a terminal. */
export async function importCommand(words: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      apply: { type: 'boolean', default: false },
      url: { type: 'string' },
      key: { type: 'string' },
    },
  })
  const [kind, path, ...rest] = positionals
  const { apply, url, key } = values
  const half_told = (url === undefined) !== (key === undefined) || (apply && values['dry-run'])
  if (path === undefined || rest.length > 0 || half_told) throw new Error(import_help)
  const over = url === undefined || key === undefined ? undefined : { url, key }

  const finish: (() => Promise<void>)[] = []
  const here = async () => {
    const environment = await openEnvironment()
    const { config } = environment
    // A line turned away for want of room would come after those behind it.
    const WRITER_QUEUE_MAX = Math.max(config.WRITER_QUEUE_MAX, LINES_UNDER_WAY_MAX)
    const service = await buildApp({ ...config, WRITER_QUEUE_MAX, LOG_LEVEL: 'warn' })
    finish.push(async () => {
      await service.drain(config.DRAIN_MS)
      await environment.close()
    })
    return service
  }
  const caller = itself('command-line:import')
  const about = { path, say, terminal: process.stderr }

  async function run(): Promise<ImportReport> {
    switch (kind) {
      case 'shelters': {
        const open = async () =>
          over === undefined ? postHere((await here()).registerShelter, caller) : sheltersOver(over)
        return runImport({ ...about, kind: shelters, ...(apply && { open }) })
      }
      case 'stays': {
        const open = async () =>
          over === undefined ? postHere((await here()).arrive, caller) : staysOver(over)
        return runImport({ ...about, kind: stays, ...(apply && { open }) })
      }
      default:
        throw new Error(import_help)
    }
  }

  try {
    const { wrong, refused } = await run()
    if (wrong + refused > 0) process.exitCode = 1
  } finally {
    for (const step of finish) await step()
  }
}

type Service = { url: string; key: string }

export const staysOver = <Content>(service: Service): Poster<Content> =>
  postOver({
    ...service,
    path: 'v1/arrivals/batch',
    item: ({ key, body }: KeyedLine<Content>) => ({ key, ...body }),
  })

export const sheltersOver = <Content>(service: Service): Poster<Content> =>
  postOver({
    ...service,
    path: 'v1/batch',
    item: ({ key, body }: KeyedLine<Content>) => ({ key, operation: 'registerShelter', body }),
  })

/** To standard output, as fast as it is read. */
async function say(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}
