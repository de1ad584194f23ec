import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'

/* Promise: what the README tells a stranger to type works, and answers what it says. */

const root = new URL('../..', import.meta.url).pathname
let readme: string
let data_dir: string
let service: ReturnType<typeof spawn>
let base: string

beforeAll(async () => {
  readme = await readFile(join(root, 'README.md'), 'utf8')
  data_dir = await mkdtemp(join(tmpdir(), 'shelter-readme-'))
  service = spawn('node', ['src/main.ts', 'serve'], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'development', DATA_DIR: data_dir, PORT: '0', LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (service.stdout === null) throw new Error('no output')
  for await (const line of createInterface({ input: service.stdout })) {
    const address = /listens on (http:\S+)/.exec(line)?.[1]
    if (address === undefined) continue
    base = address
    break
  }
})
afterAll(async () => {
  const ended = once(service, 'exit')
  service.kill('SIGTERM')
  await ended
  await rm(data_dir, { recursive: true, force: true })
})

const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (match) => match[1] ?? '',
  )

const run = (script: string): string =>
  execFileSync(
    'bash',
    ['-euc', script.replaceAll('http://127.0.0.1:3000', base).replaceAll('.data/', `${data_dir}/`)],
    {
      encoding: 'utf8',
    },
  )

/** Ids are new each time; everything else is promised. */
const withoutIds = (text: string) =>
  JSON.parse(text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'an id'))

test('the README’s commands post an arrival, answer what the README shows, and capacity shows it', () => {
  const [, first, second] = blocks('sh')
  const [answer] = blocks('json')
  if (first === undefined || second === undefined || answer === undefined)
    throw new Error('the README has other blocks')
  expect(withoutIds(run(first))).toEqual(withoutIds(answer))
  // Once more, as the README says: the same, and nobody twice.
  expect(withoutIds(run(first))).toEqual(withoutIds(answer))
  const setKey = first.split('\n')[0] ?? ''
  const capacity = JSON.parse(run(`${setKey}\n${second}`))
  expect(capacity.regions[0]).toMatchObject({ region: 'AM-KT', places: 120, occupied: 5, free: 115 })
})
