import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Balance, Delta } from '../domain/balance.ts'
import type { Instant } from '../domain/instant.ts'

/** What an entry can be about. New types may be added; none is ever renamed. */
export type EntryType =
  | 'shelter_registered'
  | 'shelter_changed'
  | 'places_changed'
  | 'places_blocked'
  | 'block_lifted'
  | 'headcount_taken'
  | 'headcount_settled'
  | 'household_arrived'
  | 'household_grew'
  | 'household_departed'
  | 'household_transferred_out'
  | 'household_transferred_in'
  | 'stay_corrected'
  | 'stay_cancelled'
  | 'hold_placed'
  | 'hold_used'
  | 'hold_released'
  | 'hold_expired'
  | 'stock_received'
  | 'stock_issued'
  | 'stock_moved'
  | 'stock_adjusted'
  | 'stock_disposed'
  | 'stock_quarantined'
  | 'stock_released'
  | 'stock_reversed'
  | 'item_added'
  | 'item_changed'
  | 'need_set'
  | 'store_opened'
  | 'standard_set'
  | 'meal_service_started'
  | 'meal_service_ended'
  | 'health_service_started'
  | 'health_service_ended'
  | 'consignment_announced'
  | 'consignment_dispatched'
  | 'consignment_at_checkpoint'
  | 'consignment_received'
  | 'consignment_cancelled'
  | 'stays_exported'
  | 'reference_searched'
  | 'client_registered'
  | 'key_issued'
  | 'key_revoked'

/** Types that concern only auditors: others see that something is there, and its place in the chain. */
export const auditor_types: ReadonlySet<string> = new Set<EntryType>([
  'stays_exported',
  'reference_searched',
  'client_registered',
  'key_issued',
  'key_revoked',
])

/** Into which stream of people an effect's `occupied` counts. Not part of the entry: its type says so already. */
export type Flow = 'arrived' | 'departed' | 'transferred_in' | 'transferred_out'

/** A balance moved at a moment of its own. */
export type Effect = Delta & {
  shelter: string
  region: string
  at: Instant
  flow?: Flow
  /** the stay or the hold that it came from, for ourselves: entries name them in `subject` and `data` */
  stay?: string
  hold?: string
  /** +1 where a shelter counts from here on, -1 where it is closed */
  shelters?: number
}

export type ShownBalance = Balance & { free: number }

export type SubjectType =
  | 'shelter'
  | 'stay'
  | 'hold'
  | 'block'
  | 'headcount'
  | 'item'
  | 'need'
  | 'store'
  | 'movement'
  | 'standard'
  | 'meal_service'
  | 'health_service'
  | 'consignment'
  | 'client'
  | 'key'

/** What `decide` hands over. Counts, codes and ids only: no personal data, no free text. */
export type NewEntry = {
  type: EntryType
  occurred_at: Instant
  shelter?: string
  region?: string
  subject: { type: SubjectType; id: string }
  people?: number
  effects: Effect[]
  balance?: ShownBalance
  data: Record<string, Json>
}

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/** With its place and its time. */
export type NumberedEntry = NewEntry & { seq: number; recorded_at: Instant }

/** Whole, as it is hashed. */
export type Entry = NumberedEntry & { sealed: string }

/** Who made an entry. Kept beside the journal, in a row that can be erased. */
export type Seal = { salt: Buffer; actor: string; client: string; request_id: string }

/** `sealed`: the lower-case hexadecimal SHA-256 of the salt's bytes and the RFC 8785 form of who, with which key, in which request. */
export const sealOf = ({ salt, actor, client, request_id }: Seal): string =>
  // The keys stand in the order of RFC 8785 already, so plain JSON is the canonical form.
  hash('sha256', Buffer.concat([salt, Buffer.from(JSON.stringify({ actor, client, request_id }))]))

/** 32 zero bytes stand before the first entry. */
export const NO_HASH = Buffer.alloc(32)

/** SHA-256 over the previous entry's hash (32 bytes) and the entry's canonical text (UTF-8). */
export const hashOf = (prev_hash: Buffer, canonical: string): Buffer =>
  hash('sha256', Buffer.concat([prev_hash, Buffer.from(canonical)]), 'buffer')

/** The entry as it is hashed and served: RFC 8785, without `hash` and `prev_hash`. */
export function canonicalText(entry: Entry): string {
  const { effects, ...rest } = entry
  const text = canonicalize({
    ...rest,
    effects: effects.map(({ shelter, region, at, places, blocked, occupied, held, emergency }) => ({
      shelter,
      region,
      at,
      places,
      blocked,
      occupied,
      held,
      emergency,
    })),
  })
  if (text === undefined) throw new Error('an entry has no canonical form')
  return text
}
