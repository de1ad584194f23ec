import createClient from 'openapi-fetch'
import type { paths } from './v1.d.ts'

/*
 * A partner’s program, written against the published document and nothing else: register, arrive, read, follow.
 * `v1.d.ts` is generated from openapi/v1.json (client.test.ts), so that this file type-checks or the document lies.
 */
export async function roundTrip(base: string, key: string) {
  const client = createClient<paths>({ baseUrl: base, headers: { authorization: `Bearer ${key}` } })
  const idempotent = (name: string) => ({ header: { 'idempotency-key': name } })

  const registered = await client.POST('/v1/shelters', {
    params: idempotent('client-register-1'),
    body: {
      code: 'AM-KT-0042',
      name: 'School 42',
      kind: 'school',
      region: 'AM-KT',
      latitude: 40.3,
      longitude: 44.6,
      status: 'open',
      places: 50,
    },
  })
  if (registered.data === undefined) throw new Error(registered.error.code)

  const arrived = await client.POST('/v1/arrivals', {
    params: idempotent('client-arrive-1'),
    body: { shelter: registered.data.shelter.code, household: { people: 4, composition: { f_0_4: 1 } } },
  })
  if (arrived.data === undefined) throw new Error(arrived.error.code)

  const full = await client.POST('/v1/arrivals', {
    params: idempotent('client-arrive-2'),
    body: { shelter: 'AM-KT-0042', household: { people: 47 } },
  })

  const capacity = await client.GET('/v1/capacity', { params: { query: { region: 'AM-KT' } } })
  // Without `format` the answer is JSON; the document knows that it could be a table.
  if (typeof capacity.data !== 'object') throw new Error('no capacity')

  const followed: string[] = []
  for (let after = 0; ; ) {
    const page = await client.GET('/v1/changes', { params: { query: { after, limit: 2 } } })
    if (page.data === undefined) throw new Error(page.error.code)
    followed.push(...page.data.items.map((entry) => entry.type))
    if (page.data.next === after) break
    after = page.data.next
  }

  return {
    free: arrived.data.balance.free,
    refused: full.error?.code,
    occupied: capacity.data.regions[0]?.occupied,
    followed,
  }
}
