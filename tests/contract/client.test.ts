import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Service, startService } from '../setup/service.ts'

/* Promise: a partner who has openapi/v1.json and a key can write a program that works. */

const root = new URL('../..', import.meta.url).pathname
const folder = join(root, 'tests/contract/client')
const tool = (name: string, ...words: string[]) =>
  execFileSync(join(root, 'node_modules/.bin', name), words, { cwd: root, encoding: 'utf8', stdio: 'pipe' })

let service: Service

beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

test('a client generated from the document type-checks, registers, posts, reads and follows', async () => {
  tool('openapi-typescript', 'openapi/v1.json', '--output', join(folder, 'v1.d.ts'))
  tool('tsc', '--noEmit', '--project', folder)
  const { roundTrip } = await import(join(folder, 'round-trip.ts'))
  const key = await service.issue('national_coordinator')
  const told = await roundTrip(service.base, key)
  expect(told).toMatchObject({ free: 46, refused: 'shelter_full', occupied: 4 })
  expect(told.followed).toEqual([
    'client_registered',
    'key_issued',
    'shelter_registered',
    'household_arrived',
  ])
})
