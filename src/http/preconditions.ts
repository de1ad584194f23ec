import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/* ETags say which version of a thing was seen; preconditions let nobody overwrite what he has not seen. */

/** A strong ETag of what is shown: 96 bits of SHA-256 over its JSON (or over the text itself). */
export function etagOf(shown: unknown): string {
  const text = typeof shown === 'string' ? shown : JSON.stringify(shown)
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"`
}

const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g
const ENTITY_TAGS =
  /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*\s*$/

const opaque = (etag: string): string => (etag.startsWith('W/') ? etag.slice(2) : etag)

type Asking = Pick<FastifyRequest, 'headers'>
/** What of a reply is needed; the typed replies of the routes differ in the rest. */
type Answering = { raw: FastifyReply['raw']; hijack: unknown }

/**
 * Sets the ETag and, if the caller has this version already, answers 304 and returns true; the handler then returns
 * its reply. Compared weakly, as RFC 9110 says for If-None-Match, because nothing is overwritten by reading.
 */
export function notModified(request: Asking, answering: Answering, etag: string): boolean {
  // A boundary: the typed replies of the routes are one and the same object to Fastify.
  const reply = answering as unknown as FastifyReply
  reply.header('etag', etag)
  const seen = request.headers['if-none-match']
  if (typeof seen !== 'string') return false
  const same =
    seen.trim() === '*' ||
    (seen.match(ENTITY_TAG) ?? []).some((candidate) => opaque(candidate) === opaque(etag))
  if (!same) return false
  reply.code(304).send()
  return true
}

/**
 * The versions that a change may start from: strong ETags, or `*` for any. 428 without If-Match, 400 if it is no
 * list of ETags. A weak one matches nothing (RFC 9110, 13.1.1), so the list may be empty: then it is 412.
 */
export function requireIfMatch(request: Asking): string[] | '*' {
  const given = request.headers['if-match']
  if (typeof given !== 'string') {
    throw new Problem({
      code: 'precondition_required',
      detail: 'Send the ETag that you read in If-Match.',
      errors: [{ header: 'If-Match', code: 'missing', detail: 'Is required.' }],
    })
  }
  if (given.trim() === '*') return '*'
  if (!ENTITY_TAGS.test(given)) {
    throw new Problem({
      code: 'invalid_parameters',
      detail: 'If-Match is no list of ETags.',
      errors: [{ header: 'If-Match', code: 'wrong_format', detail: 'Must be * or ETags in double quotes.' }],
    })
  }
  return (given.match(ENTITY_TAG) ?? []).filter((etag) => !etag.startsWith('W/'))
}

/** The same for a thing that has a version: the first part of each tag, up to the dot. */
export function requireVersion(request: Asking): string[] | '*' {
  const tags = requireIfMatch(request)
  return tags === '*' ? tags : tags.map((tag) => tag.replaceAll('"', '').split('.')[0] ?? '')
}

/** Strong, made from what is shown; its first part is the version, which is what a PATCH must know. */
export const versionedEtag = (version: number, body: unknown): string =>
  `"v${version}.${etagOf(body).replaceAll('"', '')}"`
