import { asc, eq } from 'drizzle-orm'
import { type KeyEnvironment, newKey } from '../../access/api-keys.ts'
import type { Database } from '../../database/client.ts'
import { api_keys, principals } from '../../database/tables/access.ts'
import { newId } from '../../http/ids.ts'
import type { Caller, Outcome } from '../../journal/ledger.ts'
import type { Writer } from '../../journal/writer.ts'
import type { ServiceLedgers } from '../../ledgers/index.ts'
import { decideKeyIssue, decideKeyRevocation, type KeyIssue } from './rules.ts'

/**
 * Who may call. A principal is a person, a device or a partner system; its keys change, it stays. The secret of a
 * key is shown once and kept nowhere: the database has its SHA-256.
 *
 * Invariant: whatever gives or takes a right is an entry of the journal.
 */
export function clients({
  writer,
  key_environment,
}: {
  writer: Writer<ServiceLedgers>
  key_environment: KeyEnvironment
}) {
  const issue = writer.command({
    operation: 'issueKey',
    fresh: () => ({ principal: newId(), key_id: '', secret_hash: Buffer.alloc(0) }),
    needs: () => ({}),
    decide: decideKeyIssue,
  })
  const revoke = writer.command({
    operation: 'revokeKey',
    fresh: () => undefined,
    needs: ({ content }: { content: { key_id: string } }) => ({ records: { api_keys: [content.key_id] } }),
    decide: decideKeyRevocation,
  })

  return {
    /** Registers a principal and gives it its first key; the key is in this answer and nowhere else. */
    async issueKey(
      caller: Caller,
      content: KeyIssue,
    ): Promise<Outcome<{ client: string; key_id: string }> & { key: string }> {
      const made = newKey(key_environment)
      const fresh = { principal: newId(), key_id: made.id, secret_hash: made.secret_hash }
      return { ...(await issue(caller, newId(), content, { fresh })), key: made.key }
    },
    revokeKey: (caller: Caller, key_id: string) => revoke(caller, newId(), { key_id }),
  }
}

/** All keys, oldest first, with whom they belong to; never a secret. */
export const listKeys = (database: Database) =>
  database
    .select({
      key_id: api_keys.id,
      client: principals.id,
      name: principals.name,
      role: principals.role,
      regions: principals.regions,
      shelters: principals.shelters,
      overflow: principals.overflow,
      created_at: api_keys.created_at,
      expires_at: api_keys.expires_at,
      revoked_at: api_keys.revoked_at,
    })
    .from(api_keys)
    .innerJoin(principals, eq(principals.id, api_keys.principal))
    .orderBy(asc(api_keys.created_at))
