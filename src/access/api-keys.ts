import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

/*
 * shc_<env>_<id>_<secret>_<checksum>. The prefix and the checksum let secret scanners recognise a key that was
 * published by mistake, and let us answer a typing error without asking the database. Letters and digits only, so
 * that a double click selects the whole. Of the secret only its SHA-256 is kept: at 190 random bits nobody finds it
 * by trying, so a slow hash would protect nothing and cost on every request.
 */

export const key_environments = ['dev', 'test', 'prod'] as const

export type KeyEnvironment = (typeof key_environments)[number]

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ID_LENGTH = 12
const SECRET_LENGTH = 32
/** 62^6 > 2^32 */
const CHECKSUM_LENGTH = 6

const FORM = /^(shc_(dev|test|prod)_([0-9A-Za-z]{12})_([0-9A-Za-z]{32}))_([0-9A-Za-z]{6})$/

/** A new key. `key` is shown once; `id` and `secret_hash` are kept. */
export function newKey(environment: KeyEnvironment): { id: string; key: string; secret_hash: Buffer } {
  const id = randomText(ID_LENGTH)
  const secret = randomText(SECRET_LENGTH)
  const body = `shc_${environment}_${id}_${secret}`
  return { id, key: `${body}_${checksumOf(body)}`, secret_hash: hashSecret(secret) }
}

/** The parts of a key, or null where the text is none: wrong form or wrong checksum. */
export function parseKey(text: string): { id: string; secret: string; env: KeyEnvironment } | null {
  const [, body, env, id, secret, checksum] = FORM.exec(text) ?? []
  if (body === undefined || id === undefined || secret === undefined) return null
  return checksumOf(body) === checksum ? { id, secret, env: env as KeyEnvironment } : null
}

/** SHA-256, 32 bytes. */
export const hashSecret = (secret: string): Buffer => hash('sha256', secret, 'buffer')

/** Takes the same time whatever the secret. */
export function matches(secret: string, secret_hash: Uint8Array): boolean {
  const given = hashSecret(secret)
  return given.length === secret_hash.length && timingSafeEqual(given, secret_hash)
}

/** Every character equally likely: bytes of 248 and more are thrown away, since 256 is no multiple of 62. */
function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62]
    }
  }
  return text
}

function checksumOf(body: string): string {
  let rest = crc32(body)
  let text = ''
  while (text.length < CHECKSUM_LENGTH) {
    text = `${ALPHABET[rest % 62]}${text}`
    rest = Math.floor(rest / 62)
  }
  return text
}
