import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { verifyDatabase } from '../../src/commands/verify.ts'
import { database as openDatabase, openPool } from '../../src/database/client.ts'
import type { Caller } from './caller.ts'

/*
 * The journal as a reader outside sees it, who trusts nothing but what he recomputes.
 */

export type JournalEntry = {
  seq: number
  type: string
  shelter?: string
  subject?: { type: string; id: string }
  people?: number
  balance?: { places: number; occupied: number; free: number }
  prev_hash: string
  hash: string
}

/** All entries, page by page, as an auditor gets them. */
export async function readJournal(caller: Caller, auditor: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = []
  for (let after = 0; ; ) {
    const reply = await caller.ask('GET', `/v1/changes?after=${after}&limit=500`, { key: auditor })
    if (reply.status !== 200) throw new Error(`/v1/changes answered ${reply.status}: ${reply.text}`)
    const page = JSON.parse(reply.text) as { items: JournalEntry[]; next: number }
    if (page.items.length === 0) return entries
    entries.push(...page.items)
    after = page.next
  }
}

/** What is wrong with numbers and chain, in sentences. */
export function journalFaults(entries: readonly JournalEntry[]): string[] {
  const faults: string[] = []
  let before = '0'.repeat(64)
  entries.forEach(({ hash, prev_hash, ...entry }, index) => {
    if (entry.seq !== index + 1) faults.push(`entry ${index + 1} has the number ${entry.seq}`)
    if (prev_hash !== before) faults.push(`entry ${entry.seq} does not follow the one before it`)
    const computed = createHash('sha256')
      .update(Buffer.from(prev_hash, 'hex'))
      .update(canonicalize(entry) ?? '')
      .digest('hex')
    if (computed !== hash) faults.push(`entry ${entry.seq} has another hash than its content`)
    before = hash
  })
  return faults
}

/** What `npm run verify` finds on a database, beside the processes that serve it. */
export async function verifyFaults(url: string): Promise<string[]> {
  const pool = openPool({ url, max: 2, application_name: 'test verify', statement_timeout_ms: 60_000 })
  try {
    return await verifyDatabase(openDatabase(pool))
  } finally {
    await pool.end()
  }
}
