import type { Role } from '../../access/scopes.ts'
import { refuse } from '../../http/problem.ts'
import type { Command, Decision, Moment } from '../../journal/ledger.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import type { RecordsFacts } from '../../ledgers/records.ts'

export type KeyIssue = {
  name: string
  role: Role
  kind: 'person' | 'device' | 'partner_system'
  regions: string[]
  /** ids */
  shelters: string[]
  overflow: boolean
  /** UTC, or never */
  expires_at: string | null
}

export type KeyFresh = { principal: string; key_id: string; secret_hash: Buffer }
export type KeyIssued = { client: string; key_id: string }

/** A principal is registered and gets its first key, in one commit: two entries, neither of which bears the secret. */
export function decideKeyIssue(
  _facts: unknown,
  { content, fresh }: Command<KeyIssue, KeyFresh>,
  now: Moment,
): Decision<KeyIssued, ServiceLedgers> {
  const { name, role, kind, regions, shelters, overflow, expires_at } = content
  return {
    status: 201,
    answer: { client: fresh.principal, key_id: fresh.key_id },
    entries: [
      {
        type: 'client_registered',
        occurred_at: now.at,
        subject: { type: 'client', id: fresh.principal },
        effects: [],
        data: { role, kind, regions, shelters, overflow },
      },
      {
        type: 'key_issued',
        occurred_at: now.at,
        subject: { type: 'key', id: fresh.key_id },
        effects: [],
        data: { client: fresh.principal, expires_at },
      },
    ],
    changes: {
      records: {
        principals: [
          {
            id: fresh.principal,
            name,
            kind,
            role,
            regions,
            shelters,
            overflow,
            created_at: now.at,
            disabled_at: null,
          },
        ],
        api_keys: [
          {
            id: fresh.key_id,
            principal: fresh.principal,
            secret_hash: fresh.secret_hash,
            label: null,
            created_at: now.at,
            expires_at,
            revoked_at: null,
          },
        ],
      },
    },
  }
}

/** A key dies. Revoking it twice changes nothing the second time. Refused: `key_not_found`. */
export function decideKeyRevocation(
  { records }: { records: RecordsFacts },
  { content }: Command<{ key_id: string }, unknown>,
  now: Moment,
): Decision<{ key_id: string; revoked_at: string }, ServiceLedgers> {
  const { key_id } = content
  const key = records.row('api_keys', key_id)
  if (key === undefined) return { refused: refuse('key_not_found', `No key has the id ${key_id}.`) }
  if (key.revoked_at !== null) {
    return { status: 200, answer: { key_id, revoked_at: key.revoked_at }, entries: [], changes: {} }
  }
  return {
    status: 200,
    answer: { key_id, revoked_at: now.at },
    entries: [
      {
        type: 'key_revoked',
        occurred_at: now.at,
        subject: { type: 'key', id: key_id },
        effects: [],
        data: { client: key.principal },
      },
    ],
    changes: { records: { api_keys: [{ ...key, revoked_at: now.at }] } },
  }
}
