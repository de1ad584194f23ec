import { describe, expect, test } from 'vitest'
import { canonicalText, type Entry, hashOf, NO_HASH, sealOf } from '../../src/journal/entry.ts'

/*
 * Promise: anybody can recompute the chain, today and in ten years. These vectors were computed once with another
 * program (Python’s hashlib) and never change.
 */

const entry: Entry = {
  seq: 1,
  type: 'household_arrived',
  occurred_at: '2023-09-29T16:00:00.000Z',
  recorded_at: '2023-09-29T16:00:07.125Z',
  shelter: '018ae0d2-0000-7000-8000-000000000001',
  region: 'AM-KT',
  subject: { type: 'stay', id: '018ae0d2-0000-7000-8000-000000000002' },
  people: 5,
  effects: [
    {
      shelter: '018ae0d2-0000-7000-8000-000000000001',
      region: 'AM-KT',
      at: '2023-09-29T16:00:00.000Z',
      places: 2,
      blocked: 0,
      occupied: 5,
      held: 0,
      emergency: 2,
      flow: 'arrived',
    },
  ],
  balance: { places: 122, blocked: 0, occupied: 122, held: 0, emergency: 2, free: 0 },
  data: { emergency: 2 },
  sealed: 'ab'.repeat(32),
}

const canonical =
  '{"balance":{"blocked":0,"emergency":2,"free":0,"held":0,"occupied":122,"places":122},"data":{"emergency":2},"effects":[{"at":"2023-09-29T16:00:00.000Z","blocked":0,"emergency":2,"held":0,"occupied":5,"places":2,"region":"AM-KT","shelter":"018ae0d2-0000-7000-8000-000000000001"}],"occurred_at":"2023-09-29T16:00:00.000Z","people":5,"recorded_at":"2023-09-29T16:00:07.125Z","region":"AM-KT","sealed":"abababababababababababababababababababababababababababababababab","seq":1,"shelter":"018ae0d2-0000-7000-8000-000000000001","subject":{"id":"018ae0d2-0000-7000-8000-000000000002","type":"stay"},"type":"household_arrived"}'

describe('a journal entry', () => {
  test('has the RFC 8785 form that partners recompute, without what is kept for ourselves', () => {
    expect(canonicalText(entry)).toBe(canonical)
  })

  test('is chained by SHA-256 over the hash before it and its own form', () => {
    const first = hashOf(NO_HASH, canonical)
    expect(first.toString('hex')).toBe('c785c3d1fa08a59f4d8855373b01dc51da6c3c3b9ac01947c0ba185a125ee087')
    expect(hashOf(first, canonical).toString('hex')).toBe(
      'b302a668a08ac13e170f9b759958c3de688574b321376aa0be3cd03a642fc79b',
    )
  })

  test('is sealed by SHA-256 over the salt and who made it', () => {
    const salt = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
    const seal = { salt, actor: 'actor-1', client: 'key-1', request_id: 'request-1' }
    expect(sealOf(seal)).toBe('5b57f8793d75b1a4d44a2e6965fc1010b766120680d0fb6e8b2d254446144fa3')
  })
})
