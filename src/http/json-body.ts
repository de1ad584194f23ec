import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/*
 * JSON as I-JSON (RFC 7493) wants it: UTF-8, no key twice, no half characters. JSON.parse alone would take the last
 * of two keys, replace broken bytes and build objects of any depth; each of these changes what the caller meant.
 */

/** Levels of objects and arrays; no operation needs more than 6. Keeps every recursive reader below safe. */
export const DEPTH_MAX = 32

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const malformed = (detail: string, pointer = '') =>
  new Problem({
    code: 'malformed_json',
    detail,
    errors: [{ pointer, code: 'malformed', detail }],
  })

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** One step of an RFC 6901 pointer. */
export const pointerStep = (key: string | number): string =>
  `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`

/** Colons outside of strings, which are as many as there are keys; refuses what is nested too deeply on the way. */
function countKeys(text: string): number {
  let colons = 0
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at++
        while (at < text.length && text.charCodeAt(at) !== QUOTE)
          at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
        break
      case 0x3a: // :
        colons++
        break
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > DEPTH_MAX) throw malformed(`The body is nested more than ${DEPTH_MAX} levels deep.`)
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth--
        break
    }
  }
  return colons
}

type Seen = { keys: number; unknown: string | undefined; unusable: string | undefined }

/**
 * Walks a parsed value, whose depth is known to be small. A key named like a part of JavaScript's own objects is
 * noted, because a schema might overlook it; so are strings that PostgreSQL or UTF-8 cannot hold.
 */
function look(value: unknown, pointer: string, seen: Seen, strings: boolean): void {
  if (typeof value === 'string') {
    if (strings && (value.includes('\0') || !value.isWellFormed())) seen.unusable ??= pointer
  } else if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++)
      look(value[index], `${pointer}/${index}`, seen, strings)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      seen.keys++
      const at = pointer + pointerStep(key)
      if (key === '__proto__' || key === 'constructor' || key === 'prototype') seen.unknown ??= at
      if (strings && (key.includes('\0') || !key.isWellFormed())) seen.unusable ??= pointer
      look(member, at, seen, strings)
    }
  }
}

/** Counts keys only; most bodies need no more, and it costs a third of a look. */
function keysIn(value: unknown): number {
  let keys = 0
  if (Array.isArray(value)) {
    for (const member of value) if (typeof member === 'object') keys += keysIn(member)
  } else if (typeof value === 'object' && value !== null) {
    for (const key in value) {
      keys++
      const member: unknown = (value as Record<string, unknown>)[key]
      if (typeof member === 'object') keys += keysIn(member)
    }
  }
  return keys
}

/** Where the first key stands that its object has already; only asked once the counts differ. */
function duplicateIn(text: string): string | undefined {
  type Level = { pointer: string; keys: Set<string> | undefined; step: string | number }
  const levels: Level[] = []
  let expecting_key = false
  for (let at = 0; at < text.length; at++) {
    const level = levels.at(-1)
    const here = level === undefined ? '' : level.pointer + pointerStep(level.step)
    switch (text[at]) {
      case '{':
        levels.push({ pointer: here, keys: new Set(), step: '' })
        expecting_key = true
        break
      case '[':
        levels.push({ pointer: here, keys: undefined, step: 0 })
        expecting_key = false
        break
      case '}':
      case ']':
        levels.pop()
        expecting_key = false
        break
      case ',':
        if (level === undefined) break
        expecting_key = level.keys !== undefined
        if (typeof level.step === 'number') level.step++
        break
      case '"': {
        const start = at++
        while (at < text.length && text.charCodeAt(at) !== QUOTE)
          at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
        if (!expecting_key || level?.keys === undefined) break
        const key = String(JSON.parse(text.slice(start, at + 1)))
        if (level.keys.has(key)) return level.pointer + pointerStep(key)
        level.keys.add(key)
        level.step = key
        expecting_key = false
        break
      }
    }
  }
  return undefined
}

/**
 * The value of a JSON text, or a Problem: 400 `malformed_json` for what is no JSON or has a key twice, 422
 * `invalid_body` for what cannot be kept (NUL and lone surrogates in strings, names of JavaScript's own objects).
 * Streams of JSON lines go through it line by line.
 */
export function parseJson(text: string): unknown {
  const keys = countKeys(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's message quotes the body, which may hold personal data.
    throw malformed('The body is no JSON.')
  }
  const escapes = text.includes('\\u')
  const suspicious =
    escapes || text.includes('__proto__') || text.includes('constructor') || text.includes('prototype')
  const seen: Seen = { keys: 0, unknown: undefined, unusable: undefined }
  if (suspicious) look(value, '', seen, escapes)
  if (keys !== (suspicious ? seen.keys : keysIn(value))) {
    throw malformed('A key stands twice in one object.', duplicateIn(text))
  }
  if (seen.unusable !== undefined || seen.unknown !== undefined) {
    throw new Problem({
      code: 'invalid_body',
      detail: 'The body is not what this operation takes.',
      errors: [
        ...(seen.unknown === undefined
          ? []
          : [
              {
                pointer: seen.unknown,
                code: 'unknown_field',
                detail: 'This operation does not know this field.',
              },
            ]),
        ...(seen.unusable === undefined
          ? []
          : [
              {
                pointer: seen.unusable,
                code: 'wrong_format',
                detail: 'Text must be whole Unicode characters, without NUL.',
              },
            ]),
      ],
    })
  }
  return value
}

/** The text of a body, or a Problem if it is not UTF-8. A byte order mark is left to JSON.parse, which refuses it. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw malformed('The body is not valid UTF-8.')
  }
}

const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i

/** Refuses a body that says of itself that it is in another encoding. */
function requireUtf8(content_type: string | undefined): void {
  const charset = content_type === undefined ? undefined : CHARSET.exec(content_type)?.[1]
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8' && charset.toLowerCase() !== 'utf8') {
    throw new Problem({
      code: 'unsupported_media_type',
      detail: 'JSON is read in UTF-8 only.',
      errors: [{ header: 'Content-Type', code: 'wrong_charset', detail: 'Must be utf-8, or left out.' }],
    })
  }
}

const MERGE_PATCH = /^application\/merge-patch\+json/i

/**
 * Reads application/json and, in a PATCH, application/merge-patch+json; every other type is a 415. Routes that take streams add
 * their own parser in a scope of their own.
 */
export function installJsonBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'buffer' },
    (request: FastifyRequest, bytes: Buffer, done: (error: Error | null, body?: unknown) => void) => {
      try {
        const content_type = request.headers['content-type']
        requireUtf8(content_type)
        if (request.method !== 'PATCH' && MERGE_PATCH.test(content_type ?? '')) {
          // As Fastify says it of every other type, so that errors.ts answers both alike.
          return done(Object.assign(new Error('no patch here'), { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }))
        }
        if (bytes.length === 0) {
          // Clients that always name a content type also do so on a DELETE, where nothing is expected.
          if (request.routeOptions.schema?.body === undefined) return done(null, undefined)
          throw malformed('The body is empty; an action without content takes {}.')
        }
        done(null, parseJson(decodeUtf8(bytes)))
      } catch (error) {
        done(error instanceof Error ? error : malformed('The body is no JSON.'))
      }
    },
  )
}
