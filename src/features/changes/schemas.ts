import { z } from 'zod'
import { anyUuid, instant, pageQuery, queryInteger, regionCode } from '../../http/wire.ts'
import { shown_balance } from '../../ledgers/places/wire.ts'

export const changes_query = z.strictObject({
  after: queryInteger(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'The last `seq` that the reader has; from the beginning, if left out' }),
  limit: pageQuery.shape.limit,
})

const hexadecimal = z.string().regex(/^[0-9a-f]{64}$/)

const effect = z
  .strictObject({
    shelter: anyUuid,
    region: regionCode,
    at: instant,
    places: z.int(),
    blocked: z.int(),
    occupied: z.int(),
    held: z.int(),
    emergency: z.int(),
  })
  .meta({ id: 'Effect', description: 'A balance moved, at a moment of its own' })

const entry = z
  .looseObject({
    seq: z.int(),
    type: z.string().meta({ description: 'Past tense; a reader skips what it does not know' }),
    occurred_at: instant.optional(),
    recorded_at: instant.optional(),
    shelter: anyUuid.optional(),
    region: regionCode.optional(),
    subject: z.looseObject({ type: z.string(), id: z.string() }).optional(),
    people: z.int().optional(),
    effects: z.array(effect).optional(),
    balance: shown_balance.optional(),
    data: z.looseObject({}).optional(),
    sealed: hexadecimal.optional(),
    prev_hash: hexadecimal,
    hash: hexadecimal,
  })
  .meta({
    id: 'JournalEntry',
    description:
      '`hash` is SHA-256 over the 32 bytes of `prev_hash` and the RFC 8785 form of the entry without `hash` and `prev_hash`. Entries that concern only auditors show partners `seq`, `type` and the two hashes.',
  })

export const changes_page = z
  .strictObject({
    items: z.array(entry),
    next: z.int().meta({ description: 'What to pass as `after` next time' }),
    head: z.int().meta({ description: 'The last `seq` there is' }),
  })
  .meta({ id: 'ChangesPage' })
