import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aShelter, type Service, startService } from '../setup/service.ts'

/* Promise: who has the right takes his stays out as a whole, and nobody looks at references unseen. */

let service: Service
let national: string
let auditor: string

beforeAll(async () => {
  service = await startService()
  national = await service.issue('national_coordinator')
  auditor = await service.issue('auditor')
  for (const code of ['AM-KT-0001', 'AM-SU-0001']) {
    await service.call('POST', '/v1/shelters', { key: national, body: aShelter(code, 5_000) })
    const items = Array.from({ length: 500 }, (_, number) => ({
      key: `export-${code}-${number}`,
      shelter: code,
      household: {
        people: 2,
        reference: `${code} ${number}`,
        composition: { f_18_59: 1 },
        needs: [{ need: 'insulin', people: 1 }],
      },
    }))
    for (let round = 0; round < (code === 'AM-KT-0001' ? 3 : 1); round++) {
      const body = {
        items: items.map((item) => ({
          ...item,
          key: `${item.key}-${round}`,
          household: { ...item.household, reference: `${item.household.reference}-${round}` },
        })),
      }
      await service.call('POST', '/v1/arrivals/batch', { key: national, body })
    }
  }
})
afterAll(() => service.stop())

const get = (path: string, key: string) => service.call('GET', path, { key })
const recorded = async (type: string) => {
  const entries: { type: string }[] = []
  for (let after = 0; ; ) {
    const { body } = await get(`/v1/changes?after=${after}&limit=500`, auditor)
    if (body.items.length === 0) return entries.filter((entry) => entry.type === type)
    entries.push(...body.items)
    after = body.next
  }
}

test('stays come as CSV and as lines, all those inside the remit, and it is recorded', async () => {
  const kotayk = await service.issue('regional_coordinator', { regions: ['AM-KT'] })
  const rows: Record<string, string>[] = parse((await get('/v1/stays?format=csv', kotayk)).body, {
    columns: true,
  })
  expect(rows).toHaveLength(1_500)
  expect(new Set(rows.map((row) => row.id)).size).toBe(1_500)
  expect(rows[0]).toMatchObject({ region: 'AM-KT', people: '2', f_18_59: '1', needs: 'insulin:1' })
  const lines = (await get('/v1/stays?format=ndjson', national)).body.trim().split('\n')
  expect(lines).toHaveLength(2_000)
  expect(await recorded('stays_exported')).toHaveLength(2)
})

test('staff see their own stays page by page, and cannot take them out as a whole', async () => {
  const staff = await service.issue('shelter_staff', { regions: ['AM-SU'] })
  expect((await get('/v1/stays', staff)).body.items).toHaveLength(50)
  expect((await get('/v1/stays?format=csv', staff)).body).toMatchObject({
    code: 'forbidden_scope',
    required_scope: 'stays:export',
  })
})

test('a coordinator finds a reference anywhere, which is recorded, but not for whom; staff only their own', async () => {
  const syunik = await service.issue('regional_coordinator', { regions: ['AM-SU'] })
  const found = await get('/v1/stays?reference=amkt0001%207-1', syunik)
  expect(found.body.items).toMatchObject([{ region: 'AM-KT', reference: 'AM-KT-0001 7-1' }])
  const [entry] = await recorded('reference_searched')
  expect(JSON.stringify(entry)).not.toContain('0001 7')
  const staff = await service.issue('shelter_staff', { regions: ['AM-SU'] })
  expect((await get('/v1/stays?reference=amkt0001%207-1', staff)).body.items).toEqual([])
})
