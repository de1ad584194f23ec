import { expect, test } from 'vitest'
import { hashSecret, matches, newKey, parseKey } from '../../src/access/api-keys.ts'

/* Promise: a key is recognised for what it is, a typing error is seen without the database, a secret is never kept. */

test('a new key reads back as what was made', () => {
  const { id, key, secret_hash } = newKey('dev')
  const parsed = parseKey(key)
  expect(key).toMatch(/^shc_dev_[0-9A-Za-z]{12}_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}$/)
  expect(parsed).toMatchObject({ id, env: 'dev' })
  expect(matches(parsed?.secret ?? '', secret_hash)).toBe(true)
})

test('the checksum is the one written down here, so that scanners can rely on it', () => {
  // CRC32 (zlib's) of everything before the last underscore, in base 62 (0-9A-Za-z), six digits.
  const body = `shc_prod_${'A'.repeat(12)}_${'b'.repeat(32)}`
  expect(parseKey(`${body}_0lcpw1`)).toEqual({ id: 'A'.repeat(12), secret: 'b'.repeat(32), env: 'prod' })
})

test('one character changed anywhere is no key', () => {
  const { key } = newKey('test')
  for (let at = 0; at < key.length; at++) {
    const other = key[at] === 'x' ? 'y' : 'x'
    expect(parseKey(key.slice(0, at) + other + key.slice(at + 1)), `position ${at}`).toBeNull()
  }
})

test.each(['', 'shc_dev_', 'shc_live_a_b_c', 'x'.repeat(100_000)])('%.20s is no key', (text) => {
  expect(parseKey(text)).toBeNull()
})

test('another secret does not match, nor does a hash of another length', () => {
  expect(matches('a', hashSecret('b'))).toBe(false)
  expect(matches('a', hashSecret('a').subarray(1))).toBe(false)
  expect(hashSecret('abc').toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

test('every character of a secret is equally likely', () => {
  const counts = new Map<string, number>()
  for (let keys = 0; keys < 2_000; keys++) {
    for (const character of parseKey(newKey('dev').key)?.secret ?? '') {
      counts.set(character, (counts.get(character) ?? 0) + 1)
    }
  }
  // 64,000 characters over 62: 1,032 each, standard deviation 32. The bias of a plain remainder would be 25 %.
  expect(counts.size).toBe(62)
  for (const [character, count] of counts)
    expect([character, Math.abs(count - 1_032) < 200]).toEqual([character, true])
})
